internal import CKernels

/// Activations in the working memory of a ``CPUEngine``: a row-major matrix and the layout of its sequences.
public struct CPUTensor {
    var block: Workspace.Block
    /// The number of rows: one for each position of the packed batch.
    public let rows: Int
    /// Whether a few rows stand behind the last, which matrix products compute and nobody reads: ``RowCount``.
    let isFilledUp: Bool
    /// The number of columns.
    public let columns: Int
    /// Which row belongs to which sequence.
    public let layout: SequenceLayout
    let type: diptych_type

    /// The rows that there is memory for.
    var allRows: Int { isFilledUp ? RowCount.filledUp(rows) : rows }
    var pointer: UnsafeMutableRawPointer { block.pointer }
    var floatPointer: UnsafeMutablePointer<Float> { block.pointer.assumingMemoryBound(to: Float.self) }

    /// A copy of the values, row by row.
    public func floats() -> [Float] {
        [Float](unsafeUninitializedCapacity: rows * columns) { buffer, initialized in
            if let destination = buffer.baseAddress {
                diptych_widen(DIPTYCH_ISA_SCALAR, type, pointer, destination, rows * columns)
            }
            initialized = rows * columns
        }
    }
}

extension diptych_type {
    var byteCount: Int { self == DIPTYCH_F32 ? 4 : 2 }
}
