public import DiptychTensors

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
}

/// The checkpoint tensors of a layer normalisation.
public struct NormParameters: Sendable {
    /// The gain, [width].
    public let weight: TensorView
    /// The shift, [width].
    public let bias: TensorView
    /// What is added to the variance.
    public let epsilon: Float
    /// The width of a row.
    public let width: Int

    /// Takes `weight` and `bias` [width] from `place`.
    ///
    /// - Throws: ``CheckpointError`` when a tensor is missing or misshapen.
    public init(_ place: Parameters, width: Int, epsilon: Float) throws {
        weight = try place.tensor("weight", shape: [width])
        bias = try place.tensor("bias", shape: [width])
        self.epsilon = epsilon
        self.width = width
    }
}

/// The checkpoint tensors of a text's input: a row for each token id and one for each position.
public struct TokenEmbeddingParameters: Sendable {
    /// [vocabulary, width].
    public let tokens: TensorView
    /// [context, width].
    public let positions: TensorView
    /// The width of a row.
    public let width: Int

    /// Joins the two tables, which must have the same width.
    public init(tokens: TensorView, positions: TensorView) {
        precondition(tokens.shape.count == 2 && positions.shape.count == 2 && tokens.shape[1] == positions.shape[1])
        self.tokens = tokens
        self.positions = positions
        width = tokens.shape[1]
    }
}

/// The checkpoint tensors of a picture's input: the patch projection, the class token and the positions.
public struct PatchEmbeddingParameters: Sendable {
    /// [width, 3, patch, patch], a convolution whose stride is its size, without bias.
    public let projection: TensorView
    /// [width].
    public let classToken: TensorView
    /// [1 + patches, width], the class token's first.
    public let positions: TensorView
    /// The side of the square picture in pixels.
    public let imageSize: Int
    /// The side of a patch in pixels.
    public let patchSize: Int
    /// The width of a row.
    public let width: Int

    /// The number of patches of a picture.
    public var patches: Int { (imageSize / patchSize) * (imageSize / patchSize) }

    /// Takes the three tensors, whose shapes the caller has checked against the sizes.
    public init(
        projection: TensorView, classToken: TensorView, positions: TensorView, imageSize: Int, patchSize: Int,
        width: Int
    ) {
        self.projection = projection
        self.classToken = classToken
        self.positions = positions
        self.imageSize = imageSize
        self.patchSize = patchSize
        self.width = width
    }
}
