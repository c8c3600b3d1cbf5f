/// The classes and functions that a checkpoint's pickle may name. Each stands for what it does to plain data; no name
/// leads to anything that could be run.
enum PickleConstructor: Hashable {
    /// `collections.OrderedDict` and `Counter`.
    case dictionary
    /// `torch._utils._rebuild_tensor` and its later versions: a tensor from a storage, an offset, extents and strides.
    case tensor(version: Int)
    /// `torch._utils._rebuild_parameter`: the tensor that it is given.
    case parameter
    /// A storage class; nil for the storage without a type of its own.
    case storage(ElementType?)
    /// A `dtype`.
    case elementType(ElementType)
    /// A function that gives back its first argument.
    case identity
    /// A class of TorchScript, whose instances are bags of attributes.
    case script
    /// Something harmless that nobody looks at.
    case inert

    /// The constructor of that name, or nil when a checkpoint has no business with it.
    init?(module: String, name: String, allowingScript: Bool) {
        if let known = Self.known["\(module).\(name)"] {
            self = known
        } else if allowingScript, module == "__torch__" || module.hasPrefix("__torch__.") {
            self = .script
        } else {
            return nil
        }
    }

    /// Whether that name, which is no constructor here, is a type of numbers in PyTorch: `ComplexFloatStorage`, `uint16`.
    static func isElementType(module: String, name: String) -> Bool {
        module == "torch"
            && (name.hasSuffix("Storage")
                || ["uint", "complex", "float8", "quint", "qint"].contains { name.hasPrefix($0) })
    }

    private static let known: [String: PickleConstructor] = {
        var table: [String: PickleConstructor] = [
            "collections.OrderedDict": .dictionary,
            "collections.Counter": .dictionary,
            "torch._utils._rebuild_tensor": .tensor(version: 1),
            "torch._utils._rebuild_tensor_v2": .tensor(version: 2),
            "torch._utils._rebuild_tensor_v3": .tensor(version: 3),
            "torch._utils._rebuild_parameter": .parameter,
            "torch._utils._rebuild_parameter_with_state": .parameter,
            "torch.storage.UntypedStorage": .storage(nil),
            "torch.Size": .identity,
            "torch.device": .inert,
            "_codecs.encode": .inert,
            "numpy.dtype": .inert,
            "numpy.ndarray": .inert,
        ]
        for name in ["build_intlist", "build_tensorlist", "build_doublelist", "build_boollist", "restore_type_tag"] {
            table["torch.jit._pickle.\(name)"] = .identity
        }
        // NumPy 2 moved its insides; training checkpoints hold its scalars, and its arrays as random states.
        for module in ["numpy.core.multiarray", "numpy._core.multiarray"] {
            table["\(module).scalar"] = .inert
            table["\(module)._reconstruct"] = .inert
        }
        for module in ["numpy.core.numeric", "numpy._core.numeric"] { table["\(module)._frombuffer"] = .inert }
        // Protocol 2 has the names of Python 2.
        for module in ["builtins", "__builtin__"] {
            for name in ["set", "frozenset", "bytearray", "complex"] { table["\(module).\(name)"] = .inert }
        }
        let types: [(ElementType, storage: String, names: [String])] = [
            (.float64, "Double", ["float64", "double"]), (.float32, "Float", ["float32", "float"]),
            (.float16, "Half", ["float16", "half"]), (.bfloat16, "BFloat16", ["bfloat16"]),
            (.int64, "Long", ["int64", "long"]), (.int32, "Int", ["int32", "int"]),
            (.int16, "Short", ["int16", "short"]), (.int8, "Char", ["int8"]), (.uint8, "Byte", ["uint8"]),
            (.bool, "Bool", ["bool"]),
        ]
        for (type, storage, names) in types {
            table["torch.\(storage)Storage"] = .storage(type)
            for name in names { table["torch.\(name)"] = .elementType(type) }
        }
        return table
    }()
}
