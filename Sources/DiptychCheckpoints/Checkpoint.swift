public import Foundation

/// The tensors of a model: one file, or shards that an index file lists.
public struct Checkpoint: Sendable {
    /// How the tensors were stored.
    public enum Format: String, Sendable, Hashable {
        /// One or more safetensors files.
        case safetensors
        /// One or more state dicts that `torch.save` wrote.
        case stateDict
        /// A TorchScript archive, which `torch.jit.save` wrote.
        case torchScript
    }

    /// Where the tensors come from, for error messages.
    public let path: String
    /// The tensors by name.
    public let tensors: [String: TensorView]
    /// How the tensors were stored.
    public let format: Format

    /// What a directory may hold, best first. An index ends in `.index.json`.
    private static let names = [
        "model.safetensors", "model.safetensors.index.json", "open_clip_model.safetensors", "pytorch_model.bin",
        "pytorch_model.bin.index.json", "open_clip_pytorch_model.bin",
    ]

    /// Opens the weights in the directory `url`, or a single file: safetensors, a state dict or training checkpoint of
    /// `torch.save`, or a TorchScript archive, told apart by their content. Names that training code puts around the
    /// model's (`module.`, `model.`, `_orig_mod.`) are taken off.
    ///
    /// - Throws: ``CheckpointError`` when there are no weights, or a file or the index is malformed.
    public init(at url: URL) throws {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isDirectory) else {
            throw CheckpointError(.unreadable, path: url.path, "no such file or directory")
        }
        var file = url
        if isDirectory.boolValue {
            let places = Self.names.map { url.appendingPathComponent($0) }
            guard let found = places.first(where: { FileManager.default.fileExists(atPath: $0.path) }) else {
                throw CheckpointError(
                    .unreadable, path: url.path,
                    "holds no weights: expected one of \(Self.names.joined(separator: ", "))")
            }
            file = found
        }
        if isDirectory.boolValue, file.path.hasSuffix(".index.json") {
            let (tensors, format) = try Self.shards(index: file)
            self.init(
                path: file.path, tensors: try WrapperNames.stripped(tensors, path: file.path), format: format)
        } else {
            let (tensors, format) = try Self.open(file)
            self.init(
                path: file.path, tensors: try WrapperNames.stripped(tensors, path: file.path), format: format)
        }
    }

    /// Wraps tensors that were read elsewhere.
    public init(path: String, tensors: [String: TensorView], format: Format = .safetensors) {
        self.path = path
        self.tensors = tensors
        self.format = format
    }

    /// The tensors of a single file.
    private static func open(_ url: URL) throws -> ([String: TensorView], Format) {
        let mapped = try MappedFile(path: url.path)
        guard try PyTorchFile.recognises(mapped) else {
            return (try SafetensorsFile(file: mapped).tensors, .safetensors)
        }
        let file = try PyTorchFile(file: mapped)
        return (file.tensors, file.isTorchScript ? .torchScript : .stateDict)
    }

    private struct Index: Decodable {
        let weightMap: [String: String]
        enum CodingKeys: String, CodingKey { case weightMap = "weight_map" }
    }

    /// The tensors of all shards, checked to be exactly those that the index lists, each in its own file.
    private static func shards(index: URL) throws -> ([String: TensorView], Format) {
        func malformed(_ reason: String) -> CheckpointError { CheckpointError(.malformed, path: index.path, reason) }
        let weightMap: [String: String]
        do { weightMap = try JSONDecoder().decode(Index.self, from: Data(contentsOf: index)).weightMap } catch {
            throw malformed("is not a JSON index with a 'weight_map' of tensor names to file names")
        }
        let suffix = index.lastPathComponent.hasPrefix("model.safetensors") ? ".safetensors" : ".bin"
        var (tensors, format) = ([String: TensorView](), Format.safetensors)
        for name in Set(weightMap.values).sorted() {
            // A shard is a plain file beside its index: an index must not reach into other directories.
            guard !name.contains("/"), !name.hasPrefix("."), name.hasSuffix(suffix) else {
                throw malformed(
                    "names the shard \(CheckpointError.quoted(name)), which is not a plain \(suffix) file name")
            }
            let shard: [String: TensorView]
            (shard, format) = try open(index.deletingLastPathComponent().appendingPathComponent(name))
            for (tensor, view) in shard {
                guard weightMap[tensor] == name else {
                    throw malformed(
                        "tensor '\(tensor)' is in \(name), the index says \(weightMap[tensor] ?? "nothing of it")")
                }
                tensors[tensor] = view
            }
        }
        if let lost = weightMap.keys.filter({ tensors[$0] == nil }).min() {
            throw malformed("lists tensor '\(lost)', which \(weightMap[lost] ?? "") does not hold")
        }
        return (tensors, format)
    }
}
