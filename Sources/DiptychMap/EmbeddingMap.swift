public import Diptych
internal import DiptychBasics
internal import Foundation

/// A map of embeddings: for each a point of the plane, such that what is alike lies together.
///
/// Made by UMAP's method (McInnes, Healy and Melville 2018, "UMAP: Uniform Manifold Approximation and Projection for Dimension
/// Reduction") over exact neighbours. The same rows and options give the same map, on any number of threads. Rows that are added later are
/// placed among the others, which stay where they are.
///
///     let map = EmbeddingMap(of: embeddings, options: .init(threads: 2))
///     map.points[0]
public struct EmbeddingMap: Sendable {
    /// How a map is made.
    public struct Options: Sendable {
        /// The neighbours that each row is to stay near, itself among them.
        public var neighbours = 15
        /// The directions of largest variance that are looked at; see ``PrincipalComponents``.
        public var components = 64
        /// The rows of which the directions are taken.
        public var sampled = 20_000
        /// Rows beyond these are placed among as many, drawn at random, that are laid out.
        public var mostLaidOut = 100_000
        /// What random choices are made of.
        public var seed: UInt64 = 1
        /// The threads that look for neighbours.
        public var threads: Int

        /// The usual options.
        public init(threads: Int) { self.threads = max(1, threads) }
    }

    /// Where each row is, in the order of the rows. The middle of all is near (0, 0).
    public let points: [SIMD2<Float>]

    /// Makes a map.
    ///
    /// - Parameters:
    ///   - rows: embeddings, or their places along the principal components of a sample of them.
    ///   - options: how.
    ///   - known: points of the first rows, from an earlier map, which stay; empty where there is none.
    ///   - report: is told how much is done, from 0 to 1, and says whether to go on; where it says no, the map is unfinished.
    public init(
        of rows: Embeddings, options: Options, known: [SIMD2<Float>] = [],
        _ report: (Double) -> Bool = { _ in true }
    ) {
        guard rows.count > 1 else {
            points =
                known.isEmpty ? [SIMD2<Float>](repeating: .zero, count: rows.count) : Array(known.prefix(rows.count))
            return
        }
        let places =
            rows.dimension > options.components
            ? PrincipalComponents(
                of: Self.sample(rows, options.sampled, seed: options.seed), count: options.components,
                threads: options.threads
            ).places(of: rows) : rows
        guard report(0.02) else {
            points = [SIMD2<Float>](repeating: .zero, count: rows.count)
            return
        }
        if !known.isEmpty {
            points = Self.placed(places, among: Array(known.prefix(rows.count)), options, report)
        } else if places.count > options.mostLaidOut {
            points = Self.drawn(places, options, report)
        } else {
            points = Self.laidOut(places, options, report)
        }
    }

    /// All rows, laid out together.
    private static func laidOut(_ places: Embeddings, _ options: Options, _ report: (Double) -> Bool) -> [SIMD2<Float>]
    {
        let nearest = NearestRows(
            of: places, among: places, count: options.neighbours - 1, areSame: true, threads: options.threads)
        guard report(0.5) else { return [SIMD2<Float>](repeating: .zero, count: places.count) }
        var layout = MapLayout(start(places, options), NeighbourGraph(nearest), seed: options.seed)
        // As umap-learn has it.
        layout.run(epochs: places.count > 10_000 ? 200 : 500) { report(0.5 + 0.5 * $0) }
        return centred(layout.points)
    }

    /// The first two principal components, made ten wide, with a little noise so that no two are in one place.
    private static func start(_ places: Embeddings, _ options: Options) -> [SIMD2<Float>] {
        let two = PrincipalComponents(
            of: sample(places, options.sampled, seed: options.seed), count: 2, threads: options.threads
        ).places(of: places)
        let widest = two.values.reduce(Float(1e-12)) { max($0, abs($1)) }
        var random = SplitMix64(seed: options.seed ^ 0x73_7461_7274)
        return (0..<two.count).map { row in
            let noise = SIMD2(Float(random.between(-1, 1)), Float(random.between(-1, 1))) * 1e-3
            let second = two.dimension > 1 ? two.values[row * two.dimension + 1] : 0
            return SIMD2(two.values[row * two.dimension], second) * (10 / widest) + noise
        }
    }

