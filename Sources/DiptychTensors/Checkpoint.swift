public import Foundation

/// The tensors of a model directory: one `model.safetensors`, or shards listed by an index file.
public struct Checkpoint: Sendable {
    /// Where the tensors come from, for error messages.
    public let path: String
    /// The tensors by name.
    public let tensors: [String: TensorView]

    /// Opens the weights in `directory`, or a single `.safetensors` file.
    ///
    /// - Throws: ``CheckpointError`` when there are no weights, or a file or the index is malformed.
    public init(at url: URL) throws {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isDirectory) else {
            throw CheckpointError(.unreadable, path: url.path, "no such file or directory")
        }
        guard isDirectory.boolValue else {
            self.init(path: url.path, tensors: try SafetensorsFile(url: url).tensors)
            return
        }
        let single = url.appendingPathComponent("model.safetensors")
        let index = url.appendingPathComponent("model.safetensors.index.json")
        if FileManager.default.fileExists(atPath: single.path) {
            self.init(path: single.path, tensors: try SafetensorsFile(url: single).tensors)
        } else if FileManager.default.fileExists(atPath: index.path) {
            self.init(path: index.path, tensors: try Self.shards(index: index))
        } else {
            throw CheckpointError(
                .unreadable, path: url.path,
                "holds no weights: expected model.safetensors or model.safetensors.index.json")
        }
    }

    /// Wraps tensors that were read elsewhere.
    public init(path: String, tensors: [String: TensorView]) {
        self.path = path
        self.tensors = tensors
    }

    private struct Index: Decodable {
        let weightMap: [String: String]
        enum CodingKeys: String, CodingKey { case weightMap = "weight_map" }
    }

    /// The tensors of all shards, checked to be exactly those that the index lists, each in its own file.
    private static func shards(index: URL) throws -> [String: TensorView] {
        func malformed(_ reason: String) -> CheckpointError { CheckpointError(.malformed, path: index.path, reason) }
        let weightMap: [String: String]
        do { weightMap = try JSONDecoder().decode(Index.self, from: Data(contentsOf: index)).weightMap } catch {
            throw malformed("is not a JSON index with a 'weight_map' of tensor names to file names")
        }
        var tensors: [String: TensorView] = [:]
        for name in Set(weightMap.values).sorted() {
            // A shard is a plain file beside its index: an index must not reach into other directories.
            guard !name.contains("/"), !name.hasPrefix("."), name.hasSuffix(".safetensors") else {
                throw malformed("names the shard '\(name)', which is not a plain .safetensors file name")
            }
            let shard = try SafetensorsFile(url: index.deletingLastPathComponent().appendingPathComponent(name))
            for (tensor, view) in shard.tensors {
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
        return tensors
    }
}
