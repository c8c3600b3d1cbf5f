public import DiptychEngine
public import DiptychCheckpoints

/// A plain residual network without its classifier: pixels to the mean of its last map (He et al. 2015, as torchvision builds it).
public struct ResNet<E: Engine> {
    private let stem: E.Convolution
    private let blocks: [ResNetBlock<E>]
    private let imageSize: Int
    private let engine: E

    /// Takes the network's parameters by torchvision's names.
    ///
    /// - Throws: ``CheckpointError`` when a tensor is missing or misshapen, ``EngineError`` when it cannot be prepared.
    public init(_ root: Parameters, _ configuration: ResNetConfiguration, engine: E) throws {
        let size = configuration.imageSize
        stem = try engine.prepare(
            ConvolutionParameters(
                root / "conv1", norm: root / "bn1", inputs: 3, outputs: configuration.stemWidth, window: 7, stride: 2,
                side: size))
        var inputs = configuration.stemWidth
        var side = ResNetConfiguration.halved(ResNetConfiguration.halved(size))
        var blocks: [ResNetBlock<E>] = []
        for (stage, sizes) in configuration.stages.enumerated() {
            for index in 0..<sizes.blocks {
                let stride = stage > 0 && index == 0 ? 2 : 1
                blocks.append(
                    try ResNetBlock(
                        torchvision: root / "layer\(stage + 1)" / index, isBottleneck: configuration.hasBottlenecks,
                        inputs: inputs, inner: sizes.inner, outputs: sizes.outputs, stride: stride, side: side,
                        engine: engine))
                (inputs, side) = (sizes.outputs, ResNetConfiguration.halved(side, stride: stride))
            }
        }
        self.blocks = blocks
        imageSize = size
        self.engine = engine
    }

    /// The embeddings of a batch of images, not normalised: [images, 3, size, size] → [images, dimension].
    public func callAsFunction(_ pixels: E.Pixels) throws -> E.Tensor {
        var x = try engine.featureMap(of: pixels, side: imageSize)  // [images, size, size, 3]
        x = try engine.convolve(x, stem, activation: .relu)  // [images, size / 2, size / 2, width]
        x = try engine.maxPool(x, window: 3, stride: 2)  // [images, size / 4, size / 4, width]
        for block in blocks { try block(&x, engine: engine) }  // [images, size / 32, size / 32, dimension]
        return try engine.mean(of: x)  // [images, dimension]
    }
}
