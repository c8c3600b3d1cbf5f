/// What a file of `torch.save` holds beside or around tensors: the dictionaries of a training checkpoint.
public indirect enum PyTorchValue: Sendable {
    /// `None`.
    case none
    /// A truth value.
    case bool(Bool)
    /// A whole number.
    case int(Int)
    /// A 64-bit float.
    case double(Double)
    /// A text.
    case string(String)
    /// A list; tuples are read as lists.
    case list([PyTorchValue])
    /// A tuple, to be written.
    case tuple([PyTorchValue])
    /// A dictionary in its order.
    case dictionary([(key: PyTorchValue, value: PyTorchValue)])
    /// A `collections.OrderedDict`, to be written: what `state_dict()` gives. It is read as a dictionary.
    case ordered([(key: PyTorchValue, value: PyTorchValue)])
    /// A tensor that was read.
    case tensor(TensorView)
    /// A tensor to be written.
    case written(PyTorchTensor)
    /// Something of no use here, which is not read.
    case other

    /// The value of a dictionary under a text.
    public subscript(key: String) -> PyTorchValue? {
        guard case .dictionary(let pairs) = self else { return nil }
        // The last value of a key counts.
        return pairs.last {
            if case .string(key) = $0.key { true } else { false }
        }?.value
    }

    /// The value of a dictionary under a number.
    public subscript(key: Int) -> PyTorchValue? {
        guard case .dictionary(let pairs) = self else { return nil }
        return pairs.last {
            if case .int(key) = $0.key { true } else { false }
        }?.value
    }

    /// The whole number, if this is one, or a tensor of one.
    public var int: Int? {
        switch self {
        case .int(let value): return value
        case .double(let value): return Int(exactly: value)
        case .tensor(let view) where view.count == 1 && view.elementType.isFloatingPoint:
            return view.floats().first.flatMap { Int(exactly: $0) }
        default: return nil
        }
    }

    /// The text, if this is one.
    public var string: String? { if case .string(let text) = self { text } else { nil } }
    /// The elements, if this is a list.
    public var list: [PyTorchValue]? { if case .list(let values) = self { values } else { nil } }
    /// The tensor, if this is one that was read.
    public var tensor: TensorView? { if case .tensor(let view) = self { view } else { nil } }
}

/// A tensor of a file that ``PyTorchWriter`` writes.
public struct PyTorchTensor: Sendable {
    /// Its extents.
    public let shape: [Int]
    /// The type of one number.
    public let elementType: ElementType
    /// Its numbers as the file has them: little-endian, row by row.
    let bytes: @Sendable () throws -> [UInt8]

    /// A tensor of 32-bit floats, which are asked for when it is written.
    public static func floats(_ shape: [Int], _ values: @escaping @Sendable () throws -> [Float]) -> PyTorchTensor {
        PyTorchTensor(shape: shape, elementType: .float32) { try raw(values()) }
    }

    /// A tensor of 64-bit floats.
    public static func doubles(_ shape: [Int], _ values: @escaping @Sendable () throws -> [Double]) -> PyTorchTensor {
        PyTorchTensor(shape: shape, elementType: .float64) { try raw(values()) }
    }

    /// A tensor of 64-bit whole numbers.
    public static func integers(_ shape: [Int], _ values: [Int64]) -> PyTorchTensor {
        PyTorchTensor(shape: shape, elementType: .int64) { raw(values) }
    }

    /// A tensor of bytes.
    public static func bytes(_ values: [UInt8]) -> PyTorchTensor {
        PyTorchTensor(shape: [values.count], elementType: .uint8) { values }
    }

    // All platforms that this package builds for are little-endian.
    private static func raw<Number: BitwiseCopyable>(_ values: [Number]) -> [UInt8] {
        values.withUnsafeBytes(Array.init)
    }
}

extension PyTorchFile {
    /// The deepest that values may lie in one another.
    private static let deepest = 16

    /// All that the file at `path` holds, of which nothing is run: the state of an optimiser, the number of a step.
    ///
    /// - Throws: ``CheckpointError`` as for weights.
    public static func contents(of path: String) throws -> PyTorchValue {
        let file = try MappedFile(path: path)
        let (unpickler, root, _) = try load(file)
        var budget = file.bytes.count + spareBytes
        var left = Unpickler.maximumValues
        func value(_ stored: PickleValue, _ name: String, depth: Int) throws -> PyTorchValue {
            left -= 1
            guard depth <= deepest, left > 0 else {
                throw CheckpointError(.malformed, path: path, "its values lie too deep in one another, or are too many")
            }
            switch stored {
            case .none: return .none
            case .bool(let value): return .bool(value)
            case .int(let value): return .int(value)
            case .float(let value): return .double(value)
            case .string(let text): return .string(text)
            case .sequence(let place):
                return .list(try unpickler.heap.sequences[place].map { try value($0, name, depth: depth + 1) })
            case .dictionary(let place):
                return .dictionary(
                    try unpickler.heap.dictionaries[place].map { pair in
                        let key = try value(pair.key, name, depth: depth + 1)
                        return (key, try value(pair.value, key.string ?? name, depth: depth + 1))
                    })
            case .tensor(let place):
                return .tensor(try view(of: unpickler.heap.tensors[place], name, file, &budget))
            case .object, .storage, .constructor, .inert: return .other
            }
        }
        return try value(root, "", depth: 0)
    }
}
