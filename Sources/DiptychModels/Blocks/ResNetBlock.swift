internal import DiptychEngine
internal import DiptychCheckpoints

/// A residual block: relu(x + convolutions of x), where x is convolved too if its shape changes (He et al. 2015).
struct ResNetBlock<E: Engine> {
    /// All but the last convolution.
    private let first: [E.Convolution]
    private let last: E.Convolution
    private let shortcut: E.Convolution?
    /// The window that is averaged before the last convolution and before the shortcut; 1 for none.
    private let pooling: Int

    /// A bottleneck of CLIP's, which averages instead of striding and is four times as wide outside as inside.
    init(clip place: Parameters, inputs: Int, inner: Int, stride: Int, side: Int, engine: E) throws {
        let build = Builder(place: place, engine: engine)
        first = try [
            build("conv1", "bn1", inputs, inner, window: 1, side: side),
            build("conv2", "bn2", inner, inner, window: 3, side: side),
        ]
        last = try build("conv3", "bn3", inner, 4 * inner, window: 1, side: side / stride)
        shortcut =
            stride > 1 || inputs != 4 * inner
            ? try build("downsample.0", "downsample.1", inputs, 4 * inner, window: 1, side: side / stride) : nil
        pooling = stride
    }

    /// A block of a plain residual network as torchvision builds it: a bottleneck strides in its 3 × 3 convolution.
    ///
    /// - Parameter isBottleneck: three convolutions, the outer ones 1 × 1; two of 3 × 3 otherwise.
    init(
        torchvision place: Parameters, isBottleneck: Bool, inputs: Int, inner: Int, outputs: Int, stride: Int,
        side: Int,
        engine: E
    ) throws {
        let build = Builder(place: place, engine: engine)
        let next = ResNetConfiguration.halved(side, stride: stride)
        if isBottleneck {
            first = try [
                build("conv1", "bn1", inputs, inner, window: 1, side: side),
                build("conv2", "bn2", inner, inner, window: 3, stride: stride, side: side),
            ]
            last = try build("conv3", "bn3", inner, outputs, window: 1, side: next)
        } else {
            first = try [build("conv1", "bn1", inputs, inner, window: 3, stride: stride, side: side)]
            last = try build("conv2", "bn2", inner, outputs, window: 3, side: next)
        }
        shortcut =
            stride > 1 || inputs != outputs
            ? try build("downsample.0", "downsample.1", inputs, outputs, window: 1, stride: stride, side: side) : nil
        pooling = 1
    }

    /// Runs the block, in place: [images, side, side, inputs] → [images, side / stride, side / stride, outputs].
    func callAsFunction(_ x: inout E.FeatureMap, engine: E) throws {
        var y = x
        for convolution in first { y = try engine.convolve(y, convolution, activation: .relu) }
        if pooling > 1 {
            y = try engine.averagePool(y, window: pooling)
            x = try engine.averagePool(x, window: pooling)
        }
        if let shortcut { x = try engine.convolve(x, shortcut, activation: nil) }
        try engine.addConvolution(y, last, to: &x, activation: .relu)
    }

    private struct Builder {
        let place: Parameters
        let engine: E

        func callAsFunction(
            _ name: String, _ norm: String, _ inputs: Int, _ outputs: Int, window: Int, stride: Int = 1, side: Int
        ) throws -> E.Convolution {
            try engine.prepare(
                ConvolutionParameters(
                    place / name, norm: place / norm, inputs: inputs, outputs: outputs, window: window, stride: stride,
                    side: side))
        }
    }
}
