internal import DiptychBasics
internal import DiptychModels
internal import DiptychCheckpoints
internal import Foundation

/// Opens models of every kind that is known.
public enum ModelLoader {
    /// Opens the model at `path` and checks all of it; weights are packed when first needed.
    ///
    /// `path` is what ``CLIPModel/load(_:options:)`` takes, the state dict of a torchvision ResNet, as a PyTorch or a safetensors
    /// file, a ViCLIP, or the ONNX file of an image tower with that of its text tower beside it: ``ONNXFileModel``.
    ///
    /// - Throws: ``ModelError``, `ConfigurationError`, `CheckpointError`, `TokenizerError` or `PreprocessingError`, each
    ///   naming the file and what to do.
    public static func load(_ path: String, options: ModelOptions = ModelOptions()) async throws -> any Embedder {
        try await WorkerThreads.shared.value { try read(path, options) }
    }

    /// Blocks.
    private static func read(_ path: String, _ options: ModelOptions) throws -> any Embedder {
        if ONNXFileModel.isNamed(path) { return try ONNXFileModel(path, options: options) }
        let layout = try ModelLayout(path: path)
        if case .huggingFace(let directory) = layout, ViCLIPModel.isNamed(in: directory) {
            return try ViCLIPModel(Checkpoint(at: directory), path: path, directory: directory, options: options)
        }
        guard case .original(let file) = layout else {
            return CLIPModel(
                try ModelFiles(layout, path: path, activation: options.activation, heads: options.heads),
                options: options)
        }
        let checkpoint = try Checkpoint(at: file)
        if ResNetConfiguration.describes(checkpoint) {
            return try ResNetModel(checkpoint, path: file.path, options: options)
        }
        if ViCLIPConfiguration.describes(checkpoint) {
            return try ViCLIPModel(checkpoint, path: file.path, directory: layout.directory, options: options)
        }
        return CLIPModel(
            try ModelFiles(
                layout, checkpoint, path: path, activation: options.activation, heads: options.heads), options: options)
    }
}
