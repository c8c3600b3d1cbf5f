public import DiptychMedia
public import DiptychModels
internal import DiptychCheckpoints

/// A plain residual network of torchvision's, without its classifier: embeds images, and nothing else.
///
///     let model = try await ModelLoader.load("resnet50.pth")   // 2,048 numbers an image
public final class ResNetModel: CheckpointModel {
    /// The checkpoint file that it was loaded from.
    public let path: String
    /// Images.
    public let kinds: Set<InputKind> = [.image]
    /// The sizes of the network.
    public let configuration: ResNetConfiguration
    /// torchvision's `IMAGENET1K_V1` transforms: the shorter side to 256 by a bilinear filter, the centre of 224.
    public let preprocessing: Preprocessing
    /// The engine that runs it.
    public let runner: ModelRunner

    /// Checks all tensors of a checkpoint; weights are packed when first needed.
    ///
    /// - Throws: `ConfigurationError` or `CheckpointError` naming the tensor.
    init(_ checkpoint: Checkpoint, path: String, options: ModelOptions) throws {
        self.path = path
        configuration = try ResNetConfiguration(inferredFrom: checkpoint)
        let square = Preprocessing.Size(width: configuration.imageSize, height: configuration.imageSize)
        preprocessing = try Preprocessing(
            resize: .shortestEdge(256), filter: .bilinear, crop: square,
            normalization: .init(mean: .imageNetMean, std: .imageNetStd), convention: .torchvisionRGB)
        if options.activation != nil || options.heads != nil {
            throw ModelError("\(path): a ResNet has no activation or attention heads to state; omit the option")
        }
        let root = Parameters(checkpoint)
        _ = try ModelCost(root, configuration)
        try root.finish(ignoring: configuration.isNoParameter)
        runner = ModelRunner(definition: configuration, checkpoint: checkpoint, options: options)
    }
}
