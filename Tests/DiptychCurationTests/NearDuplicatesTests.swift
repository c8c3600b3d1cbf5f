import Diptych
import DiptychCuration
import DiptychTestSupport
import Testing

/// Groups of near duplicates against every pair's cosine.
struct NearDuplicatesTests {
    /// Rows at random, some of them others with a little noise.
    private func rows(_ count: Int, dimension: Int, seed: UInt64) -> Embeddings {
        var generator = SeededGenerator(seed)
        var values: [Float] = []
        for row in 0..<count {
            let isCopy = row > 0 && Int.random(in: 0..<4, using: &generator) == 0
            let source = isCopy ? Int.random(in: 0..<row, using: &generator) : 0
            for index in 0..<dimension {
                let noise = Float.random(in: -1...1, using: &generator)
                values.append(isCopy ? 3 * values[source * dimension + index] + 0.05 * noise : noise)
            }
        }
        return Embeddings(values: values, dimension: dimension)
    }

    /// The same by the definition.
    private func expected(_ rows: Embeddings, _ threshold: Float) -> [Int] {
        var groups = Array(0..<rows.count)
        for a in 0..<rows.count {
            for b in 0..<a where rows[a].similarity(to: rows[b]) >= threshold {
                let (from, to) = (max(groups[a], groups[b]), min(groups[a], groups[b]))
                if from != to { for index in groups.indices where groups[index] == from { groups[index] = to } }
            }
        }
        return groups
    }

    @Test("groups are those of every pair's cosine, within and across blocks", arguments: [1, 2, 63, 600, 1100])
    func everyPair(_ count: Int) async throws {
        let rows = rows(count, dimension: 24, seed: UInt64(count))
        for threshold: Float in [0.9, 0.97] {
            #expect(
                try await NearDuplicates.groups(rows, threshold: threshold, threads: 2) == expected(rows, threshold))
        }
    }

    @Test("equal rows are one group at a cosine of 1, and rows without a direction stay alone")
    func limits() async throws {
        let rows = Embeddings(values: [3, 4, 0, 0, 30, 40, .nan, 1, 0, 0, .infinity, 1], dimension: 2)
        #expect(try await NearDuplicates.groups(rows, threshold: 1) == [0, 1, 0, 3, 4, 5])
        #expect(try await NearDuplicates.groups(Embeddings(values: [], dimension: 4), threshold: 0.5).isEmpty)
        for threshold: Float in [0, -1, 1.1, .nan] {
            await #expect(throws: CurationError.self) { try await NearDuplicates.groups(rows, threshold: threshold) }
        }
    }
}