    /// As many as may be laid out, drawn at random, and the others among them.
    private static func drawn(_ places: Embeddings, _ options: Options, _ report: (Double) -> Bool) -> [SIMD2<Float>] {
        var order = Array(0..<places.count)
        var random = SplitMix64(seed: options.seed)
        for place in 0..<options.mostLaidOut { order.swapAt(place, place + random.below(order.count - place)) }
        let first = rows(places, order[..<options.mostLaidOut])
        let points = laidOut(first, options) { report(0.6 * $0) }
        let ordered = rows(places, order[...])
        let all = placed(ordered, among: points, options) { report(0.6 + 0.4 * $0) }
        var result = [SIMD2<Float>](repeating: .zero, count: places.count)
        for (place, row) in order.enumerated() { result[row] = all[place] }
        return result
    }

    /// Rows behind the known ones, each in the middle of the nearest of those, the nearer the weightier.
    private static func placed(
        _ places: Embeddings, among known: [SIMD2<Float>], _ options: Options, _ report: (Double) -> Bool
    ) -> [SIMD2<Float>] {
        let width = places.dimension
        let candidates = Embeddings(values: Array(places.values[..<(known.count * width)]), dimension: width)
        var points = known
        points.reserveCapacity(places.count)
        var random = SplitMix64(seed: options.seed ^ 0x706C_6163_65)
        for start in stride(from: known.count, to: places.count, by: placedAtATime) {
            let end = min(places.count, start + placedAtATime)
            let nearest = NearestRows(
                of: Embeddings(values: Array(places.values[start * width..<end * width]), dimension: width),
                among: candidates, count: min(5, options.neighbours), areSame: false, threads: options.threads)
            for row in 0..<end - start {
                let own = row * nearest.count..<(row + 1) * nearest.count
                let weights = NeighbourGraph.weights(Array(nearest.distances[own]))
                var (sum, total) = (SIMD2<Float>(), Float(0))
                for (place, weight) in zip(own, weights) {
                    sum += weight * known[Int(nearest.rows[place])]
                    total += weight
                }
                let noise = SIMD2(Float(random.between(-1, 1)), Float(random.between(-1, 1))) * 0.02
                points.append((total > 0 ? sum / total : .zero) + noise)
            }
            guard report(Double(end) / Double(places.count)) else {
                return points + [SIMD2<Float>](repeating: .zero, count: places.count - end)
            }
        }
        return points
    }

    private static let placedAtATime = 16_384

    private static func centred(_ points: [SIMD2<Float>]) -> [SIMD2<Float>] {
        let middle =
            points.reduce(SIMD2<Double>()) { $0 + SIMD2(Double($1.x), Double($1.y)) } / Double(max(1, points.count))
        let offset = SIMD2(Float(middle.x), Float(middle.y))
        return points.map { $0 - offset }
    }

    private static func rows(_ places: Embeddings, _ numbers: ArraySlice<Int>) -> Embeddings {
        let width = places.dimension
        var values: [Float] = []
        values.reserveCapacity(numbers.count * width)
        for number in numbers { values += places.values[number * width..<(number + 1) * width] }
        return Embeddings(values: values, dimension: width)
    }

    private static func sample(_ rows: Embeddings, _ count: Int, seed: UInt64) -> Embeddings {
        guard rows.count > count else { return rows }
        var random = SplitMix64(seed: seed)
        let numbers = (0..<count).map { _ in random.below(rows.count) }
        return Self.rows(rows, numbers[...])
    }
}
