public import DiptychCheckpoints
internal import DiptychMedia
public import DiptychModels
internal import DiptychTokenizers
internal import Foundation

extension CLIPModel {
    /// The same model with other weights, such as those that a training made of them.
    ///
    /// - Parameter configuration: the model's sizes under the names of `checkpoint`.
    /// - Throws: `CheckpointError` for weights of another model.
    public func with(_ checkpoint: Checkpoint, _ configuration: CLIPConfiguration) throws -> CLIPModel {
        let root = Parameters(checkpoint)
        let logits = try LogitParameters(root, configuration)
        _ = try ModelCost(root, configuration)
        return CLIPModel(
            path: path, configuration: configuration, tokenizer: tokenizer, preprocessing: preprocessing,
            logits: logits,
            checkpoint: checkpoint, options: options)
    }

    /// A model that has learnt nothing yet, of Chinese-CLIP's sizes.
    ///
    /// - Parameters:
    ///   - configuration: its sizes, under Chinese-CLIP's names.
    ///   - vocabulary: the folder of `vocab.txt`.
    ///   - known: tensors that are there already, such as those of a pretrained tower.
    ///   - seed: the seed of all others.
    /// - Throws: `CheckpointError` for a tensor of another shape, `TokenizerError` without a vocabulary.
    public static func untrained(
        _ configuration: CLIPConfiguration, vocabulary: String, known: [String: TensorView] = [:], seed: UInt64,
        options: ModelOptions = ModelOptions()
    ) throws -> CLIPModel {
        let root = Parameters(startingFrom: try configuration.initialValues(seed: seed), known: known)
        let logits = try LogitParameters(root, configuration)
        _ = try ModelCost(root, configuration)
        var tokenizer = try BERTTokenizer.load(
            directory: URL(fileURLWithPath: vocabulary, isDirectory: true), cleaning: .original)
        tokenizer.contextLength = BERTTokenizer.defaultContextLength
        return CLIPModel(
            path: "\(vocabulary)/\(configuration.family.rawValue)", configuration: configuration, tokenizer: tokenizer,
            preprocessing: try Preprocessing(original: true, size: configuration.vision.imageSize), logits: logits,
            checkpoint: root.checkpoint, options: options)
    }

    /// Copies the tokenizer's files into a folder, so that a checkpoint there can be opened; those that are there stay.
    ///
    /// - Throws: `FileWriteError`.
    public func copyTokenizer(to folder: String) throws {
        for (name, bytes) in try SavedTokenizer.files(of: self, layout: .openCLIP) {
            let path = "\(folder)/\(name)"
            guard !FileManager.default.fileExists(atPath: path) else { continue }
            let file = try AtomicFile(path: path)
            try file.write(bytes)
            try file.commit()
        }
    }
}
