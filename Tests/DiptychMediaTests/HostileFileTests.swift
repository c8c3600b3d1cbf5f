import DiptychMedia
import Foundation
import Testing

@Suite(.serialized)
struct HostileFileTests {
    private static let names = Array(Set(ExpectedImage.all.map(\.name))).sorted()

    /// Cuts, overwrites, inserts, removes and repeats bytes, and writes extreme numbers, mostly near the header.
    private static func mutated(_ file: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
        var bytes = file
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            guard bytes.count > 8 else { return bytes }
            let reach = Bool.random(using: &random) ? min(bytes.count, 120) : bytes.count
            let at = Int.random(in: 0..<reach, using: &random)
            switch Int.random(in: 0..<7, using: &random) {
            case 0: bytes.removeLast(Int.random(in: 1..<bytes.count, using: &random))
            case 1: bytes[at] = UInt8.random(in: 0...255, using: &random)
            case 2: bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 3: bytes.insert(contentsOf: random.bytes(Int.random(in: 1...9, using: &random)), at: at)
            case 4: bytes.removeSubrange(at..<min(at + Int.random(in: 1...9, using: &random), bytes.count))
            case 5:
                let extremes: [UInt8] = [0, 0x7F, 0x80, 0xFF]
                let extreme = extremes[Int.random(in: 0..<4, using: &random)]
                for offset in at..<min(at + 4, bytes.count) { bytes[offset] = extreme }
            default: bytes.insert(contentsOf: bytes[at..<min(at + 64, bytes.count)], at: at)
            }
        }
        return bytes
    }

    @Test(arguments: ImageOptions.Decode.allCases)
    func mutatedFilesGiveAnImageOrAnError(decode: ImageOptions.Decode) throws {
        var random = SeededGenerator(state: 2024)
        // The smallest size, so that fast decoding takes every fraction.
        let preprocessing = try Preprocessing(size: 2)
        var options = ImageOptions()
        options.decode = decode
        options = preprocessing.readingOptions(options)
        options.maximumPixels = 1 << 22
        var images = 0, errors = 0
        let before = residentBytes()
        // Other formats are read in the same way by both.
        for name in Self.names where decode == .exact || name.hasSuffix(".jpg") {
            let file = try Fixture.bytes("Pictures/\(name)")
            for _ in 0..<(decode == .exact ? 200 : 600) {
                let bytes = Self.mutated(file, &random)
                do throws(ImageError) {
                    let image = try Image.decode(bytes, label: name, options: options)
                    images += 1
                    #expect(image.bytes.count == image.width * image.height * 3)
                    let full = image.fullSize
                    #expect(full.width * full.height <= options.maximumPixels)
                    // Long and thin ones are refused; nothing else may happen.
                    _ = try? preprocessing.pixels(of: image)
                } catch {
                    errors += 1
                    #expect(error.source == name && !error.reason.isEmpty && !error.description.contains("\n"))
                }
            }
        }
        #expect(images > 500 && errors > 2000, "\(images) images, \(errors) errors")
        let growth = residentBytes() - before
        #expect(growth < 300 << 20, "memory grew by \(growth >> 20) MB")
    }

    @Test(arguments: names.filter { !["animated.gif", "pages.tif"].contains($0) })  // their first image may be whole
    func everyCutIsAnError(name: String) throws {
        let file = try Fixture.bytes("Pictures/\(name)")
        // The last bytes may be padding or an end mark that no decoder needs.
        for share in [0.02, 0.1, 0.3, 0.6, 0.8] {
            let cut = Array(file.prefix(Int(Double(file.count) * share)))
            let error = #expect(throws: ImageError.self, "cut to \(share)") {
                try Image.decode(cut, label: "cut.bin")
            }
            #expect(error?.source == "cut.bin")
        }
    }

    @Test func refusesTooManyPixelsByTheHeader() throws {
        var options = ImageOptions()
        options.maximumPixels = 37 * 29 - 1
        for name in Self.names where !["one-pixel.jpg", "top-down.bmp", "bgrx.bmp"].contains(name) {
            let expected = try #require(ExpectedImage.all.first { $0.name == name })
            guard expected.width * expected.height > options.maximumPixels else { continue }
            let error = try #require(throws: ImageError.self) {
                try Image.decode(file: expected.path, options: options)
            }
            #expect(error.kind == .tooLarge, "\(error)")
        }
    }

    /// Headers of billions of pixels with nothing behind them, at the default limits.
    @Test func bombsAreNotAllocated() throws {
        let before = residentBytes()
        var png = try Fixture.bytes("Pictures/rgb.png")
        png.replaceSubrange(16..<24, with: [0, 1, 0x86, 0xA0, 0, 1, 0x86, 0xA0])
        let header = Array(png[12..<29])
        withUnsafeBytes(of: checksum(header).bigEndian) { png.replaceSubrange(29..<33, with: $0) }
        var gif = try Fixture.bytes("Pictures/palette.gif")
        gif.replaceSubrange(6..<10, with: [0xFF, 0xFF, 0xFF, 0xFF])
        var bmp = try Fixture.bytes("Pictures/rgb.bmp")
        bmp.replaceSubrange(18..<26, with: [0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 0x7F])
        var webp = try Fixture.bytes("Pictures/animated.webp")
        webp.replaceSubrange(24..<30, with: [0xFF, 0x3F, 0, 0xFF, 0x3F, 0])
        for bytes in [png, gif, bmp, webp] {
            let error = try #require(throws: ImageError.self) { try Image.decode(bytes) }
            #expect(error.kind == .tooLarge, "\(error)")
        }
        #expect(residentBytes() - before < 50 << 20)
    }

    @Test func otherFormatsNeverReachADecoder() throws {
        let svg = "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>"
        for text in [
            svg, "<?xml version='1.0'?>\(svg)", "%PDF-1.4\n", "P8 1 1 255 abc", "push graphic-context",
            "\u{0}\u{0}\u{2}",
        ] {
            let error = try #require(throws: ImageError.self) { try Image.decode(Array(text.utf8)) }
            #expect(error.kind == .notAnImage)
        }
    }

    @Test func manyThreadsDecodeAtOnce() async throws {
        let expected = ExpectedImage.all.filter { $0.tolerance == 0 && !$0.onWhite }
        var options = ImageOptions()
        options.alpha = .dropped
        let chosen = options
        let broken = Array(try Fixture.bytes("Pictures/420.jpg").prefix(500))
        let before = residentBytes()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for round in 0..<8 {
                group.addTask {
                    for item in expected {
                        let image = try Image.decode(file: item.path, options: chosen)
                        let isEqual = image.bytes == item.bytes
                        #expect(isEqual, "\(item.name), round \(round)")
                        let error = #expect(throws: ImageError.self) { try Image.decode(broken, label: item.name) }
                        #expect(error?.source == item.name && error?.kind == .damaged)
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(residentBytes() - before < 100 << 20)
    }
}

/// Memory in use by this process, from the kernel; 0 where it does not tell.
func residentBytes() -> Int {
    let pages = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ")
    return (pages?.dropFirst().first.flatMap { Int($0) } ?? 0) * 4096
}
