internal import DiptychBasics

/// Writes files as `torch.save` does since PyTorch 1.6, which `torch.load` reads, also with `weights_only`.
///
/// The file is a zip archive of stored entries: `data.pkl`, a pickle of protocol 2, and a record of raw numbers for each tensor, at a
/// multiple of 64 bytes. It appears at its path when it is complete.
public struct PyTorchWriter: ~Copyable {
    private let file: AtomicFile
    /// The folder of the entries.
    private let folder: String
    private var offset: UInt64 = 0
    private var directory: [UInt8] = []
    private var entries: UInt64 = 0

    /// Writes `root` to `path`.
    ///
    /// Tensors are asked for their numbers one by one.
    ///
    /// - Throws: ``FileWriteError``, and what a tensor's numbers throw.
    public static func write(_ root: PyTorchValue, to path: String) throws {
        let name = path.split(separator: "/").last.map(String.init) ?? "archive"
        let folder = name.hasSuffix(".pt") ? String(name.dropLast(3)) : name
        var writer = PyTorchWriter(file: try AtomicFile(path: path), folder: folder.isEmpty ? "archive" : folder)
        var pickle = PickleEncoder()
        try writer.add("data.pkl", pickle.encode(root))
        try writer.add("byteorder", Array("little".utf8))
        for (number, tensor) in pickle.tensors.enumerated() {
            let bytes = try tensor.bytes()
            let expected = tensor.shape.reduce(tensor.elementType.byteCount, *)
            guard bytes.count == expected else {
                throw FileWriteError(path: path, "a tensor of shape \(tensor.shape) has \(bytes.count) bytes")
            }
            try writer.add("data/\(number)", bytes)
        }
        try writer.add("version", Array("3\n".utf8))
        try writer.finish()
    }

    private init(file: AtomicFile, folder: String) {
        self.file = file
        self.folder = folder
    }

    // MARK: The archive (PKWARE's APPNOTE 6.3.10)

    /// Beyond it, sizes and places stand in zip64's fields.
    private static let limit: UInt64 = 0xFFFF_FFFF
    private static let alignment: UInt64 = 64

    private mutating func add(_ name: String, _ bytes: [UInt8]) throws {
        let path = Array("\(folder)/\(name)".utf8)
        let (size, checksum) = (UInt64(bytes.count), bytes.withUnsafeBytes(CRC32.checksum))
        let isLarge = size >= Self.limit
        // The local header: sizes in zip64's field where they are large, then padding until the data are aligned.
        var extra: [UInt8] = []
        if isLarge { extra += little(UInt16(1)) + little(UInt16(16)) + little(size) + little(size) }
        let plain = offset + 30 + UInt64(path.count) + UInt64(extra.count) + 4
        let padding = (Self.alignment - plain % Self.alignment) % Self.alignment
        // "FB", as PyTorch calls the field.
        extra += [0x46, 0x42] + little(UInt16(padding)) + [UInt8](repeating: 0x5A, count: Int(padding))
        let common =
            little(UInt16(0)) + little(UInt16(0)) + little(UInt16(0)) + little(UInt16(0)) + little(checksum)
            + little(UInt32(clamping: size)) + little(UInt32(clamping: size)) + little(UInt16(path.count))
        let header =
            [0x50, 0x4B, 3, 4] + little(UInt16(isLarge ? 45 : 20)) + common + little(UInt16(extra.count)) + path + extra
        try file.write(header)
        try file.write(bytes)

        var central: [UInt8] = []
        if isLarge { central += little(size) + little(size) }
        if offset >= Self.limit { central += little(offset) }
        if !central.isEmpty { central = little(UInt16(1)) + little(UInt16(central.count)) + central }
        directory +=
            [0x50, 0x4B, 1, 2] + little(UInt16(45)) + little(UInt16(45)) + common + little(UInt16(central.count))
            + [UInt8](repeating: 0, count: 10) + little(UInt32(clamping: offset)) + path + central
        offset += UInt64(header.count) + size
        entries += 1
    }

