import DiptychMedia
import Foundation
import Testing

struct ImageWritingTests {
    @Test func pngKeepsEveryByte() throws {
        let directory = try TemporaryDirectory()
        let image = try Image.noise(seed: 5, width: 33, height: 21)
        let path = directory.path + "/a.png"
        try image.writePNG(to: path)
        #expect(try Image.decode(file: path) == image)
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["a.png"])
    }

    @Test func jpegFollowsItsQuality() throws {
        let image = try Image.decode(file: "\(Fixture.directory)/Pictures/444.jpg")
        let fine = try image.jpeg(quality: 95), coarse = try image.jpeg(quality: 20)
        #expect(fine.count > coarse.count)
        let decoded = try Image.decode(fine)
        #expect(decoded.width == image.width && decoded.height == image.height)
        let error = zip(decoded.bytes, image.bytes).reduce(0) { $0 + abs(Int($1.0) - Int($1.1)) }
        #expect(Double(error) / Double(image.bytes.count) < 6)
    }

    @Test func saysWhyAFileCannotBeWritten() throws {
        let directory = try TemporaryDirectory()
        let image = try Image.noise(seed: 5, width: 3, height: 2)
        let missing = try #require(throws: ImageError.self) { try image.writePNG(to: directory.path + "/no/a.png") }
        #expect(missing.kind == .notFound)
        #expect(throws: ImageError.self) { try image.writeJPEG(to: directory.path) }
        #expect(throws: ImageError.self) { try image.writeJPEG(to: "") }
        let tooWide = try Image(width: 70_000, height: 1, bytes: [UInt8](repeating: 0, count: 210_000))
        let error = try #require(throws: ImageError.self) { try tooWide.jpeg() }
        #expect(error.kind == .unsupported, "\(error)")
    }

    @Test func drawsOnWhite() throws {
        let image = try SVGImage.render(
            svg: """
                <svg xmlns="http://www.w3.org/2000/svg" width="8" height="6">
                <rect x="2" y="2" width="4" height="3" fill="#ff0000"/></svg>
                """)
        #expect(image.width == 8 && image.height == 6)
        #expect(Array(image.bytes[0..<3]) == [255, 255, 255])
        let inside = (3 * 8 + 4) * 3
        #expect(Array(image.bytes[inside..<inside + 3]) == [255, 0, 0])
        #expect(throws: ImageError.self) { try SVGImage.render(svg: "<svg") }
    }

    @Test func sidesThatTheLibraryCannotTakeAreRefused() throws {
        // libvips ends at ten million and would save another size.
        let needle = try Image(width: 1, height: 10_000_001, bytes: [UInt8](repeating: 1, count: 30_000_003))
        #expect(throws: ImageError.self) { try needle.png() }
        #expect(throws: ImageError.self) { try needle.jpeg() }
    }

    @Test func pixelsMustFitTheSize() {
        for (width, height, count) in [(2, 2, 11), (2, 2, 13), (0, 0, 0), (-1, -1, 3), (Int.max, Int.max, 3)] {
            #expect(throws: ImageError.self) {
                try Image(width: width, height: height, bytes: [UInt8](repeating: 0, count: count))
            }
        }
    }
}
