internal import DiptychEngine
internal import DiptychCheckpoints

/// A constant of a graph: its shape now, its numbers when the file is written.
///
/// Weights are never held: `floats` reads them from the checkpoint's mapping piece by piece.
struct Initialiser {
    /// Where the numbers come from.
    enum Content {
        /// Few enough to hold, as they stand in the file.
        case bytes([UInt8])
        /// Row by row in pieces, each given to the function.
        case floats((_ put: ([Float]) throws -> Void) throws -> Void)
    }

    /// Its name in the graph.
    let name: String
    let type: ONNXElementType
    /// The extents, outermost first.
    let dims: [Int]
    let content: Content

    /// The bytes that its numbers take in the file.
    var byteCount: Int { dims.reduce(type.byteCount, *) }

    /// Gives its numbers in order, little-endian, in pieces.
    ///
    /// - Throws: ``ONNXError`` when a number is too large for fp16, and what `put` throws.
    func write(_ put: ([UInt8]) throws -> Void) throws {
        switch content {
        case .bytes(let bytes): try put(bytes)
        case .floats(let pieces):
            try pieces { piece in
                guard type == .float16 else { return try put(littleEndian(piece.map(\.bitPattern))) }
                let halves = piece.map(Float16.init)
                if let at = halves.indices.first(where: { halves[$0].isInfinite && piece[$0].isFinite }) {
                    throw ONNXError("tensor '\(name)' holds \(piece[at]), which fp16 cannot; export it in fp32")
                }
                try put(littleEndian(halves.map(\.bitPattern)))
            }
        }
    }
}

/// The bytes of whole numbers, the lowest first.
func littleEndian<Word: FixedWidthInteger>(_ words: [Word]) -> [UInt8] {
    words.map(\.littleEndian).withUnsafeBytes { [UInt8]($0) }
}

extension ONNXElementType {
    /// The bytes that one number takes.
    package var byteCount: Int {
        switch self {
        case .int64: 8
        case .float, .int32: 4
        case .float16: 2
        case .bool, .undefinedElement: 1
        }
    }
}

extension TensorView {
    /// The most numbers of a piece.
    private static let pieceCount = 1 << 16

    /// Gives the numbers in order, in pieces, and the tensor's pages back to the system.
    func pieces(_ put: ([Float]) throws -> Void) throws {
        for start in stride(from: 0, to: count, by: Self.pieceCount) {
            try put(floats(from: start, count: min(Self.pieceCount, count - start)))
        }
        releasePages()
    }

    /// The numbers of a part.
    func floats(from start: Int, count: Int) -> [Float] {
        [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
            copyFloats(from: start, count: count, to: buffer.baseAddress)
            initialized = count
        }
    }
}

extension LinearParameters {
    /// Gives the weights as [inputs, outputs], the order in which x · W reads them, some inputs at a time.
    func transposedPieces(_ put: ([Float]) throws -> Void) throws {
        let step = max(1, (1 << 18) / max(1, outputs))
        for first in stride(from: 0, to: inputs, by: step) {
            let rows = min(step, inputs - first)
            var piece = [Float](repeating: 0, count: rows * outputs)
            var column = 0
            for weight in weights {
                let columns = weight.count / inputs
                for index in 0..<(layout == .outputsByInputs ? columns : rows) {
                    switch layout {
                    case .outputsByInputs:
                        let part = weight.floats(from: index * inputs + first, count: rows)
                        for row in 0..<rows { piece[row * outputs + column + index] = part[row] }
                    case .inputsByOutputs:
                        let start = index * outputs + column
                        let part = weight.floats(from: (first + index) * columns, count: columns)
                        piece.replaceSubrange(start..<start + columns, with: part)
                    }
                }
                column += columns
            }
            try put(piece)
        }
        weights.forEach { $0.releasePages() }
    }
}
