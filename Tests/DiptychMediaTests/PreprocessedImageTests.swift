import CKernels
import DiptychMedia
import Testing

/// Decoding and resampling in one go, beside one after the other, which the other suites hold against Pillow.
struct PreprocessedImageTests {
    private static let jpegs = Array(Set(ExpectedImage.all.map(\.name).filter { $0.hasSuffix(".jpg") })).sorted()
    private static let large = ["wide.jpg", "tall-progressive.jpg"]

    private static func file(_ name: String) throws -> [UInt8] {
        try Fixture.bytes(large.contains(name) ? "FastDecoding/\(name)" : "Pictures/\(name)")
    }

    /// The file with an EXIF segment that says how it lies, in front of everything else.
    private static func turned(_ file: [UInt8], _ orientation: UInt8) -> [UInt8] {
        let tag: [UInt8] = [0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0]
        let exif = Array("Exif\0\0II*\0".utf8) + [8, 0, 0, 0, 1, 0] + tag + [0, 0, 0, 0]
        return file[..<2] + [0xFF, 0xE1, 0, UInt8(exif.count + 2)] + exif + file[2...]
    }

    /// One after the other.
    private static func inTwoSteps(
        _ file: [UInt8], _ preprocessing: Preprocessing, _ options: ImageOptions
    ) throws -> (pixels: [Float], size: Preprocessing.Size, fullSize: Preprocessing.Size) {
        let image = try Image.decode(file, options: preprocessing.readingOptions(options))
        return (
            try preprocessing.pixels(of: image), preprocessing.outputSize(of: image), image.fullSize
        )
    }

    @Test(arguments: ImageOptions.Decode.allCases)
    func equalsDecodingAndThenResampling(decode: ImageOptions.Decode) throws {
        var options = ImageOptions()
        options.decode = decode
        var kinds: [Preprocessing] = []
        for convention in [Preprocessing.Convention.transformers, .torchvision] {
            for side in [2, 7, 26, 51, 120] {
                kinds.append(try Preprocessing(size: side, convention: convention))
                kinds.append(try Preprocessing(size: side, squash: true, filter: .lanczos, convention: convention))
            }
            kinds.append(try Preprocessing(size: 16, filter: .nearest, convention: convention))
        }
        kinds.append(try Preprocessing(resize: .none, crop: .init(width: 30, height: 40), normalization: nil))
        for name in Self.jpegs + Self.large + ["rgb.png", "rgba.png", "lossy.webp", "palette.gif", "rgb.bmp"] {
            for preprocessing in kinds {
                let file = try Self.file(name)
                let expected = try Self.inTwoSteps(file, preprocessing, options)
                let made = try preprocessing.preprocessed(file, options: options)
                let what = "\(name) \(preprocessing.resize) \(preprocessing.filter) \(preprocessing.convention)"
                #expect(made.pixels == expected.pixels, "\(what)")
                #expect(made.size == expected.size && made.fullSize == expected.fullSize, "\(what)")
            }
        }
    }

    /// An image that lies on its side or its head becomes what it becomes when it is turned first, by every instruction set.
    @Test(arguments: 0...9)
    func orientationIsApplied(orientation: Int) throws {
        for name in Self.large {
            let file = Self.turned(try Self.file(name), UInt8(orientation))
            for decode in ImageOptions.Decode.allCases {
                for side in [9, 40, 77] {
                    for crop in [nil, Preprocessing.Size(width: side / 2, height: side + 5)] {
                        let preprocessing = try Preprocessing(
                            resize: .shortestEdge(side), crop: crop, normalization: nil)
                        var options = ImageOptions()
                        options.decode = decode
                        let expected = try Self.inTwoSteps(file, preprocessing, options)
                        for instructions in [DIPTYCH_ISA_SCALAR, DIPTYCH_ISA_AVX2, DIPTYCH_ISA_AVX512] {
                            let made = try preprocessing.preprocessed(
                                file, options: options, instructions: instructions)
                            #expect(made.pixels == expected.pixels, "\(name) to \(side), \(decode), \(instructions)")
                            #expect(made.size == expected.size && made.fullSize == expected.fullSize)
                        }
                    }
                }
            }
        }
        let lying = Self.turned(try Self.file("wide.jpg"), UInt8(orientation))
        let isTurned = try Preprocessing(size: 9).preprocessed(lying).fullSize == .init(width: 301, height: 403)
        #expect(isTurned == (5...8).contains(orientation))
    }

