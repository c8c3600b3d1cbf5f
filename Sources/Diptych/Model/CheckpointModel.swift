public import DiptychEngine
internal import DiptychModels
public import DiptychCheckpoints
internal import Foundation

/// An embedder that this process runs from a checkpoint: how it is run, what it costs, how fast it is.
public protocol CheckpointModel: Embedder {
    /// The engine that runs it.
    var runner: ModelRunner { get }
}

extension CheckpointModel {
    /// The path's last component, for messages.
    public var name: String { URL(fileURLWithPath: path).lastPathComponent }
    /// The width of its embeddings.
    public var dimension: Int { runner.definition.embeddingDimension }
    /// How it is run.
    public var options: ModelOptions { runner.options }
    /// Its tensors as they lie in the files.
    public var checkpoint: Checkpoint { runner.checkpoint }

    /// The engine in use: instruction set, threads, precision.
    ///
    /// With `precision: .auto` the first call, like the first embedding, measures the loss.
    public func engineDescription() async throws -> EngineDescription { try await runner.description() }

    /// A hash of its configuration and weights that any store of its embeddings is bound to.
    ///
    /// It does not depend on how the weights are split over files.
    public func fingerprint() async -> String { await runner.fingerprint() }

    /// What it costs: parameters and operations.
    public func cost(precision: Precision = .fp32) throws -> ModelCost {
        try ModelCost(Parameters(checkpoint), runner.definition, precision: precision)
    }

    /// The embeddings of `count` preprocessed images, not normalised: [count, 3, size, size] → [count, dimension].
    ///
    /// - Throws: ``ModelError`` when the pixels are of another size than the model reads.
    public func encode(_ pixels: [Float], count: Int) async throws -> [Float] {
        let size = runner.definition.imageSize
        let (image, remainder) = pixels.count.quotientAndRemainder(dividingBy: 3 * size * size)
        guard image == count, remainder == 0 else {
            throw ModelError(
                "\(name) reads images of 3 × \(size) × \(size) numbers; \(count) of another size were given")
        }
        return try await runner.encode(PixelBatch(values: pixels, count: count, size: size))
    }
}
