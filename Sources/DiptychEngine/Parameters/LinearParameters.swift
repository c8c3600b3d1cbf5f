public import DiptychCheckpoints

/// The checkpoint tensors of a linear layer: y = x · Wᵀ + b.
public struct LinearParameters: Sendable {
    /// How a weight matrix is stored.
    public enum Layout: Sendable {
        /// [outputs, inputs], as linear layers are stored.
        case outputsByInputs
        /// [inputs, outputs], as CLIP's original projection matrices are stored.
        case inputsByOutputs
    }

    /// Weight matrices whose outputs stand side by side, such as query, key and value.
    public let weights: [TensorView]
    /// The biases of the same parts, or none.
    public let biases: [TensorView]
    /// How each weight is stored.
    public let layout: Layout
    /// The width of the input.
    public let inputs: Int
    /// The width of the output, all parts together.
    public let outputs: Int
    /// The share of the result's numbers that an engine which trains sets to 0 (Srivastava et al. 2014); others ignore it.
    public private(set) var dropout: Float = 0

    /// The same layer with a ``dropout``.
    public func with(dropout: Float) -> LinearParameters {
        var layer = self
        layer.dropout = dropout
        return layer
    }

    /// Takes `weight` [outputs, inputs] (and `bias` [outputs]) from one place.
    ///
    /// - Throws: ``CheckpointError`` when a tensor is missing or misshapen.
    public init(_ place: Parameters, inputs: Int, outputs: Int, bias: Bool = true) throws {
        try self.init([place], inputs: inputs, outputs: outputs, bias: bias)
    }

    /// Takes parts of `outputs` outputs each from several places and puts them side by side.
    ///
    /// - Throws: ``CheckpointError`` when a tensor is missing or misshapen.
    public init(_ places: [Parameters], inputs: Int, outputs: Int, bias: Bool = true) throws {
        weights = try places.map { try $0.tensor("weight", shape: [outputs, inputs]) }
        biases = bias ? try places.map { try $0.tensor("bias", shape: [outputs]) } : []
        layout = .outputsByInputs
        self.inputs = inputs
        self.outputs = outputs * places.count
    }

    /// Takes one matrix by name, such as `in_proj_weight` or a projection without bias.
    ///
    /// - Throws: ``CheckpointError`` when a tensor is missing or misshapen.
    public init(
        _ place: Parameters, weight: String, bias: String? = nil, inputs: Int, outputs: Int,
        layout: Layout = .outputsByInputs
    ) throws {
        let shape = layout == .outputsByInputs ? [outputs, inputs] : [inputs, outputs]
        weights = [try place.tensor(weight, shape: shape)]
        biases = try bias.map { [try place.tensor($0, shape: [outputs])] } ?? []
        self.layout = layout
        self.inputs = inputs
        self.outputs = outputs
    }

    /// The layer of some of the outputs alone, such as the keys and values of a packed projection.
    ///
    /// The layer must have one weight, stored outputs first, and `range` must lie inside its outputs.
    public func outputs(in range: Range<Int>) -> LinearParameters {
        precondition(weights.count == 1 && layout == .outputsByInputs, "not one matrix of outputs by inputs")
        return LinearParameters(
            weights: weights.map { $0.rows(range) }, biases: biases.map { $0.rows(range) }, layout: layout,
            inputs: inputs, outputs: range.count)
    }

    private init(weights: [TensorView], biases: [TensorView], layout: Layout, inputs: Int, outputs: Int) {
        self.weights = weights
        self.biases = biases
        self.layout = layout
        self.inputs = inputs
        self.outputs = outputs
    }
}
