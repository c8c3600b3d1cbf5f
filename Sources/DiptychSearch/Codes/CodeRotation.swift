internal import CKernels
internal import DiptychBasics

/// The random orthogonal matrix by which all vectors of a dimension are turned before they are coded.
struct CodeRotation: Sendable {
    private let signs: [Float]
    private let rounds: Int
    let dimension: Int

    /// The matrix of this dimension; always the same one, as it is part of the files' format.
    init(dimension: Int) {
        self.dimension = dimension
        // One transform does not reach all coordinates unless the dimension is a power of two.
        rounds = dimension & (dimension - 1) == 0 ? 2 : 4
        var generator = SplitMix64(seed: 0x6469_7074_7963_6821)
        signs = (0..<rounds * dimension).map { _ in generator.next() & 1 == 0 ? 1 : -1 }
    }

    /// The turned vector.
    func turned(_ vector: [Float]) -> [Float] {
        precondition(vector.count == dimension)
        var result = vector
        withRotation { rotation in withUnsafePointer(to: rotation) { diptych_rotate($0, &result) } }
        return result
    }

    /// Calls `body` with the rotation as the kernels take it.
    func withRotation<T>(_ body: (diptych_rotation) -> T) -> T {
        signs.withUnsafeBufferPointer { signs in
            body(diptych_rotation(dimension: dimension, rounds: rounds, signs: signs.baseAddress))
        }
    }

    /// Codes whole blocks of vectors, [16 · n, dimension]: the blocks, and the records.
    func encode(_ vectors: [Float], centre: [Float], threads: Int) -> (blocks: [UInt8], records: [UInt8]) {
        let count = vectors.count / dimension / CodeLayout.block
        precondition(centre.count == dimension && vectors.count == count * CodeLayout.block * dimension)
        var blocks = [UInt8](repeating: 0, count: count * diptych_code_block_bytes(dimension))
        var records = [UInt8](repeating: 0, count: count * CodeLayout.block * diptych_code_record_bytes(dimension))
        var scratch = [Float](repeating: 0, count: 2 * dimension * threads)
        withRotation { rotation in
            withUnsafePointer(to: rotation) {
                diptych_encode(Int32(threads), $0, centre, vectors, count, &blocks, &records, &scratch)
            }
        }
        return (blocks, records)
    }
}
