public import DiptychEngine
public import DiptychCheckpoints

/// The sizes of a plain residual network, read from the shapes of a torchvision state dict: ResNet-18 to -152, wide ones, and any
/// other widths and depths.
public struct ResNetConfiguration: ModelDefinition, Hashable {
    /// The blocks of one stage, at one side of the map.
    public struct Stage: Sendable, Hashable {
        /// The number of blocks.
        public var blocks: Int
        /// The channels inside a block.
        public var inner: Int
        /// The channels that a block writes.
        public var outputs: Int
    }

    /// The channels of the first convolution.
    public let stemWidth: Int
    /// Whether blocks have three convolutions, of which the outer ones are 1 × 1.
    public let hasBottlenecks: Bool
    /// The stages; all but the first halve the side of the map.
    public let stages: [Stage]
    /// The side of the square images that it reads, in pixels.
    public let imageSize = 224

    /// The width of its embeddings: 2,048 in ResNet-50.
    public var embeddingDimension: Int { stages.last?.outputs ?? 0 }
    /// The design and the size; shapes tell the rest.
    public var fingerprintFacts: [String] { ["resnet torchvision", "image=\(imageSize)"] }

    /// Whether the tensors of `checkpoint` have the names of such a network.
    public static func describes(_ checkpoint: Checkpoint) -> Bool {
        ["conv1.weight", "bn1.running_mean", "layer1.0.conv1.weight"].allSatisfy { checkpoint.tensors[$0] != nil }
    }

    /// Reads the sizes from the names and shapes of a checkpoint's tensors.
    ///
    /// - Throws: ``ConfigurationError`` naming the tensor that is missing, misshapen or of a design that is not supported.
    public init(inferredFrom checkpoint: Checkpoint) throws {
        /// The shape of a convolution's weights; the sizes that a stage shares are checked again when it is built.
        func shape(_ name: String) throws -> [Int] {
            guard let view = checkpoint.tensors[name] else {
                throw ConfigurationError(path: checkpoint.path, "tensor '\(name)' is missing")
            }
            guard view.shape.count == 4, view.shape.allSatisfy({ (1...1 << 16).contains($0) }) else {
                throw ConfigurationError(
                    path: checkpoint.path,
                    "tensor '\(name)' has shape \(view.shape), which no convolution of a ResNet has")
            }
            return view.shape
        }
        stemWidth = try shape("conv1.weight")[0]
        hasBottlenecks = checkpoint.tensors["layer1.0.conv3.weight"] != nil
        var stages: [Stage] = []
        while checkpoint.tensors["layer\(stages.count + 1).0.conv1.weight"] != nil {
            let place = "layer\(stages.count + 1)"
            var blocks = 0
            while checkpoint.tensors["\(place).\(blocks).conv1.weight"] != nil { blocks += 1 }
            let inner = try shape("\(place).0.conv1.weight")[0]
            let spread = try shape("\(place).0.conv2.weight")
            guard spread[1] == inner else {
                throw ConfigurationError(
                    path: checkpoint.path,
                    "tensor '\(place).0.conv2.weight' has shape \(spread): grouped convolutions (ResNeXt) are not supported"
                )
            }
            let outputs = hasBottlenecks ? try shape("\(place).0.conv3.weight")[0] : spread[0]
            stages.append(Stage(blocks: blocks, inner: inner, outputs: outputs))
        }
        guard (1...5).contains(stages.count) else {
            throw ConfigurationError(
                path: checkpoint.path, "has \(stages.count) stages (layer1, layer2, …); 1 to 5 are supported")
        }
        self.stages = stages
    }

    /// Builds the network without its classifier.
    public func imageTower<E: Engine>(_ root: Parameters, engine: E) throws -> (E.Pixels) throws -> E.Tensor {
        let network = try ResNet(root, self, engine: engine)
        return { try network($0) }
    }

    /// Whether the tensor called `name` is the classifier's or a counter.
    public func isNoParameter(_ name: String) -> Bool {
        name == "fc.weight" || name == "fc.bias" || name.hasSuffix(".num_batches_tracked")
    }

    /// The side of a map after a convolution that strides.
    static func halved(_ side: Int, stride: Int = 2) -> Int { (side - 1) / stride + 1 }
}
