public import DiptychEngine
public import DiptychCheckpoints

/// CLIP's image tower, a vision transformer (Dosovitskiy et al. 2020): pixels to embeddings.
public struct CLIPVisionTower<E: Engine> {
    private let embedding: E.PatchEmbedding
    private let firstNorm: E.Norm
    private let blocks: [TransformerBlock<E>]
    private let finalNorm: E.Norm
    private let projection: E.Linear
    private let engine: E

    /// Takes the tower's parameters from a checkpoint.
    ///
    /// - Throws: ``CheckpointError`` when a tensor is missing or misshapen, ``EngineError`` when it cannot be prepared.
    public init(_ root: Parameters, _ configuration: CLIPConfiguration, engine: E) throws {
        let (sizes, model) = (configuration.vision, configuration.places(root).vision)
        let (width, epsilon) = (sizes.width, Float(sizes.epsilon))
        let blockSizes = TransformerBlock<E>.Sizes(
            width: width, feedForwardWidth: sizes.feedForwardWidth, heads: sizes.heads, mask: .none,
            activation: sizes.activation, epsilon: epsilon)
        let outputs = configuration.embeddingDimension
        let (patches, positions) = ([width, 3, sizes.patchSize, sizes.patchSize], [1 + sizes.patches, width])
        func norm(_ name: String) throws -> E.Norm {
            try engine.prepare(NormParameters(model / name, width: width, epsilon: epsilon))
        }
        func embedding(_ projection: TensorView, _ classToken: TensorView, _ positions: TensorView) throws
            -> E.PatchEmbedding
        {
            try engine.prepare(
                PatchEmbeddingParameters(
                    projection: projection, classToken: classToken, positions: positions, imageSize: sizes.imageSize,
                    patchSize: sizes.patchSize, width: width))
        }
        switch configuration.names {
        case .huggingFace:
            let place = model / "embeddings"
            self.embedding = try embedding(
                (place / "patch_embedding").tensor("weight", shape: patches),
                place.tensor("class_embedding", shape: [width]),
                (place / "position_embedding").tensor("weight", shape: positions))
            firstNorm = try norm("pre_layrnorm")  // the published checkpoints spell it so
            blocks = try (0..<sizes.layers).map {
                try TransformerBlock(huggingFace: model / "encoder" / "layers" / $0, blockSizes, engine: engine)
            }
            finalNorm = try norm("post_layernorm")
            projection = try engine.prepare(
                LinearParameters(root / "visual_projection", inputs: width, outputs: outputs, bias: false))
        case .original, .originalWithTextPrefix:
            self.embedding = try embedding(
                (model / "conv1").tensor("weight", shape: patches), model.tensor("class_embedding", shape: [width]),
                model.tensor("positional_embedding", shape: positions))
            firstNorm = try norm("ln_pre")
            blocks = try (0..<sizes.layers).map {
                try TransformerBlock(original: model / "transformer" / "resblocks" / $0, blockSizes, engine: engine)
            }
            finalNorm = try norm("ln_post")
            projection = try engine.prepare(
                LinearParameters(
                    model, weight: "proj", inputs: width, outputs: outputs, layout: .inputsByOutputs))
        }
        self.engine = engine
    }

    /// The embeddings of a batch of images, not normalised: [images, 3, size, size] → [images, dimension].
    public func callAsFunction(_ pixels: E.Pixels) throws -> E.Tensor {
        var x = try engine.embed(pixels, with: embedding)  // [images · (1 + patches), width]
        x = try engine.layerNorm(x, firstNorm, as: .stream)
        try blocks.dropLast()(&x, engine: engine)
        let pooled = try blocks.last?(last: x, engine: engine, pool: engine.firstRows) ?? engine.firstRows(of: x)
        let normed = try engine.layerNorm(pooled, finalNorm, as: .operand)  // [images, width]
        return try engine.linear(normed, projection, activation: nil, as: .stream)  // [images, dimension]
    }
}
