import DiptychMedia
import Foundation
import Testing

/// What images say about themselves besides their pixels.
@Suite struct MetadataTests {
    private struct Expected: Decodable {
        let format: String
        let camera: String?
        let taken, latitude, longitude: Double?
    }

    @Test func readsWhatPillowWrote() throws {
        let expected = try JSONDecoder().decode(
            [String: Expected].self, from: Data(Fixture.bytes("Metadata/expected.json")))
        #expect(expected.count == 8)
        for (name, expected) in expected {
            let bytes = try Fixture.bytes("Metadata/\(name)")
            let metadata = ImageMetadata(of: bytes)
            #expect(metadata.format?.rawValue == expected.format, "\(name)")
            #expect(metadata.camera == expected.camera, "\(name)")
            #expect(metadata.taken == expected.taken, "\(name)")
            #expect((metadata.latitude == nil) == (expected.latitude == nil), "\(name)")
            // Written to a hundredth of a second of arc.
            #expect(abs((metadata.latitude ?? 0) - (expected.latitude ?? 0)) < 1e-5, "\(name)")
            #expect(abs((metadata.longitude ?? 0) - (expected.longitude ?? 0)) < 1e-5, "\(name)")
        }
    }

    @Test func whatIsNoImageSaysNothing() {
        for bytes in [[], [0xFF], Array("hello".utf8), [0xFF, 0xD8, 0xFF], Array("GIF89a".utf8), Array("BM".utf8)]
            as [[UInt8]]
        {
            let metadata = ImageMetadata(of: bytes)
            #expect(metadata.camera == nil && metadata.taken == nil && metadata.latitude == nil)
        }
    }

    @Test func survivesMutations() throws {
        var state: UInt64 = 7
        func random(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        var described = 0
        for name in ["canon.jpg", "south.jpg", "brackets.png", "apple.webp", "plain.webp"] {
            let bytes = try Fixture.bytes("Metadata/\(name)")
            for _ in 0..<600 {
                var mutated = bytes
                for _ in 0...random(4) { mutated[random(mutated.count)] = UInt8(random(256)) }
                if random(5) == 0 { mutated.removeLast(random(mutated.count)) }
                // As in indexing: only what was decoded is asked.
                guard (try? ImageDecoder().decode(mutated, label: name)) != nil else { continue }
                let metadata = ImageMetadata(of: mutated)
                if let latitude = metadata.latitude { #expect((-90...90).contains(latitude)) }
                if let longitude = metadata.longitude { #expect((-180...180).contains(longitude)) }
                #expect(metadata.taken?.isFinite != false && metadata.camera?.isEmpty != true)
                described += metadata.camera == nil ? 0 : 1
            }
        }
        #expect(described > 200)
    }
}
