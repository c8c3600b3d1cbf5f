internal import CTorch
internal import DiptychCheckpoints
public import DiptychEngine

extension TorchEngine {
    /// A linear layer's parts, which are joined once where nothing changes them, and at each use where gradients are recorded.
    public struct Linear {
        let weights: [TorchValue]
        let biases: [TorchValue]
        let isTransposed: Bool
        let outputs: Int
        let dropout: Float
        var joined: (weight: TorchValue, bias: TorchValue?)?
    }

    /// A layer normalisation's weight and bias.
    public struct Norm {
        let weight: TorchValue
        let bias: TorchValue
        let epsilon: Float
        let dropout: Float
    }

    /// Token, position and segment tables.
    public struct TokenEmbedding {
        let tokens: TorchValue
        let positions: TorchValue
        let segments: TorchValue?
        let vocabulary: Int
        let context: Int
        let width: Int
    }

    /// The patch projection and what is added to its result.
    public struct PatchEmbedding {
        let projection: TorchValue
        let bias: TorchValue?
        let classToken: TorchValue?
        let positions: TorchValue
        let sizes: PatchEmbeddingParameters
    }

    /// A convolution: folded with its normalisation, or with the latter's numbers beside it where gradients are recorded.
    public struct Convolution {
        let kernel: TorchValue
        let weight: TorchValue?
        let bias: TorchValue
        let mean: TorchValue?
        let variance: TorchValue?
        let sizes: ConvolutionParameters
        let name: String
    }

    /// Learned rows.
    public struct Table {
        let value: TorchValue
        let rows: Int
        let width: Int
    }
}

// The protocol documents these.
// swift-format-ignore: AllPublicDeclarationsHaveDocumentation
extension TorchEngine {
    public func prepare(_ p: LinearParameters) throws -> Linear {
        let layer = Linear(
            weights: try p.weights.map { try parameter($0, as: precision) },
            biases: try p.biases.map { try parameter($0, as: precision) },
            isTransposed: p.layout == .inputsByOutputs, outputs: p.outputs, dropout: p.dropout)
        guard !recordsGradients else { return layer }
        return Linear(
            weights: [], biases: [], isTransposed: false, outputs: p.outputs, dropout: p.dropout,
            joined: try joined(layer))
    }

    /// The weight [outputs, inputs] and the bias [outputs] in the type of operands.
    func joined(_ layer: Linear) throws -> (weight: TorchValue, bias: TorchValue?) {
        if let joined = layer.joined { return joined }
        let parts = try layer.weights.map { weight in
            layer.isTransposed ? try plugin.make(weight) { $0.transposed($1) } : weight
        }
        let weight = try operand(plugin.joined(parts))
        return (weight, layer.biases.isEmpty ? nil : try operand(plugin.joined(layer.biases)))
    }

    /// The same in the type of operands.
    func operand(_ x: TorchValue) throws -> TorchValue {
        precision == .fp32 ? x : try plugin.make(x) { [precision] in $0.converted($1, precision.number) }
    }

    public func prepare(_ p: NormParameters) throws -> Norm {
        Norm(weight: try parameter(p.weight), bias: try parameter(p.bias), epsilon: p.epsilon, dropout: p.dropout)
    }

    public func prepare(_ p: TokenEmbeddingParameters) throws -> TokenEmbedding {
        TokenEmbedding(
            tokens: try parameter(p.tokens), positions: try parameter(p.positions),
            segments: try p.segments.map { try parameter($0) }, vocabulary: p.tokens.shape[0],
            context: p.positions.shape[0], width: p.width)
    }

    public func prepare(_ p: PatchEmbeddingParameters) throws -> PatchEmbedding {
        PatchEmbedding(
            projection: try parameter(p.projection, as: precision),
            bias: try p.bias.map { try parameter($0, as: precision) },
            classToken: try p.classToken.map { try parameter($0) }, positions: try parameter(p.positions), sizes: p)
    }

    public func prepare(_ p: ConvolutionParameters) throws -> Convolution {
        if recordsGradients {
            return Convolution(
                kernel: try parameter(p.weight), weight: try parameter(p.normWeight),
                bias: try parameter(p.normBias), mean: try statistic(p.mean), variance: try statistic(p.variance),
                sizes: p, name: p.weight.name)
        }
        let (weight, bias) = p.folded()
        p.weight.releasePages()
        return Convolution(
            kernel: try plugin.tensor(weight, shape: p.weight.shape, device: device, type: number(precision)),
            weight: nil,
            bias: try plugin.tensor(bias, shape: [p.outputs], device: device, type: number(precision)), mean: nil,
            variance: nil, sizes: p, name: p.weight.name)
    }

    public func prepare(_ p: TableParameters) throws -> Table {
        Table(value: try parameter(p.values), rows: p.rows, width: p.width)
    }
}
