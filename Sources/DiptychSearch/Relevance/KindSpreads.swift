internal import Diptych
internal import Foundation

/// What is usual for photographs and for moments: the mean and the deviation of cosines to queries that have nothing to do with
/// them.
///
/// Both are of all queries together. A query's own mean would be known to a sixteenth of its deviation only, by the few probes
/// there are, which is more than what the kinds differ by.
struct KindSpreads: Sendable, Codable, Equatable {
    /// One kind's.
    struct Spread: Sendable, Codable, Equatable {
        let mean: Double
        let deviation: Double
    }

    let images: Spread
    let moments: Spread

    /// For both kinds of queries.
    struct Measured: Sendable, Codable, Equatable {
        let texts: KindSpreads?
        let queries: KindSpreads

        subscript(kind: NullDistribution.Kind) -> KindSpreads { kind == .text ? texts ?? queries : queries }

        /// Measures; nil where there is too little of a kind.
        init?(images: [Embedding], moments: [Embedding], texts: Embeddings) {
            // Images that are searched with are as photographs are.
            let asked = images.prefix(128).map(\.values)
            guard images.count >= NullDistribution.fewestProbes, moments.count >= NullDistribution.fewestProbes,
                let queries = KindSpreads(asked, images.map(\.values), moments.map(\.values))
            else { return nil }
            self.queries = queries
            self.texts = KindSpreads(
                (0..<texts.count).map { texts[$0].values }, images.map(\.values), moments.map(\.values))
        }

        /// Whether the numbers can be what was measured: a store may come from anywhere.
        var isSound: Bool {
            [texts?.images, texts?.moments, queries.images, queries.moments].compactMap { $0 }.allSatisfy {
                $0.mean.isFinite && $0.deviation.isFinite && $0.deviation > 1e-6
            }
        }
    }

    private init?(_ queries: [[Float]], _ images: [[Float]], _ moments: [[Float]]) {
        func spread(_ rows: [[Float]]) -> Spread? {
            var (sum, squares, count) = (0.0, 0.0, 0.0)
            for query in queries {
                for row in rows where row.count == query.count {
                    let similarity = Double(MomentCutter.dot(query, row))
                    // What is nearly the same says nothing about others.
                    guard similarity < NullDistribution.nearlySameFrom else { continue }
                    (sum, squares, count) = (sum + similarity, squares + similarity * similarity, count + 1)
                }
            }
            guard count >= 1000 else { return nil }
            let variance = squares / count - (sum / count) * (sum / count)
            return variance > 1e-10 ? Spread(mean: sum / count, deviation: variance.squareRoot()) : nil
        }
        guard let images = spread(images), let moments = spread(moments) else { return nil }
        (self.images, self.moments) = (images, moments)
    }

    static let key = "background.kinds"
}

extension VectorStore {
    /// What is usual for photographs and for moments; nil where that was not measured.
    func kindSpreads() async throws -> KindSpreads.Measured? {
        let known = try await note(KindSpreads.key)
            .flatMap { try? PropertyListDecoder().decode(KindSpreads.Measured.self, from: $0) }
        return known.flatMap { $0.isSound ? $0 : nil }
    }
}
