import Diptych
import DiptychBasics
import DiptychMap
import Testing

/// Maps of rows that lie in clusters.
@Suite struct EmbeddingMapTests {
    private static let clusters = 6
    private static let width = 96

    /// Rows of clusters in turn: middles at random, and some noise around them.
    private func rows(_ count: Int, seed: UInt64 = 3) -> Embeddings {
        var random = SplitMix64(seed: 7)
        let middles = (0..<Self.clusters * Self.width).map { _ in Float(random.between(-1, 1)) }
        random = SplitMix64(seed: seed)
        var values: [Float] = []
        for row in 0..<count {
            let cluster = row % Self.clusters
            for column in 0..<Self.width {
                values.append(middles[cluster * Self.width + column] + Float(random.between(-0.4, 0.4)))
            }
        }
        return Embeddings(values: values, dimension: Self.width)
    }

    /// The share of points whose nearest other is of the same cluster.
    private func share(_ points: [SIMD2<Float>], of range: Range<Int>) -> Double {
        var same = 0
        for row in range {
            var best = (Float.infinity, -1)
            for other in points.indices where other != row {
                let difference = points[row] - points[other]
                let square = (difference * difference).sum()
                if square < best.0 { best = (square, other) }
            }
            if best.1 % Self.clusters == row % Self.clusters { same += 1 }
        }
        return Double(same) / Double(range.count)
    }

    @Test func `what is alike lies together, the same on any number of threads`() {
        let rows = rows(600)
        let map = EmbeddingMap(of: rows, options: .init(threads: 2))
        #expect(map.points.count == 600 && share(map.points, of: 0..<600) > 0.99)
        let other = EmbeddingMap(of: rows, options: .init(threads: 1))
        #expect(map.points == other.points)
        // The first points alone would not do: they lie on a line.
        #expect(share(map.points.map { SIMD2($0.x, 0) }, of: 0..<600) < 0.99)
    }

    @Test func `rows that are added lie with their like, and the others stay`() {
        let all = rows(660)
        let first = Embeddings(values: Array(all.values[..<(600 * Self.width)]), dimension: Self.width)
        let map = EmbeddingMap(of: first, options: .init(threads: 2))
        let more = EmbeddingMap(of: all, options: .init(threads: 2), known: map.points)
        #expect(more.points.count == 660 && Array(more.points[..<600]) == map.points)
        #expect(share(more.points, of: 600..<660) > 0.99)
    }

    @Test func `beyond a limit the others are placed among a sample`() {
        var options = EmbeddingMap.Options(threads: 2)
        options.mostLaidOut = 200
        let map = EmbeddingMap(of: rows(600), options: options)
        #expect(map.points.count == 600 && share(map.points, of: 0..<600) > 0.98)
    }

    @Test func `few rows, equal rows and rows of zeros have finite points`() {
        for count in [0, 1, 2, 3, 17] {
            for value in [Float(0), 0.5] {
                let rows = Embeddings(values: [Float](repeating: value, count: count * 80), dimension: 80)
                let points = EmbeddingMap(of: rows, options: .init(threads: 1)).points
                #expect(points.count == count && points.allSatisfy { $0.x.isFinite && $0.y.isFinite })
            }
        }
    }

    @Test func `a map that is no longer wanted ends`() {
        var told = 0
        let map = EmbeddingMap(of: rows(300), options: .init(threads: 1)) { _ in
            told += 1
            return told < 2
        }
        #expect(told == 2 && map.points.count == 300)
    }

    @Test func `principal components are the directions of largest variance`() {
        // Independent columns: the third varies most, then the first.
        var random = SplitMix64(seed: 5)
        var values: [Float] = []
        for _ in 0..<4000 {
            values += [Float(random.between(-2, 2)), Float(random.between(-1, 1)), Float(random.between(-5, 5)) + 9]
        }
        let rows = Embeddings(values: values, dimension: 3)
        let places = PrincipalComponents(of: rows, count: 2, threads: 1).places(of: rows)
        for row in 0..<50 {
            #expect(abs(abs(places.values[2 * row]) - abs(values[3 * row + 2] - 9)) < 0.3)
            #expect(abs(abs(places.values[2 * row + 1]) - abs(values[3 * row])) < 0.3)
        }
    }
}
