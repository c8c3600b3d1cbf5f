import DiptychMedia
import Foundation
import Testing

/// What people and programs write about images: XMP, IPTC-IIM and EXIF in every place that formats have for them, and sidecars.
@Suite struct WrittenMetadataTests {
    private struct Said: Decodable {
        let caption, title, label, creator, copyright, city, state, country: String?
        let keywords: [String]?
        let rating, taken, latitude, longitude: Double?
    }

    private struct Case: Decodable {
        let said: Said
        let sidecar: String?
    }

    private static func cases() throws -> [String: Case] {
        try JSONDecoder().decode(
            [String: Case].self, from: Data(Fixture.bytes("WrittenMetadata/expected.json")))
    }

    @Test func readsWhatWasWritten() throws {
        let cases = try Self.cases()
        #expect(cases.count >= 20)
        for (name, item) in cases {
            let file = name.split(separator: " ").first.map(String.init) ?? name
            let sidecar = try item.sidecar.map {
                ImageDescription(sidecar: try Fixture.bytes("WrittenMetadata/\($0)"))
            }
            let metadata = ImageMetadata(of: try Fixture.bytes("WrittenMetadata/\(file)"), with: sidecar)
            let (found, said) = (metadata.description, item.said)
            #expect(found.caption == said.caption, "\(name)")
            #expect(found.title == said.title, "\(name)")
            #expect(found.keywords == said.keywords ?? [], "\(name)")
            #expect(found.rating == said.rating, "\(name)")
            #expect(found.label == said.label, "\(name)")
            #expect(found.creator == said.creator, "\(name)")
            #expect(found.copyright == said.copyright, "\(name)")
            #expect(found.city == said.city && found.state == said.state && found.country == said.country, "\(name)")
            #expect(metadata.taken == said.taken, "\(name)")
            #expect((metadata.latitude == nil) == (said.latitude == nil), "\(name)")
            #expect(abs((metadata.latitude ?? 0) - (said.latitude ?? 0)) < 1e-9, "\(name)")
            #expect(abs((metadata.longitude ?? 0) - (said.longitude ?? 0)) < 1e-9, "\(name)")
        }
    }

    @Test func damagedBlocksSayLessAndNothingElse() throws {
        var random = SeededGenerator(state: 11)
        var said = 0
        for (name, item) in try Self.cases() where item.sidecar == nil {
            let file = try Fixture.bytes("WrittenMetadata/\(name)")
            for _ in 0..<150 {
                var bytes = file
                for _ in 0...Int.random(in: 0...3, using: &random) {
                    let at = Int.random(in: 12..<bytes.count, using: &random)
                    bytes[at] = UInt8.random(in: 0...255, using: &random)
                }
                if Bool.random(using: &random) {
                    bytes.removeLast(Int.random(in: 0..<bytes.count - 12, using: &random))
                }
                let metadata = ImageMetadata(of: bytes)
                if let latitude = metadata.latitude { #expect((-90...90).contains(latitude)) }
                if let rating = metadata.description.rating { #expect((-1...5).contains(rating)) }
                #expect(metadata.description.caption?.contains("\0") != true)
                said += metadata.description.caption == nil ? 0 : 1
            }
        }
        #expect(said > 300)
    }

    /// Documents that would take the memory or the time of whoever reads on.
    @Test func hostileXMPIsReadWithinBounds() {
        let head = "<x xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><rdf:RDF><rdf:Description>"
        let hostile = [
            String(repeating: "<a>", count: 1_000_000), head + String(repeating: "<rdf:li>", count: 500_000),
            "<a " + String(repeating: "b='c' ", count: 500_000), head + String(repeating: "&#x41;", count: 600_000),
            "<a xmlns='" + String(repeating: "x", count: 3_000_000), String(repeating: "<!--", count: 900_000),
            String(repeating: "<?", count: 1_500_000), String(repeating: "&", count: 3_000_000),
            "<a>" + String(repeating: "<![CDATA[x]]>", count: 250_000),
            (0..<60).map { "<a xmlns:p\($0)='u'>" }.joined() + String(repeating: "<b/>", count: 200_000),
        ]
        let clock = ContinuousClock()
        for text in hostile {
            let took = clock.measure { _ = ImageDescription(sidecar: Array(text.utf8)) }
            #expect(took < .seconds(5), "\(text.prefix(20))")
        }
    }

    @Test func wrongIPTCIsLeftOut() {
        // Lengths beyond the data, long lengths, and records of other numbers.
        for record: [UInt8] in [
            [0x1C, 2, 120, 0xFF, 0xFF], [0x1C, 2, 120, 0x80, 4, 0xFF, 0xFF, 0xFF, 0xFF], [0x1C, 2, 120, 0x80, 9, 1],
            [0x1C, 1, 120, 0, 1, 65], [0x1C], [],
        ] {
            let block = Array("8BIM".utf8) + [4, 4, 0, 0, 0, 0, 0, UInt8(record.count)] + record + [0]
            let data = Array("Photoshop 3.0\0".utf8) + block
            let file: [UInt8] = [0xFF, 0xD8, 0xFF, 0xED, 0, UInt8(data.count + 2)] + data + [0xFF, 0xD9]
            #expect(ImageMetadata(of: file).description == ImageDescription())
        }
    }
}
