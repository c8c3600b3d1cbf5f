public import DiptychEngine
public import DiptychCheckpoints

/// The text tower of a model of any family.
public enum TextTower<E: Engine> {
    /// CLIP's transformer, or SigLIP's.
    case clip(CLIPTextTower<E>)
    /// Chinese-CLIP's BERT.
    case bert(BERTTextTower<E>)

    /// Takes the tower's parameters from a checkpoint.
    ///
    /// - Throws: ``CheckpointError`` when a tensor is missing or misshapen, ``EngineError`` when it cannot be prepared.
    public init(_ root: Parameters, _ configuration: CLIPConfiguration, engine: E) throws {
        switch configuration.text.architecture {
        case .clip, .siglip: self = .clip(try CLIPTextTower(root, configuration, engine: engine))
        case .bert: self = .bert(try BERTTextTower(root, configuration, engine: engine))
        }
    }

    /// The embeddings of a batch of texts, not normalised: [texts, dimension].
    public func callAsFunction(_ tokens: E.Tokens) throws -> E.Tensor {
        switch self {
        case .clip(let tower): try tower(tokens)
        case .bert(let tower): try tower(tokens)
        }
    }
}