    private consuming func finish() throws {
        let (start, size) = (offset, UInt64(directory.count))
        try file.write(directory)
        if start >= Self.limit || size >= Self.limit || entries >= 0xFFFF {
            try file.write(
                [0x50, 0x4B, 6, 6] + little(UInt64(44)) + little(UInt16(45)) + little(UInt16(45)) + little(UInt32(0))
                    + little(UInt32(0)) + little(entries) + little(entries) + little(size) + little(start))
            try file.write([0x50, 0x4B, 6, 7] + little(UInt32(0)) + little(start + size) + little(UInt32(1)))
        }
        try file.write(
            [0x50, 0x4B, 5, 6] + little(UInt32(0)) + little(UInt16(clamping: entries))
                + little(UInt16(clamping: entries))
                + little(UInt32(clamping: size)) + little(UInt32(clamping: start)) + little(UInt16(0)))
        try file.commit()
    }
}

private func little(_ value: some FixedWidthInteger) -> [UInt8] { withUnsafeBytes(of: value.littleEndian, Array.init) }

/// A pickle of protocol 2, as Python's `pickletools` describes it.
private struct PickleEncoder {
    private var bytes: [UInt8] = []
    /// The tensors, each of which is a record.
    private(set) var tensors: [PyTorchTensor] = []

    mutating func encode(_ root: PyTorchValue) -> [UInt8] {
        bytes = [0x80, 2]
        add(root)
        return bytes + Array(".".utf8)
    }

    private mutating func add(_ value: PyTorchValue) {
        switch value {
        case .none, .other, .tensor: op("N")
        case .bool(let value): bytes.append(value ? 0x88 : 0x89)
        case .int(let value): add(value)
        case .double(let value):
            op("G")
            bytes += withUnsafeBytes(of: value.bitPattern.bigEndian, Array.init)
        case .string(let text): add(text)
        case .list(let values):
            op("](")
            for value in values { add(value) }
            op("e")
        case .tuple(let values): addTuple { for value in values { $0.add(value) } }
        case .dictionary(let pairs):
            op("}")
            add(pairs)
        case .ordered(let pairs):
            global("collections", "OrderedDict")
            op(")R")
            add(pairs)
        case .written(let tensor): add(tensor)
        }
    }

    private mutating func op(_ code: String) { bytes += code.utf8 }
    private mutating func global(_ module: String, _ name: String) { op("c\(module)\n\(name)\n") }

    private mutating func add(_ value: Int) {
        if let value = UInt8(exactly: value) {
            op("K")
            bytes.append(value)
        } else if let value = Int32(exactly: value) {
            op("J")
            bytes += little(value)
        } else {
            bytes += [0x8A, 8] + little(Int64(value))
        }
    }

    private mutating func add(_ text: String) {
        op("X")
        bytes += little(UInt32(text.utf8.count)) + Array(text.utf8)
    }

    private mutating func addTuple(_ body: (inout PickleEncoder) -> Void) {
        op("(")
        body(&self)
        op("t")
    }

    private mutating func add(_ pairs: [(key: PyTorchValue, value: PyTorchValue)]) {
        op("(")
        for pair in pairs {
            add(pair.key)
            add(pair.value)
        }
        op("u")
    }

    /// `torch._utils._rebuild_tensor_v2(storage, 0, shape, strides, False, OrderedDict())`.
    private mutating func add(_ tensor: PyTorchTensor) {
        let key = String(tensors.count)
        tensors.append(tensor)
        var strides: [Int] = []
        var step = 1
        for extent in tensor.shape.reversed() {
            strides.insert(step, at: 0)
            step *= max(1, extent)
        }
        global("torch._utils", "_rebuild_tensor_v2")
        addTuple {
            $0.addTuple {
                $0.add("storage")
                $0.global("torch", tensor.elementType.storageName)
                $0.add(key)
                $0.add("cpu")
                $0.add(tensor.shape.reduce(1, *))
            }
            $0.op("Q")
            $0.add(0)
            $0.addTuple { for extent in tensor.shape { $0.add(extent) } }
            $0.addTuple { for stride in strides { $0.add(stride) } }
            $0.add(.bool(false))
            $0.add(.ordered([]))
        }
        op("R")
    }
}

extension ElementType {
    /// What PyTorch calls a storage of such numbers.
    fileprivate var storageName: String {
        switch self {
        case .float32: "FloatStorage"
        case .float64: "DoubleStorage"
        case .float16: "HalfStorage"
        case .bfloat16: "BFloat16Storage"
        case .int64: "LongStorage"
        case .int32: "IntStorage"
        case .int16: "ShortStorage"
        case .int8: "CharStorage"
        case .uint8: "ByteStorage"
        case .bool: "BoolStorage"
        }
    }
}
