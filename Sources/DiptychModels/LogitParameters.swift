public import DiptychCheckpoints
internal import Foundation

/// What turns cosines into scores: softmax of scale × cosine (CLIP), or σ(scale × cosine + bias) for each pair (SigLIP).
public struct LogitParameters: Sendable, Hashable {
    /// The factor of cosines: the exponential of the checkpoint's `logit_scale`.
    public let scale: Float
    /// What is added, in models whose scores are sigmoids; nil where they are a softmax.
    public let bias: Float?

    /// Takes what is known already.
    public init(scale: Float, bias: Float?) {
        self.scale = scale
        self.bias = bias
    }

    /// Takes `logit_scale`, and `logit_bias` where there is one, each a scalar or one number.
    ///
    /// - Throws: ``CheckpointError`` when one is missing, misshapen or not finite.
    public init(_ root: Parameters, _ configuration: CLIPConfiguration) throws {
        scale = exp(try Self.number(root, "logit_scale"))
        let hasBias = configuration.family == .siglip || root.contains("logit_bias")
        bias = hasBias ? try Self.number(root, "logit_bias") : nil
        guard scale.isFinite, bias?.isFinite ?? true else {
            throw CheckpointError(
                .mismatch, path: root.checkpointPath, "logit_scale or logit_bias is not a finite number")
        }
    }

    private static func number(_ root: Parameters, _ name: String) throws -> Float {
        try root.tensor(name, shape: root.shape(of: name) == [1] ? [1] : []).floats()[0]
    }
}
