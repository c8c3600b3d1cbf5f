internal import DiptychMedia
internal import DiptychModels
internal import DiptychTensors
internal import DiptychTokenizers
internal import Foundation

/// What a model directory holds, read and checked, but nothing computed yet.
struct ModelFiles {
    let directory: URL
    let configuration: CLIPConfiguration
    let checkpoint: Checkpoint
    let tokenizer: CLIPTokenizer
    let preprocessing: Preprocessing
    /// What turns cosines into scores.
    let logits: LogitParameters

    /// Opens a Hugging Face CLIP directory.
    init(path: String) throws {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
            let name = path.isEmpty ? "\"\"" : path
            throw ModelError("\(name): no such model directory; give the path of a Hugging Face CLIP directory")
        }
        guard isDirectory.boolValue else {
            throw ModelError(
                "\(path): is a file; give the directory with config.json, the weights and the tokenizer's files")
        }
        directory = URL(fileURLWithPath: path, isDirectory: true)
        configuration = try CLIPConfiguration(huggingFace: directory.appendingPathComponent("config.json"))
        checkpoint = try Checkpoint(at: directory)

        // Running the constructors over an engine that only counts checks every name and shape without touching data.
        let root = Parameters(checkpoint)
        logits = try LogitParameters(root, configuration)
        _ = try ModelCost(root, configuration)
        try root.finish(ignoring: CLIPConfiguration.isNoParameter)

        var tokenizer = try CLIPTokenizer.load(directory: directory)
        tokenizer.contextLength = min(tokenizer.contextLength, configuration.text.contextLength)
        self.tokenizer = tokenizer
        guard tokenizer.contextLength >= 2 else {
            throw ModelError("\(path): texts of \(tokenizer.contextLength) tokens have no room for a start and an end")
        }
        guard tokenizer.vocabularySize <= configuration.text.vocabularySize else {
            throw ModelError(
                "\(path): the tokenizer has \(tokenizer.vocabularySize) ids, the model's table only "
                    + "\(configuration.text.vocabularySize)")
        }
        // A wrong end id would silently pool the wrong position.
        guard configuration.text.endID == 2 || configuration.text.endID == Int(tokenizer.endID) else {
            throw ModelError(
                "\(path): config.json says that texts end with id \(configuration.text.endID), the tokenizer ends them "
                    + "with \(tokenizer.endID)")
        }

        let processor = directory.appendingPathComponent("preprocessor_config.json")
        guard FileManager.default.fileExists(atPath: processor.path) else {
            throw ModelError(
                "\(processor.path): is missing; without it the picture size, crop and normalisation are unknown")
        }
        let json: Data
        do { json = try Data(contentsOf: processor) } catch {
            throw ModelError("\(processor.path): cannot be read; check that it is a file and its mode")
        }
        preprocessing = try Preprocessing(huggingFace: [UInt8](json), source: processor.path)
        let side = configuration.vision.imageSize
        guard preprocessing.fixedSize == Preprocessing.Size(width: side, height: side) else {
            throw ModelError("\(processor.path): does not give the \(side) × \(side) pixels that the model reads")
        }
    }
}
