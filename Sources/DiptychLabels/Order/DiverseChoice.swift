internal import DiptychBasics
internal import Foundation

/// Chooses images that differ from each other.
enum DiverseChoice {
    /// The most candidates that are compared with each other.
    static let candidateLimit = 20_000

    /// The images that teach most: those that a head is least certain about, no two alike; without a head, the centres of clusters.
    static func teaching(
        _ count: Int, of rows: [Int], predictions: [LabelHead.Prediction]?, labels: Int, in pool: LabelPool,
        seed: UInt64
    ) -> [Int] {
        guard let predictions else {
            return Array(centres(max(count, 2 * labels), of: rows, in: pool, seed: seed).prefix(count))
        }
        let sorted = rows.sorted { predictions[$0].uncertainty > predictions[$1].uncertainty }
        return spread(sorted.map { ($0, predictions[$0].uncertainty) }, count: count, in: pool)
    }

    /// Of candidates, best first, some that are no near neighbours of each other or of the ones before: each next one has the
    /// highest score less its similarity to what was chosen.
    ///
    /// - Parameters:
    ///   - candidates: rows with their scores, 0 to 1.
    ///   - weight: how much likeness counts.
    static func spread(
        _ candidates: [(row: Int, score: Float)], count: Int, weight: Float = 1, in pool: LabelPool
    ) -> [Int] {
        var left = Array(candidates.prefix(max(count * 12, 120)))
        var nearest = [Float](repeating: -1, count: left.count)
        var chosen: [Int] = []
        while chosen.count < count, !left.isEmpty {
            var best = 0
            for place in left.indices
            where left[place].score - weight * max(0, nearest[place]) > left[best].score - weight
                * max(0, nearest[best])
            {
                best = place
            }
            let row = left[best].row
            chosen.append(row)
            left.remove(at: best)
            nearest.remove(at: best)
            pool.values.withUnsafeBufferPointer { values in
                for place in left.indices {
                    let likeness = Products.dot(
                        values, row * pool.dimension, values, left[place].row * pool.dimension, pool.dimension)
                    nearest[place] = max(nearest[place], likeness)
                }
            }
        }
        return chosen
    }

    /// The images nearest to the centres of so many clusters, those of the largest clusters first (k-means++ by Arthur and
    /// Vassilvitskii, 2007, then Lloyd's steps on a sample).
    static func centres(_ count: Int, of rows: [Int], in pool: LabelPool, seed: UInt64) -> [Int] {
        guard rows.count > count, count > 0 else { return rows }
        let dimension = pool.dimension
        var generator = SplitMix64(seed: seed)
        var sample = rows
        let limit = min(candidateLimit, max(count * 40, 1500))
        if sample.count > limit {
            for place in 0..<limit { sample.swapAt(place, place + generator.below(sample.count - place)) }
            sample = Array(sample[..<limit])
        }
        var centres = plusPlus(count, sample, pool, &generator)
        var owners = [Int](repeating: 0, count: sample.count)
        for _ in 0..<6 {
            owners = self.owners(of: sample, centres, pool)
            var sums = [Float](repeating: 0, count: centres.count)
            for (place, owner) in owners.enumerated() {
                let row = sample[place]
                for index in 0..<dimension {
                    sums[owner * dimension + index] += pool.values[row * dimension + index]
                }
            }
            for cluster in 0..<centres.count / dimension {
                let range = cluster * dimension..<(cluster + 1) * dimension
                let length = sums[range].reduce(0) { $0 + $1 * $1 }.squareRoot()
                guard length > 0 else { continue }
                for index in range { centres[index] = sums[index] / length }
            }
        }
        var best = [(row: Int, likeness: Float)](repeating: (-1, -2), count: centres.count / dimension)
        var sizes = [Int](repeating: 0, count: best.count)
        pool.values.withUnsafeBufferPointer { values in
            centres.withUnsafeBufferPointer { centres in
                for (place, owner) in owners.enumerated() {
                    sizes[owner] += 1
                    let likeness = Products.dot(
                        values, sample[place] * dimension, centres, owner * dimension, dimension)
                    if likeness > best[owner].likeness { best[owner] = (sample[place], likeness) }
                }
            }
        }
        return best.indices.sorted { (-sizes[$0], $0) < (-sizes[$1], $1) }.map { best[$0].row }.filter { $0 >= 0 }
    }

    private static func plusPlus(
        _ count: Int, _ sample: [Int], _ pool: LabelPool, _ generator: inout SplitMix64
    ) -> [Float] {
        let dimension = pool.dimension
        var chosen = sample[generator.below(sample.count)]
        var centres = Array(pool.embedding(chosen))
        var distances = [Double](repeating: .infinity, count: sample.count)
        while centres.count < count * dimension {
            pool.values.withUnsafeBufferPointer { values in
                for place in sample.indices {
                    let likeness = Products.dot(
                        values, sample[place] * dimension, values, chosen * dimension, dimension)
                    distances[place] = min(distances[place], Double(max(0, 1 - likeness)))
                }
            }
            var left = generator.unit() * distances.reduce(0, +)
            var place = 0
            while place < sample.count - 1 {
                left -= distances[place]
                if left < 0 { break }
                place += 1
            }
            chosen = sample[place]
            centres += pool.embedding(chosen)
        }
        return centres
    }

    private static func owners(of sample: [Int], _ centres: [Float], _ pool: LabelPool) -> [Int] {
        let dimension = pool.dimension
        return Products.blocks(sample.count) { range in
            pool.values.withUnsafeBufferPointer { values in
                centres.withUnsafeBufferPointer { centres in
                    range.map { place in
                        var best = (cluster: 0, likeness: -Float.infinity)
                        for cluster in 0..<centres.count / dimension {
                            let likeness = Products.dot(
                                values, sample[place] * dimension, centres, cluster * dimension, dimension)
                            if likeness > best.likeness { best = (cluster, likeness) }
                        }
                        return best.cluster
                    }
                }
            }
        }
    }
}
