import DiptychMedia
import Testing

/// JPEG images decoded at a fraction of their size, beside Pillow's `draft` and `resize` with a box.
struct FastDecodingTests {
    /// A line of cases.tsv, which Scripts/fixtures/fast_decoding.py describes.
    private struct Case {
        let path: String
        let name: String
        let resize: Preprocessing.Resize
        let filter: ResamplingFilter
        let factor: Int
        let size: Preprocessing.Size
        let crc: Int
        let largest: Int
        let mean: Double

        init?(_ row: [String]) {
            let numbers = row.dropFirst(2).prefix(8).compactMap { Int($0) }
            guard row.count == 11, numbers.count == 8, let mean = Double(row[10]),
                let filter = ResamplingFilter(rawValue: numbers[2])
            else { return nil }
            let given = Preprocessing.Size(width: numbers[0], height: numbers[1])
            let isOwn = ["wide.jpg", "tall-progressive.jpg"].contains(row[0])
            name = row.prefix(5).joined(separator: " ")
            path = "\(Fixture.directory)/\(isOwn ? "FastDecoding" : "Pictures")/\(row[0])"
            resize = row[1] == "edge" ? .shortestEdge(given.width) : .squash(given)
            self.filter = filter
            factor = numbers[3]
            size = Preprocessing.Size(width: numbers[4], height: numbers[5])
            (crc, largest) = (numbers[6], numbers[7])
            self.mean = mean
        }

        /// Pixels as they are, 0 to 255.
        func preprocessing(crop: Preprocessing.Size? = nil) throws -> Preprocessing {
            try Preprocessing(resize: resize, filter: filter, crop: crop, rescaleFactor: nil, normalization: nil)
        }
    }

    private static func cases() throws -> [Case] { try Fixture.table("FastDecoding/cases.tsv").compactMap(Case.init) }

    /// A plane after the other, as bytes of pixels.
    private static func interleaved(_ pixels: [Float]) -> [UInt8] {
        let plane = pixels.count / 3
        return (0..<pixels.count).map { UInt8(pixels[($0 % 3) * plane + $0 / 3]) }
    }

    private static func fast(_ preprocessing: Preprocessing, _ options: ImageOptions = .init()) -> ImageOptions {
        var options = options
        options.decode = .fast
        return preprocessing.readingOptions(options)
    }

    @Test func equalsPillowsDraftInEveryByte() throws {
        let cases = try Self.cases()
        #expect(cases.count > 200 && Set(cases.map(\.factor)) == [1, 2, 4, 8])
        for item in cases {
            let preprocessing = try item.preprocessing()
            let image = try Image.decode(file: item.path, options: Self.fast(preprocessing))
            #expect(image.reduction?.factor ?? 1 == item.factor, "\(item.name)")
            #expect(preprocessing.outputSize(of: image) == item.size, "\(item.name)")
            let bytes = Self.interleaved(try preprocessing.pixels(of: image))
            #expect(Int(checksum(bytes)) == item.crc, "\(item.name)")
        }
    }

