import Diptych
import DiptychCheckpoints
import DiptychTestSupport
import Foundation

/// What the reference implementation computed with the small model.
struct Expected: Decodable {
    let texts: [String]
    let ids: [[Int32]]
    let pictures: [String]
    let labels: [String]
    let logitScale: Float
    let probabilities: [[Double]]
    let templates: [String]
    let ensembleProbabilities: [[Double]]

    static let shared: Expected? = {
        guard let data = try? Data(contentsOf: TinyModel.directory.appendingPathComponent("expected.json")) else {
            return nil
        }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try? decoder.decode(Expected.self, from: data)
    }()

    var sources: [ImageSource] {
        pictures.map { .file(TinyModel.directory.appendingPathComponent("pictures/\($0)").path) }
    }

    /// The reference's embeddings, not normalised, under "texts", "labels" or "images"; "ensemble" is normalised.
    func embeddings(_ name: String) throws -> Embeddings {
        let file = try SafetensorsFile(url: TinyModel.directory.appendingPathComponent("expected.safetensors"))
        return Embeddings(values: file.tensors[name]?.floats() ?? [], dimension: 24)
    }
}

/// The largest 1 − cosine between rows of `a` and `b`; infinite where they have different shapes.
func worstLoss(_ a: Embeddings, _ b: Embeddings) -> Double {
    guard a.count == b.count, a.dimension == b.dimension else { return .infinity }
    return (0..<a.count).map { row in
        var (dot, aa, bb) = (0.0, 0.0, 0.0)
        for (x, y) in zip(a[row].values, b[row].values) {
            dot += Double(x) * Double(y)
            aa += Double(x) * Double(x)
            bb += Double(y) * Double(y)
        }
        return 1 - dot / (aa * bb).squareRoot()
    }.max() ?? 0
}

extension Embeddings {
    /// These rows, in this order.
    func rows(_ indices: [Int]) -> Embeddings {
        Embeddings(values: indices.flatMap { self[$0].values }, dimension: dimension)
    }
}
