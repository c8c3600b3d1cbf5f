public import DiptychEngine
public import DiptychCheckpoints

/// CLIP's residual network: pixels to embeddings.
///
/// Different from a plain ResNet in three ways: three convolutions before the first stage, average pooling instead of every
/// stride, and attention instead of a mean at the end. Source: Radford et al. 2021, section 2.4.
public struct ModifiedResNet<E: Engine> {
    private let stem: [E.Convolution]
    private let blocks: [ResNetBlock<E>]
    private let pool: AttentionPool<E>
    private let imageSize: Int
    private let engine: E

    /// Takes the tower's parameters from a checkpoint in the original layout.
    ///
    /// - Throws: ``CheckpointError`` when a tensor is missing or misshapen, ``EngineError`` when it cannot be prepared.
    public init(_ root: Parameters, _ configuration: CLIPConfiguration, stages: [Int], engine: E) throws {
        let (sizes, model) = (configuration.vision, configuration.places(root).vision)
        let (width, half) = (sizes.width, sizes.imageSize / 2)
        stem = try [(3, width / 2, 2), (width / 2, width / 2, 1), (width / 2, width, 1)].enumerated().map {
            try engine.prepare(
                ConvolutionParameters(
                    model / "conv\($0 + 1)", norm: model / "bn\($0 + 1)", inputs: $1.0, outputs: $1.1, window: 3,
                    stride: $1.2, side: $1.2 == 2 ? sizes.imageSize : half))
        }
        var (inputs, side) = (width, half / 2)
        var blocks: [ResNetBlock<E>] = []
        for (stage, count) in stages.enumerated() {
            for index in 0..<count {
                let stride = stage > 0 && index == 0 ? 2 : 1
                let inner = width << stage
                blocks.append(
                    try ResNetBlock(
                        clip: model / "layer\(stage + 1)" / index, inputs: inputs, inner: inner, stride: stride,
                        side: side,
                        engine: engine))
                (inputs, side) = (4 * inner, side / stride)
            }
        }
        self.blocks = blocks
        pool = try AttentionPool(
            model / "attnpool", positions: 1 + side * side, width: inputs, heads: sizes.heads,
            outputs: configuration.embeddingDimension, engine: engine)
        imageSize = sizes.imageSize
        self.engine = engine
    }

    /// The embeddings of a batch of images, not normalised: [images, 3, size, size] → [images, dimension].
    public func callAsFunction(_ pixels: E.Pixels) throws -> E.Tensor {
        var x = try engine.featureMap(of: pixels, side: imageSize)  // [images, size, size, 3]
        for convolution in stem { x = try engine.convolve(x, convolution, activation: .relu) }
        x = try engine.averagePool(x, window: 2)  // [images, size / 4, size / 4, width]
        for block in blocks { try block(&x, engine: engine) }  // [images, size / 32, size / 32, 32 · width]
        return try pool(x, engine: engine)  // [images, dimension]
    }
}

/// Attention over the positions of a feature map, asked by their mean.
struct AttentionPool<E: Engine> {
    private let positions: E.Table
    private let query: E.Linear
    private let keysValues: E.Linear
    private let projection: E.Linear
    private let heads: Int

    init(_ place: Parameters, positions: Int, width: Int, heads: Int, outputs: Int, engine: E) throws {
        self.positions = try engine.prepare(
            TableParameters(place.tensor("positional_embedding", shape: [positions, width])))
        query = try engine.prepare(LinearParameters(place / "q_proj", inputs: width, outputs: width))
        keysValues = try engine.prepare(
            LinearParameters([place / "k_proj", place / "v_proj"], inputs: width, outputs: width))
        projection = try engine.prepare(LinearParameters(place / "c_proj", inputs: width, outputs: outputs))
        self.heads = heads
    }

    /// [images, side, side, width] → [images, outputs].
    func callAsFunction(_ x: E.FeatureMap, engine: E) throws -> E.Tensor {
        let rows = try engine.meanAndPositions(of: x, adding: positions)  // [images · (1 + side²), width]
        let asked = try engine.linear(engine.firstRows(of: rows), query, activation: nil, as: .operand)
        let known = try engine.linear(rows, keysValues, activation: nil, as: .operand)  // […, 2 · width]
        let answer = try engine.attention(query: asked, keysValues: known, heads: heads)  // [images, width]
        return try engine.linear(answer, projection, activation: nil, as: .stream)
    }
}
