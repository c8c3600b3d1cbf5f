internal import Foundation

/// How strongly rows belong together: UMAP's fuzzy graph (McInnes, Healy and Melville 2018, section 3.1).
struct NeighbourGraph: Sendable {
    /// An edge between two rows.
    struct Edge: Sendable {
        let from: Int32
        let to: Int32
        /// 0 to 1.
        let weight: Float
    }

    /// Each edge once, `from` below `to`.
    let edges: [Edge]

    init(_ nearest: NearestRows) {
        let (count, rows) = (nearest.count, nearest.count == 0 ? 0 : nearest.rows.count / nearest.count)
        var directed: [(key: Int, weight: Float)] = []
        directed.reserveCapacity(rows * count)
        for row in 0..<rows {
            let distances = nearest.distances[row * count..<(row + 1) * count]
            let weights = Self.weights(Array(distances))
            for (place, weight) in weights.enumerated() {
                let other = Int(nearest.rows[row * count + place])
                let (low, high) = (min(row, other), max(row, other))
                directed.append((low * rows + high, weight))
            }
        }
        directed.sort { $0.key < $1.key }
        var edges: [Edge] = []
        var place = 0
        while place < directed.count {
            let (key, first) = (directed[place].key, directed[place].weight)
            var weight = first
            if place + 1 < directed.count, directed[place + 1].key == key {
                let second = directed[place + 1].weight
                weight = first + second - first * second
                place += 1
            }
            place += 1
            edges.append(
                Edge(
                    from: Int32(truncatingIfNeeded: key / rows), to: Int32(truncatingIfNeeded: key % rows),
                    weight: weight))
        }
        self.edges = edges
    }

    /// The weights of a row's neighbours: exp(−(d − ρ) / σ), where ρ is the nearest distance that is not 0 and σ such that the sum is
    /// log₂ of their number and 1, the row itself.
    static func weights(_ distances: [Float]) -> [Float] {
        guard let nearest = distances.first(where: { $0 > 0 }) else { return distances.map { _ in 1 } }
        let target = Float(log2(Double(distances.count + 1)))
        var (low, high, sigma): (Float, Float, Float) = (0, .infinity, 1)
        func sum(_ sigma: Float) -> Float {
            distances.reduce(0) { $0 + ($1 <= nearest ? 1 : Foundation.exp(-($1 - nearest) / sigma)) }
        }
        for _ in 0..<64 {
            let found = sum(sigma)
            if abs(found - target) < 1e-5 { break }
            if found > target {
                high = sigma
                sigma = (low + high) / 2
            } else {
                low = sigma
                sigma = high.isFinite ? (low + high) / 2 : sigma * 2
            }
        }
        // Below a thousandth of the mean distance all but the nearest would be without weight.
        sigma = max(sigma, 1e-3 * distances.reduce(0, +) / Float(distances.count))
        return distances.map { $0 <= nearest ? 1 : Foundation.exp(-($0 - nearest) / sigma) }
    }
}
