import DiptychMedia
import Testing

/// What samples may mean, and where an image's turn may stand: every row of the table that
/// Scripts/fixtures/picture_kinds.py made, as Pillow reads it or refused.
struct ImageKindTests {
    struct Row: CustomTestStringConvertible {
        let name: String
        let file: [UInt8]
        let width: Int
        let height: Int
        let bytes: [UInt8]
        let rule: String

        var testDescription: String { "\(name) \(rule)" }

        static let all: [Row] = {
            guard let table = try? Fixture.table("PictureKinds/expected.tsv"),
                let files = try? Fixture.bytes("PictureKinds/files.bin"),
                let pixels = try? Fixture.bytes("PictureKinds/expected.bin")
            else { return [] }
            return table.compactMap { row in
                let numbers = row[1..<6].compactMap { Int($0) }
                guard row.count == 7, numbers.count == 5 else { return nil }
                let (place, length, width, height, offset) = (
                    numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]
                )
                return Row(
                    name: row[0], file: Array(files[place..<place + length]), width: width, height: height,
                    bytes: Array(pixels[offset..<offset + width * height * 3]), rule: row[6])
            }
        }()
    }

    @Test func theTableIsThere() {
        #expect(Row.all.count > 250)
        #expect(Row.all.filter { $0.rule == "refused" }.count > 20)
    }

    @Test(arguments: Row.all)
    func isReadAsPillowReadsItOrRefused(row: Row) throws {
        var options = ImageOptions()
        options.alpha = row.rule == "white" ? .onWhite : .dropped
        guard row.rule != "refused" else {
            let error = try #require(throws: ImageError.self) {
                try Image.decode(row.file, label: row.name, options: options)
            }
            #expect(error.kind == .unsupported, "\(error)")
            return
        }
        let image = try Image.decode(row.file, label: row.name, options: options)
        #expect(image.width == row.width && image.height == row.height)
        try #require(image.bytes.count == row.bytes.count)
        let largest = zip(image.bytes, row.bytes).map { abs(Int($0) - Int($1)) }.max() ?? 0
        #expect(largest <= Int(row.rule) ?? 0, "differs by up to \(largest)")
    }

    /// Resampling rows as they are decoded gives what resampling the whole image gives.
    @Test(arguments: Row.all.filter { $0.rule == "white" || Int($0.rule) != nil })
    func rowsGiveWhatTheWholeGives(row: Row) throws {
        for convention in [Preprocessing.Convention.transformers, .torchvision] {
            let preprocessing = try Preprocessing(size: 8, convention: convention)
            let options = preprocessing.readingOptions(ImageOptions())
            let whole = try preprocessing.pixels(of: Image.decode(row.file, label: row.name, options: options))
            #expect(try preprocessing.preprocessed(row.file, label: row.name).pixels == whole)
        }
    }

    /// Files without an image's end are refused, unless what is there is asked for: then they are Pillow's images with
    /// LOAD_TRUNCATED_IMAGES, which are whole up to where the data end.
    @Test func tolerantReadingGivesWhatIsThere() throws {
        var tolerant = ImageOptions()
        tolerant.isTolerant = true
        tolerant.alpha = .dropped
        for name in ["444.jpg", "444-progressive.jpg", "rgb.png", "rgb.bmp", "palette.gif", "grey.jpg"] {
            let file = try Fixture.bytes("Pictures/\(name)")
            let whole = try Image.decode(file, options: tolerant)
            let cut = Array(file.dropLast(name.hasSuffix("jpg") ? 2 : min(120, file.count / 3)))
            var strict = ImageOptions()
            strict.namesOptions = true
            let error = try #require(throws: ImageError.self, "\(name)") {
                try Image.decode(cut, options: strict)
            }
            #expect(error.kind == .damaged && error.reason.contains("--tolerant"), "\(name): \(error)")
            let part = try Image.decode(cut, options: tolerant)
            #expect(part.width == whole.width && part.height == whole.height)
            if name.hasSuffix("jpg") {
                #expect(part == whole, "\(name) lacks only its end marker")
            } else {
                let half =
                    name.hasSuffix("bmp")
                    ? part.bytes.suffix(part.bytes.count / 3) : part.bytes.prefix(part.bytes.count / 3)
                let same = name.hasSuffix("bmp") ? whole.bytes.suffix(half.count) : whole.bytes.prefix(half.count)
                #expect(half == same, "\(name)")
            }
        }
    }
}

extension ImageKindTests {
    /// Files that differ from real ones in a few bytes, read in every way.
    @Test(arguments: [false, true]) func mutatedFilesGiveAnImageOrAnError(isTolerant: Bool) {
        var random = SeededGenerator(state: 5)
        var options = ImageOptions()
        options.maximumPixels = 1 << 20
        options.isTolerant = isTolerant
        var images = 0, errors = 0
        for row in Row.all where !row.name.hasSuffix("ic") && !row.name.hasSuffix("avif") {
            for _ in 0..<30 {
                var bytes = row.file
                for _ in 0...Int.random(in: 0...3, using: &random) {
                    // Headers stand first, and in TIFF files last.
                    let reach =
                        Bool.random(using: &random)
                        ? 0..<min(150, bytes.count) : max(0, bytes.count - 250)..<bytes.count
                    bytes[Int.random(in: reach, using: &random)] = UInt8.random(in: 0...255, using: &random)
                }
                if Int.random(in: 0..<4, using: &random) == 0 {
                    bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random))
                }
                do {
                    options.alpha = [.dropped, .onWhite, .kept][Int.random(in: 0..<3, using: &random)]
                    let image = try Image.decode(bytes, label: row.name, options: options)
                    #expect(image.bytes.count == image.width * image.height * 3)
                    #expect(image.opacity.map { $0.count == image.width * image.height } ?? true)
                    images += 1
                } catch {
                    errors += 1
                    #expect(error.source == row.name && !error.description.contains("\n"))
                }
            }
        }
        #expect(images > 2000 && errors > 500, "\(images) images, \(errors) errors")
    }
}
