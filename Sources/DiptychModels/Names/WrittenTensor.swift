internal import DiptychCheckpoints

/// A tensor of a file to be written: of one or several tensors of a checkpoint, under another name.
public struct WrittenTensor {
    /// Its name in the file.
    public let name: String
    /// Its extents in the file.
    public let shape: [Int]
    private let parts: [TensorView]
    private let isTransposed: Bool

    /// Parts that stand one after the other along the first extent; one matrix may be transposed.
    init(_ name: String, _ parts: [TensorView], isTransposed: Bool = false) {
        self.name = name
        self.parts = parts
        self.isTransposed = isTransposed
        let first = parts.first?.shape ?? []
        if isTransposed {
            shape = first.reversed()
        } else if parts.count == 1 {
            shape = name == "logit_scale" ? [] : first
        } else {
            shape = [parts.reduce(0) { $0 + ($1.shape.first ?? 0) }] + first.dropFirst()
        }
    }

    /// Hands over the numbers in their order, some at a time.
    public func floats(_ body: ([Float]) throws -> Void) throws {
        for part in parts {
            if isTransposed, part.shape.count == 2 {
                let (rows, columns, values) = (part.shape[0], part.shape[1], part.floats())
                for column in 0..<columns { try body((0..<rows).map { values[$0 * columns + column] }) }
            } else {
                let step = 1 << 18
                for start in stride(from: 0, to: part.count, by: step) {
                    let count = min(step, part.count - start)
                    try body(
                        [Float](unsafeUninitializedCapacity: count) { buffer, filled in
                            part.copyFloats(from: start, count: count, to: buffer.baseAddress)
                            filled = count
                        })
                }
            }
            part.releasePages()
        }
    }
}
