import DiptychMedia
import Testing

struct ImageDecodingTests {
    @Test func everyFormatHasFixtures() {
        let formats = Set(
            ExpectedImage.all.compactMap { try? ImageFormat(sniffing: Fixture.bytes("Pictures/\($0.name)")) }
                + ImageKindTests.Row.all.compactMap { ImageFormat(sniffing: $0.file) })
        #expect(formats == Set(ImageFormat.allCases))
    }

    @Test(arguments: ExpectedImage.all)
    func equalsPillow(expected: ExpectedImage) throws {
        var options = ImageOptions()
        options.alpha = expected.onWhite ? .onWhite : .dropped
        let image = try Image.decode(file: expected.path, options: options)
        #expect(image.width == expected.width)
        #expect(image.height == expected.height)
        try #require(image.bytes.count == expected.bytes.count)
        let differences = zip(image.bytes, expected.bytes).map { abs(Int($0) - Int($1)) }
        let largest = differences.max() ?? 0
        let differing = differences.filter { $0 > 0 }.count
        let mean = Double(differences.reduce(0, +)) / Double(differences.count)
        let report = "\(differing) of \(differences.count) bytes differ, by up to \(largest), on average \(mean)"
        #expect(largest <= expected.tolerance, "\(report)")
        #expect(mean <= 3, "\(report)")
    }
}

extension ImageDecodingTests {
    @Test func orientationCanStayAsStored() throws {
        var options = ImageOptions()
        options.appliesOrientation = false
        let plain = try Image.decode(file: "\(Fixture.directory)/Pictures/orientation-1.jpg")
        for orientation in 2...8 {
            let path = "\(Fixture.directory)/Pictures/orientation-\(orientation).jpg"
            #expect(try Image.decode(file: path, options: options) == plain)
            #expect(try Image.decode(file: path) != plain)
        }
    }

    @Test(arguments: ["float.tif", "integer32.tif", "lab.tif"])
    func refusesWhatHasNoMeaningAsRGB(name: String) throws {
        let path = "\(Fixture.directory)/UnsupportedPictures/\(name)"
        let error = try #require(throws: ImageError.self) { try Image.decode(file: path) }
        #expect(error.kind == .unsupported && error.source == path, "\(error)")
    }
}
