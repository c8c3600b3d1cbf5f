public import Diptych
internal import DiptychBasics
internal import Synchronization

/// Finds rows of embeddings that are nearly the same.
///
/// Every pair is compared, by products of blocks of rows: 20,000 rows of 512 take 0.2 TFLOP, a million 0.5 PFLOP. Memory is the
/// embeddings, as much again for their normalised copy, four bytes a row, and some MiB a thread.
public enum NearDuplicates {
    /// The most rows that are compared.
    public static let largestCount = 1 << 20

    /// Rows of a block, and of another that it is multiplied with.
    private static let blockRows = 512

    /// The group of each row: rows whose cosine is at least `threshold` hang together, also through others between them.
    ///
    ///     let groups = try await NearDuplicates.groups(embeddings, threshold: 0.97)
    ///     let copies = groups.indices.filter { groups[$0] != $0 }
    ///
    /// - Parameters:
    ///   - embeddings: rows of any length; those of zeros, or with numbers that are not finite, stay alone.
    ///   - threshold: a cosine above 0 and up to 1, compared to within 1e-6.
    ///   - threads: how many work at a time; without it, one a processor.
    ///   - progress: told of the share that is done, from 0 to 1.
    /// - Returns: for each row, the first row of its group; a row that is like none before it is its own.
    /// - Throws: ``CurationError`` for another threshold and for more than ``largestCount`` rows; `CancellationError`.
    public static func groups(
        _ embeddings: Embeddings, threshold: Float, threads: Int? = nil,
        progress: (@Sendable (Double) -> Void)? = nil
    ) async throws -> [Int] {
        guard threshold > 0, threshold <= 1 else {
            throw CurationError("near duplicates have a cosine above 0 and up to 1, not \(threshold)")
        }
        guard embeddings.count <= largestCount else {
            throw CurationError(
                "\(embeddings.count) rows are more than the \(largestCount) of which all pairs are compared; divide them"
            )
        }
        let isCancelled = StopFlag()
        let found = try await withTaskCancellationHandler {
            try await WorkerThreads.shared.value {
                compare(
                    usable(embeddings), threshold: threshold - 1e-6, ParallelWork(threads: threads), isCancelled,
                    progress)
            }
        } onCancel: {
            isCancelled.set()
        }
        try Task.checkCancellation()
        return found
    }

    /// Rows of length 1; zeros in place of rows that have no direction.
    private static func usable(_ embeddings: Embeddings) -> Embeddings {
        guard !embeddings.values.allSatisfy(\.isFinite) else { return embeddings.normalized() }
        var values = embeddings.values
        for row in 0..<embeddings.count {
            let range = row * embeddings.dimension..<(row + 1) * embeddings.dimension
            if !values[range].allSatisfy(\.isFinite) { for index in range { values[index] = 0 } }
        }
        return Embeddings(values: values, dimension: embeddings.dimension).normalized()
    }

    private static func compare(
        _ rows: Embeddings, threshold: Float, _ work: ParallelWork, _ isCancelled: StopFlag,
        _ progress: (@Sendable (Double) -> Void)?
    ) -> [Int] {
        let count = rows.count
        let blocks = (count + blockRows - 1) / blockRows
        let sets = Mutex(DisjointSets(count: count))
        let done = Mutex(0)
        // A block with itself and those behind it, the longest rows of blocks first.
        work.each(blocks) { first, _ in
            guard !isCancelled.isSet else { return }
            let product = BlockProduct(rows, from: first * blockRows, count: min(blockRows, count - first * blockRows))
            for second in first..<blocks {
                guard !isCancelled.isSet else { return }
                let start = second * blockRows
                let pairs = product.pairs(with: start, count: min(blockRows, count - start), atLeast: threshold)
                if !pairs.isEmpty { sets.withLock { sets in for (a, b) in pairs { sets.join(a, b) } } }
            }
            let share = done.withLock { done in
                done += blocks - first
                return Double(done) / Double(blocks * (blocks + 1) / 2)
            }
            progress?(share)
        }
        return sets.withLock { sets in (0..<count).map { sets.root(of: $0) } }
    }
}

/// A block of rows, packed to be multiplied with others.
private final class BlockProduct {
    private let rows: Embeddings
    private let start: Int
    private let count: Int
    private let blocks: ScoreBlocks
    private var scores: [Float] = []

    init(_ rows: Embeddings, from start: Int, count: Int) {
        (self.rows, self.start, self.count) = (rows, start, count)
        blocks = ScoreBlocks(candidates: rows, range: start..<start + count, threads: 1)
    }

    /// The pairs of a row of this block and a later row of another that have a product of at least `threshold`.
    func pairs(with other: Int, count others: Int, atLeast threshold: Float) -> [(Int, Int)] {
        blocks.scores(of: rows, other..<other + others, into: &scores)
        var pairs: [(Int, Int)] = []
        scores.withUnsafeBufferPointer { scores in
            for row in 0..<others {
                let line = UnsafeBufferPointer(rebasing: scores[row * count..<(row + 1) * count])
                guard Self.highest(line) >= threshold else { continue }
                for (column, score) in line.enumerated() where score >= threshold && start + column < other + row {
                    pairs.append((start + column, other + row))
                }
            }
        }
        return pairs
    }

    /// The largest of some numbers, sixteen at a time.
    private static func highest(_ line: UnsafeBufferPointer<Float>) -> Float {
        var highest = SIMD16<Float>(repeating: -.infinity)
        let whole = line.count / 16 * 16
        let raw = UnsafeRawBufferPointer(line)
        for index in stride(from: 0, to: whole, by: 16) {
            let some = raw.loadUnaligned(fromByteOffset: 4 * index, as: SIMD16<Float>.self)
            highest = pointwiseMax(highest, some)
        }
        var result = highest.max()
        for index in whole..<line.count { result = max(result, line[index]) }
        return result
    }
}
