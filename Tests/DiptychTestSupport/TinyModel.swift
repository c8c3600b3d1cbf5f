public import Diptych
public import Foundation

/// The small complete model that Scripts/fixtures/small_model.py makes, for the tests of several targets.
public enum TinyModel {
    /// The model's directory, found from this file's place so that its files are not copied for each test target.
    public static let directory = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("DiptychTests/Fixtures/tiny-clip", isDirectory: true)

    /// The files that make it a model.
    public static let files = [
        "config.json", "model.safetensors", "vocab.json", "merges.txt", "preprocessor_config.json",
    ]

    /// Loads it.
    public static func load(
        _ precision: ModelOptions.PrecisionChoice = .fp32, threads: Int = 2, batchSize: Int = 16
    ) async throws -> CLIPModel {
        try await CLIPModel.load(
            directory.path, options: ModelOptions(precision: precision, threads: threads, batchSize: batchSize))
    }

    /// Copies the model's files into a new directory, where a test may change them.
    public static func copy() throws -> TemporaryDirectory {
        let copy = try TemporaryDirectory()
        for name in files {
            try copy.write([UInt8](Data(contentsOf: directory.appendingPathComponent(name))), to: name)
        }
        return copy
    }

    /// Copies the model after changing one number of its weights: another model of the same sizes.
    public static func other() throws -> TemporaryDirectory {
        let copy = try Self.copy()
        try copy.changeWeights { file in
            file.tensors["visual_projection.weight"]?.bytes[1] ^= 0x80  // the sign of the first number
        }
        return copy
    }
}

extension TemporaryDirectory {
    /// Changes the tensors of `model.safetensors`.
    public func changeWeights(_ body: (inout TensorFile) throws -> Void) throws {
        var file = try TensorFile(contentsOf: path("model.safetensors"))
        try body(&file)
        try write(file.bytes(), to: "model.safetensors")
    }

    /// Changes a JSON object in a file.
    public func changeJSON(_ name: String, _ body: (inout [String: Any]) -> Void) throws {
        var object = try JSONSerialization.jsonObject(with: Data(bytes(name))) as? [String: Any] ?? [:]
        body(&object)
        try write([UInt8](JSONSerialization.data(withJSONObject: object)), to: name)
    }

    /// Changes an object inside the object of a JSON file.
    public func changeJSON(_ name: String, under key: String, _ body: (inout [String: Any]) -> Void) throws {
        try changeJSON(name) { object in
            var inner = object[key] as? [String: Any] ?? [:]
            body(&inner)
            object[key] = inner
        }
    }
}
