extension TensorView {
    /// The part of the tensor whose first index lies in `range`, without a copy.
    ///
    /// The tensor must have at least one extent and `range` must lie inside the first.
    public func rows(_ range: Range<Int>) -> TensorView {
        precondition(!shape.isEmpty && range.lowerBound >= 0 && range.upperBound <= shape[0], "rows outside \(name)")
        let each = shape[0] == 0 ? 0 : bytes.count / shape[0]
        return TensorView(
            name: name, elementType: elementType, shape: [range.count] + shape.dropFirst(),
            bytes: UnsafeRawBufferPointer(rebasing: bytes[range.lowerBound * each..<range.upperBound * each]),
            file: file)
    }
}
