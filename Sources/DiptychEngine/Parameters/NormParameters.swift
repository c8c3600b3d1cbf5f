public import DiptychCheckpoints

/// The checkpoint tensors of a layer normalisation.
public struct NormParameters: Sendable {
    /// The weight, [width].
    public let weight: TensorView
    /// The bias, [width].
    public let bias: TensorView
    /// What is added to the variance.
    public let epsilon: Float
    /// The width of a row.
    public let width: Int
    /// The share of the result's numbers that training sets to 0; see ``LinearParameters/dropout``.
    public let dropout: Float

    /// Takes `weight` and `bias` [width] from `place`.
    ///
    /// - Throws: ``CheckpointError`` when a tensor is missing or misshapen.
    public init(_ place: Parameters, width: Int, epsilon: Float, dropout: Float = 0) throws {
        weight = try place.tensor("weight", shape: [width])
        bias = try place.tensor("bias", shape: [width])
        self.epsilon = epsilon
        self.width = width
        self.dropout = dropout
    }
}
