public import DiptychEngine
public import DiptychCheckpoints

/// The image tower of a model of any family.
public enum VisionTower<E: Engine> {
    /// CLIP's vision transformer.
    case transformer(CLIPVisionTower<E>)
    /// CLIP's residual network.
    case resNet(ModifiedResNet<E>)
    /// SigLIP's vision transformer.
    case siglip(SiglipVisionTower<E>)

    /// Takes the tower's parameters from a checkpoint.
    ///
    /// - Throws: ``CheckpointError`` when a tensor is missing or misshapen, ``EngineError`` when it cannot be prepared.
    public init(_ root: Parameters, _ configuration: CLIPConfiguration, engine: E) throws {
        switch configuration.vision.architecture {
        case .transformer: self = .transformer(try CLIPVisionTower(root, configuration, engine: engine))
        case .resNet(let stages):
            self = .resNet(try ModifiedResNet(root, configuration, stages: stages, engine: engine))
        case .siglip: self = .siglip(try SiglipVisionTower(root, configuration, engine: engine))
        }
    }

    /// The embeddings of a batch of images, not normalised: [images, 3, size, size] → [images, dimension].
    public func callAsFunction(_ pixels: E.Pixels) throws -> E.Tensor {
        switch self {
        case .transformer(let tower): try tower(pixels)
        case .resNet(let tower): try tower(pixels)
        case .siglip(let tower): try tower(pixels)
        }
    }
}