    /// Damaged files give the same pixels or an error in both ways.
    @Test func damagedFilesAreReadAlike() throws {
        var random = SeededGenerator(state: 31)
        let preprocessing = try Preprocessing(size: 5)
        var (images, errors) = (0, 0)
        for name in Self.jpegs + Self.large {
            let whole = try Self.file(name)
            for round in 0..<120 {
                var file = whole
                for _ in 0..<Int.random(in: 1...3, using: &random) {
                    let at = Int.random(in: 2..<file.count, using: &random)
                    if round.isMultiple(of: 5) {
                        file.removeLast(Int.random(in: 1..<file.count - 1, using: &random))
                        break
                    }
                    file[at] = UInt8.random(in: 0...255, using: &random)
                }
                var options = ImageOptions()
                options.maximumPixels = 1 << 22
                options.decode = round.isMultiple(of: 2) ? .exact : .fast
                let expected = Result { try Self.inTwoSteps(file, preprocessing, options).pixels }
                let made = Result { try preprocessing.preprocessed(file, label: name, options: options).pixels }
                switch (expected, made) {
                case (.success(let expected), .success(let made)):
                    #expect(made == expected, "\(name) \(round)")
                    images += 1
                case (.failure, .failure(let error)):
                    #expect((error as? ImageError)?.source == name)
                    errors += 1
                default: Issue.record("\(name) \(round): \(expected) and \(made)")
                }
            }
        }
        #expect(images > 100 && errors > 100, "\(images) images, \(errors) errors")
    }

    @Test func limitsAndErrorsAreThoseOfDecoding() throws {
        let preprocessing = try Preprocessing(size: 9)
        let file = try Self.file("wide.jpg")
        var options = ImageOptions()
        options.maximumPixels = 403 * 301 - 1
        let large = try #require(throws: ImageError.self) {
            try preprocessing.preprocessed(file, label: "a.jpg", options: options)
        }
        #expect(large.kind == .tooLarge && large.source == "a.jpg" && large.reason.contains("403 × 301"))
        options = ImageOptions()
        options.maximumBytes = file.count - 1
        #expect(throws: ImageError.self) { try preprocessing.preprocessed(file, options: options) }
        #expect(throws: ImageError.self) { try preprocessing.preprocessed([]) }
        #expect(throws: ImageError.self) { try preprocessing.preprocessed(Array("no image".utf8)) }
        let needle = try Image(width: 1, height: 60_000, bytes: [UInt8](repeating: 9, count: 180_000)).jpeg()
        let thin = try #require(throws: ImageError.self) {
            try Preprocessing(resize: .shortestEdge(9000), crop: nil, normalization: nil)
                .preprocessed(needle, label: "needle.jpg")
        }
        #expect(thin.source == "needle.jpg" && thin.kind == .invalidPixels, "\(thin)")
    }

    /// A progressive file whose scans repeat: each costs as much as the image.
    @Test func endlessScansAreRefused() throws {
        let file = try Self.file("tall-progressive.jpg")
        // The last scan: from its marker (FF DA) to the end of the image.
        let start = try #require(
            file.indices.dropLast().last { file[$0] == 0xFF && file[$0 + 1] == 0xDA })
        let scan = file[start..<file.count - 2]
        let repeated = file[..<start] + (0..<150).flatMap { _ in scan } + file.suffix(2)
        let preprocessing = try Preprocessing(size: 9)
        let error = try #require(throws: ImageError.self) { try preprocessing.preprocessed(Array(repeated)) }
        #expect(error.kind == .damaged && error.reason.contains("scans"), "\(error)")
    }
}
