public import DiptychEngine

/// A pre-normalisation transformer block: x + attention(norm(x)), then x + feed-forward(norm(x)).
///
/// Source: Radford et al. 2021, "Learning Transferable Visual Models From Natural Language Supervision".
public struct TransformerBlock<E: Engine>: RepeatedBlock {
    let attentionNorm: E.Norm
    let queriesKeysValues: E.Linear
    let attentionOutput: E.Linear
    let feedForwardNorm: E.Norm
    let expand: E.Linear
    let contract: E.Linear
    let heads: Int
    let mask: AttentionMask
    let activation: Activation

    /// Runs the block over a packed batch, in place: [rows, width].
    public func callAsFunction(_ x: inout E.Tensor, engine: E) throws {
        try engine.addLinear(attended(x, engine), attentionOutput, to: &x)
        try feedForward(&x, engine)
    }

    /// Runs the last block of a tower, of which only one row of each sequence is needed: [rows, width] →
    /// [sequences, width].
    ///
    /// Attention needs every row's keys and values; what follows it is computed for the rows that `pool` keeps only,
    /// which saves three quarters of the block.
    public func callAsFunction(
        last x: E.Tensor, engine: E, pool: (E.Tensor) throws -> E.Tensor
    ) throws -> E.Tensor {
        let attended = try pool(attended(x, engine))  // [sequences, width]
        var kept = try pool(x)  // [sequences, width]
        try engine.addLinear(attended, attentionOutput, to: &kept)
        try feedForward(&kept, engine)
        return kept
    }

    private func attended(_ x: E.Tensor, _ engine: E) throws -> E.Tensor {
        let normed = try engine.layerNorm(x, attentionNorm, as: .operand)
        // [rows, width] → [rows, 3 · width] → [rows, width]
        let projected = try engine.linear(normed, queriesKeysValues, activation: nil, as: .operand)
        return try engine.attention(projected, heads: heads, mask: mask, dropout: 0)
    }

    private func feedForward(_ x: inout E.Tensor, _ engine: E) throws {
        let normed = try engine.layerNorm(x, feedForwardNorm, as: .operand)
        let hidden = try engine.linear(normed, expand, activation: activation, as: .operand)  // [rows, 4 · width]
        try engine.addLinear(hidden, contract, to: &x)
    }
}
