/// The tensors of a file that `torch.save` or `torch.jit.save` wrote since PyTorch 1.6, memory-mapped.
///
/// Such a file is a zip archive of stored entries in one folder: `data.pkl` says how tensors lie in the raw numbers of
/// `data/0`, `data/1`, …, and a TorchScript archive also has `constants.pkl` and `code/`, which are not read. The
/// layout: PyTorch's `torch/serialization.py` and `caffe2/serialize/inline_container.cc`.
public struct PyTorchFile: Sendable {
    /// The tensors by name: those of the state dict, or of the modules and submodules of a TorchScript archive.
    public let tensors: [String: TensorView]
    /// Whether the file is a TorchScript archive.
    public let isTorchScript: Bool

    /// How many bytes more than the file's own tensors may take that have to be put in order.
    static let spareBytes = 16 << 20

    /// Reads the archive at `path`.
    ///
    /// A training checkpoint gives what it has under `state_dict`, `model_state_dict`, `model` or another usual key, else
    /// its own tensors; the prefix
    /// `module.` is taken off when all names have it.
    ///
    /// - Throws: ``CheckpointError`` saying what is broken, or what the file asks for that no weights need.
    public init(path: String) throws { try self.init(file: MappedFile(path: path)) }

    /// Reads an archive that is mapped already.
    init(file: MappedFile) throws {
        let (unpickler, root, isTorchScript) = try Self.load(file)
        let dictionary = StateDictionary(heap: unpickler.heap, path: file.path)
        let places = try isTorchScript ? dictionary.modules(of: root) : dictionary.tensors(of: root)

        var tensors: [String: TensorView] = [:]
        tensors.reserveCapacity(places.count)
        var gathered: [Int: TensorMemory] = [:]
        var budget = file.bytes.count + Self.spareBytes
        for (name, place) in places {
            let stored = unpickler.heap.tensors[place]
            let view = try Self.view(of: stored, name, file, memory: gathered[place], &budget)
            gathered[place] = view.memory
            tensors[name] = view
        }
        self.tensors = tensors
        self.isTorchScript = isTorchScript
    }

    /// The pickle of an archive, read.
    static func load(_ file: MappedFile) throws -> (unpickler: Unpickler, root: PickleValue, isTorchScript: Bool) {
        let archive = try ZipArchive(file: file)
        let (folder, pickle) = try Self.pickle(of: archive)
        let isTorchScript = archive.entries["\(folder)/constants.pkl"] != nil
        try Self.checkByteOrder(archive, folder: folder)
        try archive.verify(pickle)
        var unpickler = try Unpickler(file: file, range: pickle.data, allowingScript: isTorchScript) { key in
            let name = "\(folder)/data/\(key)"
            guard let entry = archive.entries[name], entry.isStored else {
                throw CheckpointError(
                    .malformed, path: file.path,
                    "its pickle names the record \(CheckpointError.quoted(name)), which the archive does not hold")
            }
            return entry.data
        }
        let root = try unpickler.load()
        return (unpickler, root, isTorchScript)
    }

    /// A tensor of the file, put in order where it is not.
    ///
    /// - Parameters:
    ///   - memory: the tensor in order, where that was done before.
    ///   - budget: the bytes that tensors may still take which have to be put in order.
    static func view(
        of stored: StoredTensor, _ name: String, _ file: MappedFile, memory known: TensorMemory? = nil,
        _ budget: inout Int
    ) throws -> TensorView {
        var memory = known
        if !stored.isContiguous, memory == nil {
            guard stored.byteCount <= budget else {
                throw CheckpointError(
                    .unsupported, path: file.path,
                    "tensor \(CheckpointError.quoted(name)) of shape \(stored.shape) would take \(stored.byteCount) bytes in "
                        + "order, the file has only \(file.bytes.count)")
            }
            budget -= stored.byteCount
            memory = stored.gathered(from: file)
        }
        return TensorView(
            name: name, elementType: stored.elementType, shape: stored.shape,
            bytes: memory.map { UnsafeRawBufferPointer($0.bytes) } ?? stored.bytes(in: file),
            file: memory == nil ? file : nil, memory: memory)
    }

    /// The folder that the archive's entries lie in, and the pickle.
    private static func pickle(of archive: ZipArchive) throws -> (folder: String, ZipArchive.Entry) {
        func unsupported(_ reason: String) -> CheckpointError {
            CheckpointError(.unsupported, path: archive.file.path, reason)
        }
        func folders(of file: String) -> [String] {
            archive.entries.keys.filter { $0.hasSuffix("/\(file)") }.map { String($0.dropLast(file.count + 1)) }
                .filter { !$0.contains("/") }
        }
        let found = folders(of: "data.pkl")
        guard let folder = found.first, let entry = archive.entries["\(folder)/data.pkl"] else {
            throw unsupported(
                folders(of: "model.json").isEmpty
                    ? "is a zip file, but not of PyTorch: it has no data.pkl"
                    : "is a TorchScript archive from before PyTorch 1.4; load it and save it again with a newer PyTorch"
            )
        }
        guard found.count == 1 else { throw unsupported("has \(found.count) data.pkl where PyTorch writes one") }
        guard entry.isStored else { throw unsupported("its data.pkl is compressed; PyTorch writes it as it is") }
        return (folder, entry)
    }

    /// Files without the record are from before PyTorch 2.1 and little-endian.
    private static func checkByteOrder(_ archive: ZipArchive, folder: String) throws {
        guard let entry = archive.entries["\(folder)/byteorder"], entry.isStored else { return }
        try archive.verify(entry)
        guard archive.bytes(of: entry).elementsEqual("little".utf8) else {
            throw CheckpointError(
                .unsupported, path: archive.file.path,
                "was not written on a little-endian machine; save it again on one, or convert it to safetensors")
        }
    }
}
