extension TensorView {
    /// The tensor that a view is a part of, and where the part begins.
    struct Origin {
        let shape: [Int]
        let bytes: UnsafeRawBufferPointer
        let firstRow: Int
    }

    /// The part of the tensor whose first index lies in `range`, without a copy.
    ///
    /// The tensor must have at least one extent and `range` must lie inside the first.
    public func rows(_ range: Range<Int>) -> TensorView {
        precondition(!shape.isEmpty && range.lowerBound >= 0 && range.upperBound <= shape[0], "rows outside \(name)")
        let each = shape[0] == 0 ? 0 : bytes.count / shape[0]
        return TensorView(
            name: name, elementType: elementType, shape: [range.count] + shape.dropFirst(),
            bytes: UnsafeRawBufferPointer(rebasing: bytes[range.lowerBound * each..<range.upperBound * each]),
            file: file, memory: memory,
            origin: Origin(
                shape: origin?.shape ?? shape, bytes: origin?.bytes ?? bytes,
                firstRow: (origin?.firstRow ?? 0) + range.lowerBound))
    }

    /// The tensor of the checkpoint that this is, or is a part of.
    ///
    /// An engine that changes parameters keeps whole tensors, by their names, and reads parts of them.
    public var whole: TensorView {
        guard let origin else { return self }
        return TensorView(
            name: name, elementType: elementType, shape: origin.shape, bytes: origin.bytes, file: file, memory: memory)
    }

    /// The rows of ``whole`` that this is, or nil when it is all of it.
    public var rowsOfWhole: Range<Int>? {
        guard let origin, let count = shape.first else { return nil }
        return origin.firstRow..<origin.firstRow + count
    }
}
