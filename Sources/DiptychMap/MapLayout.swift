internal import DiptychBasics
internal import Foundation

/// Moves points of the plane until rows that belong together are near each other: UMAP's optimisation by samples of edges
/// (McInnes, Healy and Melville 2018, section 3.2 and appendix C).
struct MapLayout {
    /// Where each row is.
    private(set) var points: [SIMD2<Float>]
    private let edges: [NeighbourGraph.Edge]
    private var random: SplitMix64

    /// The curve 1 / (1 + a d^2b) that is nearest to 1 up to a distance of 0.1 and exp(−(d − 0.1)) beyond, as umap-learn fits it for its
    /// defaults.
    private static let (a, b): (Float, Float) = (1.576_943_5, 0.895_060_9)
    /// Rows that an edge's row is moved away from, for each time that it is moved along the edge.
    private static let negatives = 5
    /// The most that a point moves at a time, in each direction.
    private static let reach: Float = 4

    init(_ points: [SIMD2<Float>], _ graph: NeighbourGraph, seed: UInt64) {
        (self.points, edges, random) = (points, graph.edges, SplitMix64(seed: seed))
    }

    /// Moves the points.
    ///
    /// - Parameters:
    ///   - epochs: how often the strongest edge is taken.
    ///   - rate: how far points move at first; it falls to 0.
    ///   - moves: the rows that may move; nil for all.
    ///   - report: is told how much is done, from 0 to 1, and says whether to go on.
    mutating func run(epochs: Int, rate: Float = 1, moves: (Int) -> Bool = { _ in true }, _ report: (Double) -> Bool) {
        let heaviest = edges.reduce(0) { max($0, $1.weight) }
        guard heaviest > 0, points.count > 1 else { return }
        // An edge whose turn comes less often than once is left out.
        let used = edges.filter { $0.weight * Float(epochs) >= heaviest }
        let intervals = used.map { heaviest / $0.weight }
        var turns = intervals
        let mayMove = points.indices.map(moves)
        for epoch in 0..<epochs {
            let alpha = rate * (1 - Float(epoch) / Float(epochs))
            for (number, edge) in used.enumerated() where turns[number] <= Float(epoch) + 1 {
                turns[number] += intervals[number]
                let (from, to) = (Int(edge.from), Int(edge.to))
                attract(from, to, alpha, mayMove)
                // One end at a time: over many turns it is both.
                let end = random.next() & 1 == 0 ? from : to
                if mayMove[end] { repel(end, alpha) }
            }
            guard report(Double(epoch + 1) / Double(epochs)) else { return }
        }
    }

    private mutating func attract(_ from: Int, _ to: Int, _ alpha: Float, _ mayMove: [Bool]) {
        let difference = points[from] - points[to]
        let square = (difference * difference).sum()
        guard square > 0 else { return }
        let power = Foundation.pow(square, Self.b)
        let factor = -2 * Self.a * Self.b * power / square / (1 + Self.a * power)
        let move =
            alpha
            * (factor * difference).clamped(
                lowerBound: SIMD2(repeating: -Self.reach), upperBound: SIMD2(repeating: Self.reach))
        if mayMove[from] { points[from] += move }
        if mayMove[to] { points[to] -= move }
    }

    private mutating func repel(_ row: Int, _ alpha: Float) {
        for _ in 0..<Self.negatives {
            let other = Int(truncatingIfNeeded: random.next().multipliedFullWidth(by: UInt64(points.count)).high)
            guard other != row else { continue }
            let difference = points[row] - points[other]
            let square = (difference * difference).sum()
            var move = SIMD2<Float>(repeating: Self.reach)
            if square > 0 {
                let power = Foundation.pow(square, Self.b)
                let factor = 2 * Self.b / ((0.001 + square) * (1 + Self.a * power))
                move = (factor * difference).clamped(
                    lowerBound: SIMD2(repeating: -Self.reach), upperBound: SIMD2(repeating: Self.reach))
            }
            points[row] += alpha * move
        }
    }
}
