internal import CKernels

/// Candidates, packed once, that queries are scored against in blocks: the score is the dot product of two rows.
///
/// The packed copy is as large as the candidates.
package final class ScoreBlocks: Sendable {
    /// The number of candidates.
    package let count: Int
    private let candidates: Embeddings
    private let range: Range<Int>
    private let bias: [Float]
    // Written by `init` only.
    nonisolated(unsafe) private let packed: UnsafeMutableRawBufferPointer?

    /// The most scores of a block, so that its memory does not grow with the candidates.
    private static let mostScores = 1 << 20
    private static let mostRows = 64

    /// - Parameters:
    ///   - range: which rows of `candidates`; without it, all.
    ///   - threads: those that pack.
    package init(candidates: Embeddings, range: Range<Int>? = nil, threads: Int) {
        let range = range ?? 0..<candidates.count
        (self.candidates, self.range, count) = (candidates, range, range.count)
        let (count, width) = (range.count, candidates.dimension)
        bias = [Float](repeating: 0, count: (count + 63) / 64 * 64)
        guard count > 0, diptych_gemm_is_fast(DIPTYCH_OPERAND_F32) else {
            packed = nil
            return
        }
        let memory = UnsafeMutableRawBufferPointer.allocate(
            byteCount: diptych_packed_size(DIPTYCH_OPERAND_F32, width, count), alignment: 64)
        candidates.values.withUnsafeBufferPointer { values in
            diptych_pack(
                Int32(clamping: threads), DIPTYCH_OPERAND_F32,
                values.baseAddress.map { $0 + range.lowerBound * width }, width, count, 1, width, memory.baseAddress,
                nil)
        }
        packed = memory
    }

    deinit { packed?.deallocate() }

    /// The queries of a block that keeps to the memory of one.
    package var rows: Int { max(1, min(Self.mostRows, Self.mostScores / max(1, count))) }

    /// The scores of some rows of `queries`: [rows, candidates].
    ///
    /// - Parameter scores: made longer where it is too short.
    package func scores(of queries: Embeddings, _ rows: Range<Int>, into scores: inout [Float]) {
        let width = candidates.dimension
        guard count > 0, !rows.isEmpty else { return }
        if scores.count < rows.count * count { scores = [Float](repeating: 0, count: rows.count * count) }
        queries.values.withUnsafeBufferPointer { values in
            scores.withUnsafeMutableBufferPointer { scores in
                guard let first = values.baseAddress.map({ $0 + rows.lowerBound * width }),
                    let target = scores.baseAddress
                else { return }
                multiply(first, rows.count, target)
            }
        }
    }

    /// The scores of all queries: [queries, candidates].
    package func scores(of queries: Embeddings) -> [Float] {
        var (all, some): ([Float], [Float]) = ([], [])
        all.reserveCapacity(queries.count * count)
        for start in stride(from: 0, to: queries.count, by: rows) {
            let block = start..<min(queries.count, start + rows)
            scores(of: queries, block, into: &some)
            all += some[..<(block.count * count)]
        }
        return all
    }

    private func multiply(_ first: UnsafePointer<Float>, _ rows: Int, _ target: UnsafeMutablePointer<Float>) {
        let width = candidates.dimension
        guard let packed else {
            candidates.values.withUnsafeBufferPointer { candidates in
                for row in 0..<rows {
                    diptych_dot_rows(
                        diptych_detected_isa(), first + row * width,
                        candidates.baseAddress.map { $0 + range.lowerBound * width }, count, width,
                        target + row * count)
                }
            }
            return
        }
        bias.withUnsafeBufferPointer { bias in
            var product = diptych_gemm()
            product.operand = DIPTYCH_OPERAND_F32
            (product.rows, product.inputs, product.outputs) = (rows, width, count)
            product.input = UnsafeRawPointer(first)
            product.packed = UnsafeRawPointer(packed.baseAddress)
            product.bias = bias.baseAddress
            (product.output, product.output_type) = (UnsafeMutableRawPointer(target), DIPTYCH_F32)
            diptych_multiply(diptych_detected_isa(), 1, &product)
        }
    }
}
