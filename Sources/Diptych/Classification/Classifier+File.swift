internal import DiptychBasics
internal import DiptychCheckpoints
internal import Foundation

extension Classifier {
    /// What the header of a classifier's file says beside the shape of its one tensor, `embeddings` [labels, dimension].
    private enum Key {
        static let format = "format"
        static let version = "version"
        /// A JSON array of strings.
        static let labels = "labels"
        /// A JSON array of strings.
        static let templates = "templates"
        static let scale = "logit_scale"
        /// Missing where probabilities are a softmax.
        static let bias = "logit_bias"
        static let model = "model"
        static let fingerprint = "fingerprint"
    }

    private static let format = "diptych-classifier"
    private static let version = "1"

    /// Saves the classifier as a safetensors file that only its model takes back.
    ///
    /// - Parameter model: the model that made it.
    /// - Throws: `FileWriteError`, or ``ModelError`` when the model has another dimension.
    public func save(to path: String, for model: any Embedder) async throws {
        guard model.dimension == embeddings.dimension else {
            throw ModelError(
                "the classifier has embeddings of \(embeddings.dimension) numbers, '\(model.name)' of "
                    + "\(model.dimension): it is another model's")
        }
        var metadata = [
            Key.format: Self.format, Key.version: Self.version, Key.labels: try Self.encoded(labels),
            Key.templates: try Self.encoded(templates), Key.scale: logits.scale.description,
            Key.model: model.name, Key.fingerprint: await model.fingerprint(),
        ]
        metadata[Key.bias] = logits.bias?.description
        let (header, embeddings) = (metadata, self.embeddings)
        try await WorkerThreads.shared.value {
            let writer = try SafetensorsWriter(
                path: path, tensors: [("embeddings", [embeddings.count, embeddings.dimension])], metadata: header)
            try writer.append(embeddings.values)
            try writer.finish()
        }
    }

    /// Reads a classifier that ``save(to:for:)`` wrote.
    ///
    /// - Throws: `CheckpointError` when the file is none or is damaged, ``ModelError`` with both names when it belongs to
    ///   another model.
    public static func load(from path: String, for model: any Embedder) async throws -> Classifier {
        let (name, dimension, fingerprint) = await (model.name, model.dimension, model.fingerprint())
        return try await WorkerThreads.shared.value {
            try read(path, model: name, fingerprint: fingerprint, dimension: dimension)
        }
    }

    /// Reads the file of a model of this name, fingerprint and dimension.
    private static func read(
        _ path: String, model: String, fingerprint: String, dimension: Int
    ) throws -> Classifier {
        let file = try SafetensorsFile(url: URL(fileURLWithPath: path))
        func malformed(_ reason: String) -> CheckpointError {
            CheckpointError(.malformed, path: path, "not a valid classifier: \(reason)")
        }
        func text(_ key: String) throws -> String {
            guard let text = file.metadata[key] else { throw malformed("its header has no '\(key)'") }
            return text
        }
        func list(_ key: String) throws -> [String] {
            guard let list = try? JSONDecoder().decode([String].self, from: Data(text(key).utf8)) else {
                throw malformed("'\(key)' is not a list of strings")
            }
            return list
        }
        func number(_ key: String) throws -> Float {
            guard let number = try Float(text(key)) else { throw malformed("'\(key)' is not a number") }
            return number
        }

        guard file.metadata[Key.format] == format else {
            throw malformed("its header does not say so; make one with `diptych classify --save-classifier`")
        }
        guard try text(Key.version) == version else {
            throw CheckpointError(
                .unsupported, path: path,
                "is a classifier of format version \(CheckpointError.quoted(try text(Key.version))), this program reads "
                    + "\(version); build it again")
        }
        let (name, known) = try (text(Key.model), text(Key.fingerprint))
        guard known == fingerprint else {
            throw ModelError(
                "\(path): belongs to the model \(CheckpointError.quoted(name)) "
                    + "(\(CheckpointError.quoted(String(known.prefix(12))))), not to '\(model)' "
                    + "('\(fingerprint.prefix(12))'); use that model, or build the classifier again")
        }
        let labels = try list(Key.labels)
        guard file.tensors.count == 1, let tensor = file.tensors["embeddings"], tensor.elementType == .float32,
            tensor.shape == [labels.count, dimension]
        else {
            throw malformed("it must hold one tensor, 'embeddings', F32 [\(labels.count), \(dimension)]")
        }
        let values = tensor.floats()
        for row in labels.indices {
            let squares = values[row * dimension..<(row + 1) * dimension].reduce(0) { $0 + $1 * $1 }
            guard abs(squares - 1) < 1e-3 else { throw malformed("embedding \(row + 1) is not of length 1") }
        }
        let logits = LogitParameters(
            scale: try number(Key.scale), bias: file.metadata[Key.bias] == nil ? nil : try number(Key.bias))
        do {
            return try Classifier(
                labels: labels, embeddings: Embeddings(values: values, dimension: dimension), logits: logits,
                templates: list(Key.templates))
        } catch let error as ModelError { throw malformed(error.description) }
    }

    private static func encoded(_ texts: [String]) throws -> String {
        String(decoding: try JSONEncoder().encode(texts), as: UTF8.self)
    }
}
