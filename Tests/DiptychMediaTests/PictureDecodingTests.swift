import DiptychMedia
import Testing

struct PictureDecodingTests {
    @Test func everyFormatHasFixtures() {
        let formats = Set(
            ExpectedPicture.all.compactMap { try? PictureFormat(sniffing: Fixture.bytes("Pictures/\($0.name)")) }
                + PictureKindTests.Row.all.compactMap { PictureFormat(sniffing: $0.file) })
        #expect(formats == Set(PictureFormat.allCases))
    }

    @Test(arguments: ExpectedPicture.all)
    func equalsPillow(expected: ExpectedPicture) throws {
        var options = PictureOptions()
        options.alpha = expected.onWhite ? .onWhite : .dropped
        let picture = try Picture.decode(file: expected.path, options: options)
        #expect(picture.width == expected.width)
        #expect(picture.height == expected.height)
        try #require(picture.bytes.count == expected.bytes.count)
        let differences = zip(picture.bytes, expected.bytes).map { abs(Int($0) - Int($1)) }
        let largest = differences.max() ?? 0
        let differing = differences.filter { $0 > 0 }.count
        let mean = Double(differences.reduce(0, +)) / Double(differences.count)
        let report = "\(differing) of \(differences.count) bytes differ, by up to \(largest), on average \(mean)"
        #expect(largest <= expected.tolerance, "\(report)")
        #expect(mean <= 3, "\(report)")
    }
}

extension PictureDecodingTests {
    @Test func orientationCanStayAsStored() throws {
        var options = PictureOptions()
        options.appliesOrientation = false
        let plain = try Picture.decode(file: "\(Fixture.directory)/Pictures/orientation-1.jpg")
        for orientation in 2...8 {
            let path = "\(Fixture.directory)/Pictures/orientation-\(orientation).jpg"
            #expect(try Picture.decode(file: path, options: options) == plain)
            #expect(try Picture.decode(file: path) != plain)
        }
    }

    @Test(arguments: ["float.tif", "integer32.tif", "lab.tif"])
    func refusesWhatHasNoMeaningAsRGB(name: String) throws {
        let path = "\(Fixture.directory)/UnsupportedPictures/\(name)"
        let error = try #require(throws: PictureError.self) { try Picture.decode(file: path) }
        #expect(error.kind == .unsupported && error.source == path, "\(error)")
    }
}
