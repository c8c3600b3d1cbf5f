public import DiptychEngine
public import DiptychCheckpoints

/// The texts that a model reads.
public struct TextInput: Sendable, Hashable {
    /// The number of token ids.
    public var vocabularySize: Int
    /// The most tokens that a text may have.
    public var contextLength: Int

    /// States both.
    public init(vocabularySize: Int, contextLength: Int) {
        self.vocabularySize = vocabularySize
        self.contextLength = contextLength
    }
}

/// A model that any engine can run: its sizes, and how its towers are built from a checkpoint's parameters.
///
/// ``CLIPConfiguration`` and ``ResNetConfiguration`` conform. A family that reads something else, such as frames of video, refines
/// this with a tower for it.
public protocol ModelDefinition: Sendable {
    /// The width of its embeddings.
    var embeddingDimension: Int { get }
    /// The side of the square images that it reads, in pixels.
    var imageSize: Int { get }
    /// The texts that it reads; nil for a model without a text tower.
    var textInput: TextInput? { get }
    /// Facts that change embeddings and that the names and shapes of tensors do not tell, for the model's fingerprint.
    var fingerprintFacts: [String] { get }

    /// Builds the image tower: [images, 3, size, size] → [images, dimension], not normalised.
    ///
    /// - Throws: ``CheckpointError`` when a tensor is missing or misshapen, ``EngineError`` when it cannot be prepared.
    func imageTower<E: Engine>(_ root: Parameters, engine: E) throws -> (E.Pixels) throws -> E.Tensor
    /// Builds the text tower, where there is one: [texts, dimension], not normalised.
    ///
    /// - Throws: like ``imageTower(_:engine:)``.
    func textTower<E: Engine>(_ root: Parameters, engine: E) throws -> ((E.Tokens) throws -> E.Tensor)?
    /// Whether the tensor called `name` changes no embedding: counters, position lists, heads for another task.
    func isNoParameter(_ name: String) -> Bool
}

extension ModelDefinition {
    /// None.
    public var textInput: TextInput? { nil }
    /// None.
    public func textTower<E: Engine>(_ root: Parameters, engine: E) throws -> ((E.Tokens) throws -> E.Tensor)? { nil }
}

extension CLIPConfiguration: ModelDefinition {
    /// The side of the square images that it reads, in pixels.
    public var imageSize: Int { vision.imageSize }
    /// The ids and the length of texts.
    public var textInput: TextInput? {
        TextInput(vocabularySize: text.vocabularySize, contextLength: text.contextLength)
    }

    /// Heads, non-linearities, epsilons and sizes.
    public var fingerprintFacts: [String] {
        [
            family.rawValue,
            "text heads=\(text.heads) activation=\(text.activation.rawValue) epsilon=\(text.epsilon) end=\(text.endID)",
            "vision heads=\(vision.heads) activation=\(vision.activation.rawValue) epsilon=\(vision.epsilon)",
            "image=\(vision.imageSize) patch=\(vision.patchSize)",
        ]
            // Only where it is not the usual, so that the fingerprints of other models stay what they were.
            + (text.cleaning == .lower ? [] : ["cleaning=\(text.cleaning.rawValue)"])
    }

    /// Builds the image tower of the model's family.
    public func imageTower<E: Engine>(_ root: Parameters, engine: E) throws -> (E.Pixels) throws -> E.Tensor {
        let tower = try VisionTower(root, self, engine: engine)
        return { try tower($0) }
    }

    /// Builds the text tower of the model's family.
    public func textTower<E: Engine>(_ root: Parameters, engine: E) throws -> ((E.Tokens) throws -> E.Tensor)? {
        let tower = try TextTower(root, self, engine: engine)
        return { try tower($0) }
    }

    /// Whether the tensor called `name` changes no embedding.
    public func isNoParameter(_ name: String) -> Bool { Self.isNoParameter(name) }
}
