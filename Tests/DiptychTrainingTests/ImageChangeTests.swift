import DiptychMedia
import DiptychTraining
import Foundation
import Testing

/// Changes of images against Pillow's, by timm's functions (Scripts/fixtures/augmentation.py).
struct ImageChangeTests {
    private struct Fixture: Decodable {
        let width: Int
        let height: Int
        let image: Data
        let results: [String: Data]
    }

    private static func change(_ name: String) -> ImageChange? {
        let parts = name.split(separator: " ").map(String.init)
        let number = parts.count > 1 ? Double(parts[1]) ?? 0 : 0
        return switch parts[0] {
        case "posterize": .posterize(bits: Int(number))
        case "solarize": .solarize(threshold: Int(number))
        case "autoContrast": .autoContrast
        case "equalize": .equalize
        case "invert": .invert
        case "color": .color(number)
        case "contrast": .contrast(number)
        case "sharpness": .sharpness(number)
        case "rotate": .rotate(number)
        case "shear": .shear(number)
        default: nil
        }
    }

    @Test func `every change gives Pillow's bytes`() throws {
        let url = try #require(Bundle.module.url(forResource: "Fixtures/changes", withExtension: "json"))
        let fixture = try JSONDecoder().decode(Fixture.self, from: Data(contentsOf: url))
        let image = try Image(width: fixture.width, height: fixture.height, bytes: [UInt8](fixture.image))
        #expect(fixture.results.count == 16)
        for (name, expected) in fixture.results {
            let found = name == "mirror" ? try image.mirrored() : try #require(Self.change(name)).applied(to: image)
            let differences = zip(found.bytes, expected).map { abs(Int($0) - Int($1)) }
            #expect(
                differences.count == found.bytes.count && differences.max() == 0, "\(name): \(differences.max() ?? -1)")
        }
    }
}