    /// Nothing moves: what differs from an exact decode differs no more than in Pillow, pixel by pixel, and a crop is the
    /// middle of the whole.
    @Test func staysWhereTheExactImageIs() throws {
        var reduced = 0
        for item in try Self.cases() {
            let preprocessing = try item.preprocessing()
            let exact = try Image.decode(file: item.path, options: preprocessing.readingOptions(.init()))
            let fast = try Image.decode(file: item.path, options: Self.fast(preprocessing))
            #expect(fast.fullSize == exact.fullSize && exact.reduction == nil)
            if item.factor > 1 { reduced += 1 } else { #expect(fast == exact, "\(item.name)") }
            let (ours, theirs) = (try preprocessing.pixels(of: fast), try preprocessing.pixels(of: exact))
            try #require(ours.count == theirs.count)
            let differences = zip(ours, theirs).map { abs($0 - $1) }
            #expect(Int(differences.max() ?? 0) <= item.largest, "\(item.name)")
            let mean = differences.reduce(0.0) { $0 + Double($1) } / Double(differences.count)
            #expect(mean <= item.mean + 0.0006, "\(item.name)")

            let crop = Preprocessing.Size(width: (item.size.width + 1) / 2, height: (item.size.height + 1) / 2)
            let middle = try item.preprocessing(crop: crop).pixels(of: fast)
            let (left, top) = ((item.size.width - crop.width) / 2, (item.size.height - crop.height) / 2)
            let plane = item.size.width * item.size.height
            let cut = (0..<3 * crop.width * crop.height).map { at in
                let (row, column) = (at / crop.width % crop.height, at % crop.width)
                return ours[at / (crop.width * crop.height) * plane + (top + row) * item.size.width + left + column]
            }
            #expect(middle == cut, "\(item.name)")
        }
        #expect(reduced > 100)
    }

    /// Light and dark rectangles: in fast and exact decodes their edges stand at the same place to a tenth of a pixel, also
    /// where sides are no multiples of the factor.
    @Test(arguments: [(401, 299), (1003, 757), (260, 999)])
    func edgesStandWhereTheyStood(width: Int, height: Int) throws {
        let (column, row) = (width * 3 / 5, height * 2 / 5)
        var bytes: [UInt8] = []
        for y in 0..<height {
            for x in 0..<width {
                let isLight = (x >= column) != (y >= row)
                bytes += [UInt8](repeating: isLight ? 235 : 20, count: 3)
            }
        }
        let file = try Image(width: width, height: height, bytes: bytes).jpeg(quality: 95)
        for side in [17, 32, 45] {
            let preprocessing = try Preprocessing(
                resize: .shortestEdge(side), crop: nil, rescaleFactor: nil, normalization: nil)
            let exact = try Image.decode(file, options: preprocessing.readingOptions(.init()))
            let fast = try Image.decode(file, options: Self.fast(preprocessing))
            #expect(fast.reduction != nil && exact.reduction == nil)
            let size = preprocessing.outputSize(of: exact)
            #expect(preprocessing.outputSize(of: fast) == size)
            let (ours, theirs) = (try preprocessing.pixels(of: fast), try preprocessing.pixels(of: exact))
            // The light of a row or column in pixels of 215 measures the place of its edge.
            func check(_ places: StrideTo<Int>, _ name: String) {
                var moved: Float = 0
                for at in places { moved += ours[at] - theirs[at] }
                #expect(abs(moved) < 21.5, "\(name) of \(size)")
            }
            let count = size.width * size.height
            for y in [0, size.height - 1] {
                check(stride(from: y * size.width, to: (y + 1) * size.width, by: 1), "row \(y)")
            }
            for x in [0, size.width - 1] { check(stride(from: x, to: count, by: size.width), "column \(x)") }
        }
    }

    @Test func whatCannotBeReducedIsExact() throws {
        let preprocessing = try Preprocessing(size: 3)
        for item in ExpectedImage.all where !item.name.hasSuffix(".jpg") {
            let exact = try Image.decode(file: item.path, options: preprocessing.readingOptions(.init()))
            #expect(try Image.decode(file: item.path, options: Self.fast(preprocessing)) == exact)
        }
        let path = "\(Fixture.directory)/FastDecoding/wide.jpg"
        let exact = try Image.decode(file: path)
        var options = ImageOptions()
        options.decode = .fast
        #expect(try Image.decode(file: path, options: options) == exact, "nobody said what for")
        let nearest = try Preprocessing(size: 3, filter: .nearest)
        #expect(try Image.decode(file: path, options: Self.fast(nearest)) == exact)
        let same = try Preprocessing(resize: .none, crop: .init(width: 9, height: 9), normalization: nil)
        #expect(try Image.decode(file: path, options: Self.fast(same)) == exact)
    }

    @Test(arguments: ["wide.jpg", "tall-progressive.jpg"])
    func everyCutIsAnError(name: String) throws {
        let file = try Fixture.bytes("FastDecoding/\(name)")
        for side in [5, 25, 50] {
            let options = Self.fast(try Preprocessing(size: side))
            #expect(try Image.decode(file, options: options).reduction != nil)
            for share in [0.02, 0.1, 0.3, 0.6, 0.8] {
                let cut = Array(file.prefix(Int(Double(file.count) * share)))
                #expect(throws: ImageError.self, "cut to \(share)") { try Image.decode(cut, options: options) }
            }
        }
    }

    @Test func limitsAreThoseOfTheWholeImage() throws {
        var options = ImageOptions()
        options.maximumPixels = 403 * 301 - 1
        let error = try #require(throws: ImageError.self) {
            try Image.decode(
                file: "\(Fixture.directory)/FastDecoding/wide.jpg",
                options: Self.fast(Preprocessing(size: 3), options))
        }
        #expect(error.kind == .tooLarge && error.reason.contains("403 × 301"))
    }
}
