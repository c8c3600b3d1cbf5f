public import DiptychCheckpoints

/// The checkpoint tensors of a convolution without bias and of the batch normalisation that follows it.
///
/// For inference the two are one convolution with bias: w · g/√(v + ε) and b − m · g/√(v + ε) for the normalisation's weight g, bias b, mean m and
/// variance v of each output (Ioffe & Szegedy 2015); see ``folded()``.
public struct ConvolutionParameters: Sendable {
    /// [outputs, inputs, window, window].
    public let weight: TensorView
    /// The normalisation's weight, [outputs].
    public let normWeight: TensorView
    /// The normalisation's bias, [outputs].
    public let normBias: TensorView
    /// The normalisation's running mean, [outputs].
    public let mean: TensorView
    /// The normalisation's running variance, [outputs].
    public let variance: TensorView
    /// What is added to the variance.
    public let epsilon: Float = 1e-5
    /// The channels read.
    public let inputs: Int
    /// The channels written.
    public let outputs: Int
    /// The side of the square window.
    public let window: Int
    /// The step between windows.
    public let stride: Int
    /// The zeros around the map that keep its side: half the window.
    public var padding: Int { window / 2 }
    /// The side of the map that it reads.
    public let side: Int
    /// The side of the map that it writes.
    public var resultSide: Int { (side + 2 * padding - window) / stride + 1 }

    /// Takes `weight` from `place` and `weight`, `bias`, `running_mean` and `running_var` from `norm`.
    ///
    /// - Throws: ``CheckpointError`` when a tensor is missing or misshapen.
    public init(
        _ place: Parameters, norm: Parameters, inputs: Int, outputs: Int, window: Int, stride: Int = 1, side: Int
    ) throws {
        weight = try place.tensor("weight", shape: [outputs, inputs, window, window])
        normWeight = try norm.tensor("weight", shape: [outputs])
        normBias = try norm.tensor("bias", shape: [outputs])
        mean = try norm.tensor("running_mean", shape: [outputs])
        variance = try norm.tensor("running_var", shape: [outputs])
        self.inputs = inputs
        self.outputs = outputs
        self.window = window
        self.stride = stride
        self.side = side
    }

    /// What each output's weights are multiplied by, and the bias, so that the convolution normalises too: [outputs] each.
    public func normalization() -> (scale: [Float], bias: [Float]) {
        let (weight, bias) = (normWeight.floats(), normBias.floats())
        let (mean, variance) = (mean.floats(), variance.floats())
        let scale = (0..<outputs).map { weight[$0] / (variance[$0] + epsilon).squareRoot() }
        return (scale, (0..<outputs).map { bias[$0] - mean[$0] * scale[$0] })
    }

    /// Weights [outputs, inputs, window, window] and bias [outputs] that convolve and normalise in one step.
    public func folded() -> (weight: [Float], bias: [Float]) {
        let (scale, bias) = normalization()
        var weight = self.weight.floats()
        weight.withUnsafeMutableBufferPointer { Self.multiply($0, by: scale) }
        return (weight, bias)
    }

    /// Multiplies equal consecutive parts of `weights` by one factor each.
    static func multiply(_ weights: UnsafeMutableBufferPointer<Float>, by scale: [Float]) {
        let each = scale.isEmpty ? 0 : weights.count / scale.count
        for (output, factor) in scale.enumerated() {
            for i in output * each..<(output + 1) * each { weights[i] *= factor }
        }
    }
}
