internal import DiptychModels
internal import DiptychCheckpoints
internal import Foundation

/// Whose files a model is written as.
public enum ModelFileLayout: String, Sendable, CaseIterable {
    /// transformers': `config.json`, `preprocessor_config.json`, the tokenizer's files, `model.safetensors`.
    case huggingFace = "huggingface"
    /// open_clip's: `open_clip_config.json`, `open_clip_model.safetensors`, the tokenizer's files.
    case openCLIP = "open_clip"
}

/// The number format of weights in a file.
public enum WeightPrecision: String, Sendable, CaseIterable {
    /// 32-bit floats.
    case fp32
    /// IEEE 754's 16-bit floats.
    case fp16
    /// The upper half of a 32-bit float.
    case bf16

    var elementType: ElementType {
        switch self {
        case .fp32: .float32
        case .fp16: .float16
        case .bf16: .bfloat16
        }
    }
}

extension CLIPModel {
    /// Writes the model into a new directory, as transformers or open_clip would: configuration, preprocessing, tokenizer, weights.
    ///
    /// Weights of fp32 hold the very numbers of this model, so embeddings are equal; a text that the two projects clean
    /// differently, and a transparent image, are read as the written layout's project does.
    ///
    /// - Parameters:
    ///   - directory: a directory that is new or empty.
    ///   - layout: whose files to write.
    ///   - precision: the number format of the weights.
    /// - Throws: ``ModelError`` or `ConfigurationError` where the layout has no place for something that this model has,
    ///   `FileWriteError`.
    public func save(
        to directory: String, layout: ModelFileLayout = .huggingFace, precision: WeightPrecision = .fp32
    ) async throws {
        // Reading and writing gigabytes blocks.
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            SavingThreads.all.run {
                continuation.resume(with: Result { try self.write(to: directory, layout, precision) })
            }
        }
    }

    /// Blocks.
    package func write(to directory: String, _ layout: ModelFileLayout, _ precision: WeightPrecision) throws {
        // Everything that may be refused is made before anything is written.
        let isHuggingFace = layout == .huggingFace
        let tensors =
            try isHuggingFace
            ? configuration.huggingFaceTensors(of: checkpoint) : configuration.openCLIPTensors(of: checkpoint)
        let files = try SavedFiles(of: self, layout: layout, precision: precision)
        let manager = FileManager.default
        if manager.fileExists(atPath: directory) {
            guard let held = try? manager.contentsOfDirectory(atPath: directory), held.isEmpty else {
                throw ModelError("\(directory): exists and is not an empty directory; give another name")
            }
        } else {
            do { try manager.createDirectory(atPath: directory, withIntermediateDirectories: true) } catch {
                throw ModelError("\(directory): cannot be made; check the mode and owner of the directory above it")
            }
        }
        let writer = try SafetensorsWriter(
            path: "\(directory)/\(isHuggingFace ? "model.safetensors" : "open_clip_model.safetensors")",
            tensors: tensors.map { (name: $0.name, shape: $0.shape) }, metadata: ["format": "pt"],
            elementType: precision.elementType)
        for tensor in tensors { try tensor.floats { try writer.append($0) } }
        try writer.finish()
        // The configuration comes last: without it, what was interrupted is not taken for a model.
        for (name, bytes) in files.contents {
            let file = try AtomicFile(path: "\(directory)/\(name)")
            try file.write(bytes)
            try file.commit()
        }
    }
}

private enum SavingThreads {
    static let all = WorkerThreads(name: "diptych-save", most: 4)
}
