internal import CKernels
internal import Diptych

/// Candidates, packed once, that queries are scored against in blocks: the score is the dot product of two rows.
///
/// The packed copy is as large as the candidates.
final class ScoreBlocks: Sendable {
    private let queries: Embeddings
    private let candidates: Embeddings
    private let bias: [Float]
    // Written by `init` only.
    nonisolated(unsafe) private let packed: UnsafeMutableRawBufferPointer?

    /// The most scores of a block, so that its memory does not grow with the candidates.
    private static let mostScores = 1 << 20
    private static let mostRows = 64

    init(queries: Embeddings, candidates: Embeddings, threads: Int) {
        (self.queries, self.candidates) = (queries, candidates)
        let (count, width) = (candidates.count, candidates.dimension)
        bias = [Float](repeating: 0, count: (count + 63) / 64 * 64)
        guard count > 0, diptych_gemm_is_fast(DIPTYCH_OPERAND_F32) else {
            packed = nil
            return
        }
        let memory = UnsafeMutableRawBufferPointer.allocate(
            byteCount: diptych_packed_size(DIPTYCH_OPERAND_F32, width, count), alignment: 64)
        candidates.values.withUnsafeBufferPointer { values in
            diptych_pack(
                Int32(clamping: threads), DIPTYCH_OPERAND_F32, values.baseAddress, width, count, 1, width,
                memory.baseAddress, nil)
        }
        packed = memory
    }

    deinit { packed?.deallocate() }

    /// The queries of each block.
    var rows: Int { max(1, min(Self.mostRows, Self.mostScores / max(1, candidates.count))) }

    /// The scores of some queries: [rows, candidates].
    func scores(of range: Range<Int>, into scores: inout [Float]) {
        let (count, width) = (candidates.count, candidates.dimension)
        guard count > 0, !range.isEmpty else { return }
        if scores.count < range.count * count { scores = [Float](repeating: 0, count: range.count * count) }
        queries.values.withUnsafeBufferPointer { values in
            scores.withUnsafeMutableBufferPointer { scores in
                guard let first = values.baseAddress.map({ $0 + range.lowerBound * width }),
                    let target = scores.baseAddress
                else { return }
                guard let packed else {
                    candidates.values.withUnsafeBufferPointer { candidates in
                        for row in 0..<range.count {
                            diptych_dot_rows(
                                diptych_detected_isa(), first + row * width, candidates.baseAddress, count, width,
                                target + row * count)
                        }
                    }
                    return
                }
                bias.withUnsafeBufferPointer { bias in
                    var product = diptych_gemm()
                    product.operand = DIPTYCH_OPERAND_F32
                    (product.rows, product.inputs, product.outputs) = (range.count, width, count)
                    product.input = UnsafeRawPointer(first)
                    product.packed = UnsafeRawPointer(packed.baseAddress)
                    product.bias = bias.baseAddress
                    (product.output, product.output_type) = (UnsafeMutableRawPointer(target), DIPTYCH_F32)
                    diptych_multiply(diptych_detected_isa(), 1, &product)
                }
            }
        }
    }
}
