public import DiptychMedia
public import DiptychTokenizers

/// A kind of thing that a model turns into points of its space.
///
/// A value of strings and not a closed list: spans of a video and others come with the models that embed them.
public struct InputKind: RawRepresentable, Sendable, Hashable {
    /// Its name, as answers and messages write it.
    public let rawValue: String

    /// A kind by its name.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// Images, whole or cut out.
    public static let image = InputKind(rawValue: "image")
    /// Texts.
    public static let text = InputKind(rawValue: "text")
}

/// A model that turns images into points of a space: all that indexes, searches, servers and classifiers know of it.
///
/// Abilities that not every model has are protocols that refine this one: a ``DualEncoder`` embeds texts into the same space.
/// ``requireTexts()`` finds out, with an error that says what the model can do. ``ModelLoader`` opens whatever lies at a path.
///
/// An embedder may be used from any number of tasks at once.
public protocol Embedder: Sendable {
    /// The directory or file that it was loaded from.
    var path: String { get }
    /// Its name in messages: the path's last component.
    var name: String { get }
    /// The width of its embeddings.
    var dimension: Int { get }
    /// The kinds of input that it embeds.
    var kinds: Set<InputKind> { get }
    /// The preprocessing that turns images into the pixels it reads.
    var preprocessing: Preprocessing { get }
    /// How it is run.
    var options: ModelOptions { get }

    /// A hash of its configuration and weights that any store of its embeddings is bound to.
    func fingerprint() async -> String
    /// The engine in use: instruction set, threads, precision.
    func engineDescription() async throws -> EngineDescription
    /// The embeddings of `count` preprocessed images, not normalised: [count, 3, size, size] → [count, dimension].
    ///
    /// - Throws: ``ModelError`` when the pixels are of another size than the model reads.
    func encode(_ pixels: [Float], count: Int) async throws -> [Float]
}

/// An embedder with a text tower: texts and images lie in one space, as in CLIP.
public protocol DualEncoder: Embedder, TextEmbedder {
    /// The tokenizer, which turns text into ids.
    var tokenizer: any Tokenizer { get }
    /// The embeddings of texts that are ids already, each at least one and at most as many as the model's context.
    ///
    /// - Throws: ``ModelError`` when a text has no ids, `EngineError` when it is too long or an id is unknown.
    func embed(tokenized texts: [TokenizedText], normalize: Bool) async throws -> Embeddings
}

extension Embedder {
    /// The model as one that embeds texts too.
    ///
    /// - Throws: ``ModelError`` in one line where it does not.
    public func requireTexts() throws -> any DualEncoder {
        if let model = self as? any DualEncoder { return model }
        let known = kinds.map { "\($0.rawValue)s" }.sorted().joined(separator: " and ")
        throw ModelError("\(name) embeds \(known) only; a text needs a model with a text tower")
    }

    /// Wraps a model's output, refusing what has no direction: a damaged checkpoint would otherwise poison every search.
    func checked(_ values: [Float], normalize: Bool) throws -> Embeddings {
        guard values.allSatisfy(\.isFinite) else {
            throw ModelError(
                "\(path): the model gave an embedding that is not finite; its weights are damaged or overflow in "
                    + "\(options.precision.rawValue)")
        }
        let embeddings = Embeddings(values: values, dimension: dimension)
        for row in 0..<embeddings.count
        where values[row * dimension..<(row + 1) * dimension].allSatisfy({ $0 == 0 }) {
            throw ModelError("\(path): the model gave an embedding of zeros; its weights are damaged")
        }
        return normalize ? embeddings.normalized() : embeddings
    }
}
