// Sendable: the bytes are a read-only part of `file` or `memory`, which this value keeps alive, so any thread may read them.
/// A named tensor of a checkpoint: shape, element type and bytes, without a copy where the file has them in order.
public struct TensorView: @unchecked Sendable {
    /// The tensor's name in the checkpoint.
    public let name: String
    /// The type of one element.
    public let elementType: ElementType
    /// The extents, outermost first; empty for a scalar.
    public let shape: [Int]
    /// The elements in row-major order, little-endian; not necessarily aligned.
    public let bytes: UnsafeRawBufferPointer
    /// The mapping that holds the bytes; nil when they had to be put in order, which PyTorch files can ask for.
    public let file: MappedFile?
    /// What holds the bytes when no mapping does.
    let memory: TensorMemory?
    /// What this is a part of; nil when it is a whole tensor of the checkpoint.
    let origin: Origin?

    init(
        name: String, elementType: ElementType, shape: [Int], bytes: UnsafeRawBufferPointer, file: MappedFile?,
        memory: TensorMemory? = nil, origin: Origin? = nil
    ) {
        self.name = name
        self.elementType = elementType
        self.shape = shape
        self.bytes = bytes
        self.file = file
        self.memory = memory
        self.origin = origin
    }

    /// A tensor in memory.
    ///
    /// - Parameter values: as many numbers as `shape` has places.
    public init(name: String, shape: [Int], floats values: [Float]) {
        precondition(values.count == shape.reduce(1, *), "values do not fill \(shape)")
        let memory = TensorMemory(byteCount: max(4, 4 * values.count))
        values.withUnsafeBytes { memory.bytes.copyMemory(from: $0) }
        self.init(
            name: name, elementType: .float32, shape: shape,
            bytes: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(memory.bytes)[..<(4 * values.count)]),
            file: nil,
            memory: memory)
    }

    /// The number of elements.
    public var count: Int { shape.reduce(1, *) }

    /// Gives the tensor's pages back to the system once its values have been copied elsewhere. Without effect on a
    /// tensor that lies in no file.
    public func releasePages() { file?.release(bytes) }

    /// The elements as `Float`, converted from whatever floating-point type the file holds.
    public func floats() -> [Float] {
        [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
            copyFloats(from: 0, count: count, to: buffer.baseAddress)
            initialized = count
        }
    }

    /// The elements of a tensor of 64-bit whole numbers; none of another.
    public func integers() -> [Int64] {
        guard elementType == .int64, let base = bytes.baseAddress else { return [] }
        return (0..<count).map { base.loadUnaligned(fromByteOffset: $0 * 8, as: Int64.self) }
    }

    /// The elements as `Double`: those of a tensor of 64-bit floats as they are, those of others by ``floats()``.
    public func doubles() -> [Double] {
        guard elementType == .float64, let base = bytes.baseAddress else { return floats().map(Double.init) }
        return (0..<count).map { base.loadUnaligned(fromByteOffset: $0 * 8, as: Double.self) }
    }

    /// Converts `count` elements from element `start` on into `destination`.
    ///
    /// The range must lie inside the tensor and the element type must be a floating-point type.
    public func copyFloats(from start: Int, count: Int, to destination: UnsafeMutablePointer<Float>?) {
        precondition(start >= 0 && count >= 0 && start + count <= self.count, "range outside \(name)")
        guard count > 0, let destination, let base = bytes.baseAddress else { return }
        let source = base + start * elementType.byteCount
        switch elementType {
        case .float32:
            UnsafeMutableRawPointer(destination).copyMemory(from: source, byteCount: count * 4)
        case .bfloat16:
            for i in 0..<count {
                let bits = UInt32(source.loadUnaligned(fromByteOffset: i * 2, as: UInt16.self))
                destination[i] = Float(bitPattern: bits << 16)
            }
        case .float16:
            for i in 0..<count {
                destination[i] = Float(halfBits: source.loadUnaligned(fromByteOffset: i * 2, as: UInt16.self))
            }
        case .float64:
            for i in 0..<count {
                destination[i] = Float(source.loadUnaligned(fromByteOffset: i * 8, as: Double.self))
            }
        case .int64, .int32, .int16, .int8, .uint8, .bool:
            preconditionFailure("\(name) holds \(elementType.rawValue), not floating-point numbers")
        }
    }
}
