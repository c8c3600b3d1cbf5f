public import DiptychEngine
public import DiptychTensors

/// CLIP's image tower, a vision transformer (Dosovitskiy et al. 2020): pixels to embeddings.
public struct CLIPVisionTower<E: Engine> {
    private let embedding: E.PatchEmbedding
    private let firstNorm: E.Norm
    private let blocks: [TransformerBlock<E>]
    private let finalNorm: E.Norm
    private let projection: E.Linear
    private let engine: E

    /// Takes the tower's parameters from a Hugging Face checkpoint.
    ///
    /// - Throws: ``CheckpointError`` when a tensor is missing or misshapen, ``EngineError`` when it cannot be prepared.
    public init(_ root: Parameters, _ configuration: CLIPConfiguration, engine: E) throws {
        let sizes = configuration.vision
        let (width, epsilon) = (sizes.width, Float(sizes.epsilon))
        let model = root / "vision_model"
        let embeddings = model / "embeddings"
        embedding = try engine.prepare(
            PatchEmbeddingParameters(
                projection: (embeddings / "patch_embedding").tensor(
                    "weight", shape: [width, 3, sizes.patchSize, sizes.patchSize]),
                classToken: embeddings.tensor("class_embedding", shape: [width]),
                positions: (embeddings / "position_embedding").tensor("weight", shape: [1 + sizes.patches, width]),
                imageSize: sizes.imageSize, patchSize: sizes.patchSize, width: width))
        // The published checkpoints spell it so.
        firstNorm = try engine.prepare(NormParameters(model / "pre_layrnorm", width: width, epsilon: epsilon))
        blocks = try (0..<sizes.layers).map { index in
            try TransformerBlock(
                huggingFace: model / "encoder" / "layers" / index, width: width,
                feedForwardWidth: sizes.feedForwardWidth, heads: sizes.heads, mask: .none,
                activation: sizes.nonlinearity, epsilon: epsilon, engine: engine)
        }
        finalNorm = try engine.prepare(NormParameters(model / "post_layernorm", width: width, epsilon: epsilon))
        projection = try engine.prepare(
            LinearParameters(
                root / "visual_projection", inputs: width, outputs: configuration.embeddingDimension, bias: false))
        self.engine = engine
    }

    /// The embeddings of a batch of pictures, not normalised: [pictures, 3, size, size] → [pictures, dimension].
    public func callAsFunction(_ pixels: E.Pixels) throws -> E.Tensor {
        var x = try engine.embed(pixels, with: embedding)  // [pictures · (1 + patches), width]
        x = try engine.layerNorm(x, firstNorm, as: .stream)
        for block in blocks.dropLast() { try block(&x, engine: engine) }
        let pooled = try blocks.last?(last: x, engine: engine, pool: engine.firstRows) ?? engine.firstRows(of: x)
        let normed = try engine.layerNorm(pooled, finalNorm, as: .operand)  // [pictures, width]
        return try engine.linear(normed, projection, activation: nil, as: .stream)  // [pictures, dimension]
    }
}
