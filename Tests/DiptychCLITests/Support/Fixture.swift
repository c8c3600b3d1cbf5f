import Foundation
import Testing

/// The tiny model, the images, and what transformers computes of them; made by Scripts/fixtures/tiny_clip.py.
enum Fixture {
    static let folder = (Bundle.module.resourceURL ?? Bundle.module.bundleURL).path + "/Fixtures"
    static let model = folder + "/tiny-clip"
    static let images = folder + "/pictures"

    /// What the reference gives.
    struct Expected: Decodable {
        struct Text: Decodable {
            let text: String
            let ids: [Int]
            let embedding: [Float]
        }
        struct Image: Decodable {
            let file: String
            let as_stored: [Float]
            let upright: [Float]
        }
        let texts: [Text]
        let pictures: [Image]
    }

    static func expected() throws -> Expected {
        try JSONDecoder().decode(Expected.self, from: Data(contentsOf: URL(fileURLWithPath: folder + "/expected.json")))
    }

    /// The model's files, by name.
    static func modelFiles() throws -> [String: [UInt8]] {
        let names = try FileManager.default.contentsOfDirectory(atPath: model)
        return Dictionary(
            uniqueKeysWithValues: names.map {
                ($0, FileManager.default.contents(atPath: model + "/" + $0).map(Array.init) ?? [])
            })
    }

    /// A copy of the model that a test may spoil.
    static func modelCopy(in folder: TemporaryFolder, without missing: String? = nil) throws -> String {
        let path = folder / "spoilt"
        try FileManager.default.copyItem(atPath: model, toPath: path)
        if let missing { try FileManager.default.removeItem(atPath: path + "/" + missing) }
        return path
    }
}

/// One line of `embed`.
struct EmbeddedLine: Decodable {
    let kind: String
    let input: String
    let embedding: [Float]
}

/// The results of `similarity` and `search`.
struct RankedResults: Decodable {
    struct Result: Decodable {
        struct Attributes: Decodable {
            let width: Int
            let height: Int
            let bytes: Int
            let modified: Double
        }
        let rank: Int
        let similarity: Float
        let kind: String?
        let input: String?
        let id: String?
        let path: String?
        let attributes: Attributes?
    }
    let results: [Result]
}

extension Command.Result {
    /// Standard output as one JSON document.
    func json<T: Decodable>(_ type: T.Type = T.self) throws -> T {
        try JSONDecoder().decode(type, from: Data(output.utf8))
    }

    /// Standard output as one JSON document a line.
    func jsonLines<T: Decodable>(_ type: T.Type = T.self) throws -> [T] {
        try lines.map { try JSONDecoder().decode(type, from: Data($0.utf8)) }
    }
}

/// 1 − cosine.
func distance(_ a: [Float], _ b: [Float]) -> Double {
    guard a.count == b.count else { return .infinity }
    var (dot, x, y) = (0.0, 0.0, 0.0)
    for (p, q) in zip(a, b) {
        dot += Double(p) * Double(q)
        x += Double(p) * Double(p)
        y += Double(q) * Double(q)
    }
    return 1 - dot / (x * y).squareRoot()
}
