internal import DiptychEngine
internal import DiptychCheckpoints

/// ViCLIP's video tower: CLIP's vision transformer with attention over all patches of all frames at once.
///
/// The original numbers its tokens patch by patch and frame within patch. Here a frame's patches stand together, as an engine cuts
/// them: attention does not look at the order, and only the class token's row is kept.
final class ViCLIPVideoTower<E: Engine> {
    private let configuration: ViCLIPConfiguration
    private let projectionOfPatches: TensorView
    private let classToken: TensorView
    private let positions: [Float]
    private let times: [Float]
    private let firstNorm: E.Norm
    private let blocks: [TransformerBlock<E>]
    private let finalNorm: E.Norm
    private let projection: E.Linear
    private let engine: E
    /// The embedding of clips by their number of frames.
    private var embeddings: [Int: E.PatchEmbedding] = [:]
    /// A clip's tokens are numbered by 32 bits, and memory ends before.
    private static var mostTokens: Int { 1 << 20 }

    init(_ place: Parameters, _ configuration: ViCLIPConfiguration, engine: E) throws {
        let (width, patch) = (configuration.width, configuration.patchSize)
        let convolution = try (place / "conv1").tensor("weight", shape: [width, 3, 1, patch, patch])
        // One frame deep, so the numbers are those of a convolution of images.
        projectionOfPatches = TensorView(
            name: convolution.name, shape: [width, 3, patch, patch], floats: convolution.floats())
        classToken = try place.tensor("class_embedding", shape: [width])
        positions = try place.tensor("positional_embedding", shape: [1 + configuration.patches, width]).floats()
        times = try place.tensor("temporal_positional_embedding", shape: [1, configuration.frames, width]).floats()
        func norm(_ name: String) throws -> E.Norm {
            try engine.prepare(NormParameters(place / name, width: width, epsilon: 1e-5))
        }
        firstNorm = try norm("ln_pre")
        let sizes = TransformerBlock<E>.Sizes(
            width: width, feedForwardWidth: configuration.feedForwardWidth, heads: configuration.heads, mask: .none,
            activation: .quickGELU, epsilon: 1e-5)
        blocks = try (0..<configuration.layers).map {
            try TransformerBlock(original: place / "transformer" / "resblocks" / $0, sizes, engine: engine)
        }
        finalNorm = try norm("ln_post")
        projection = try engine.prepare(
            LinearParameters(
                place, weight: "proj", inputs: width, outputs: configuration.embeddingDimension,
                layout: .inputsByOutputs))
        (self.configuration, self.engine) = (configuration, engine)
        // Prepared at once, so that engines that count parameters see it.
        embeddings[1] = try embedding(frames: 1)
    }

    /// The embeddings of a batch of clips, not normalised: [clips · frames, 3, size, size] → [clips, dimension].
    func callAsFunction(_ pixels: E.Pixels, frames: Int) throws -> E.Tensor {
        let embedding = try embeddings[frames] ?? embedding(frames: frames)
        embeddings[frames] = embedding
        var x = try engine.embed(pixels, with: embedding)  // [clips · (1 + frames · patches), width]
        x = try engine.layerNorm(x, firstNorm, as: .stream)
        try blocks.dropLast()(&x, engine: engine)
        let pooled = try blocks.last?(last: x, engine: engine, pool: engine.firstRows) ?? engine.firstRows(of: x)
        let normed = try engine.layerNorm(pooled, finalNorm, as: .operand)  // [clips, width]
        return try engine.linear(normed, projection, activation: nil, as: .stream)  // [clips, dimension]
    }

    /// The patches of `frames` frames, each with the sum of its place and its time.
    private func embedding(frames: Int) throws -> E.PatchEmbedding {
        let (width, patches) = (configuration.width, configuration.patches)
        guard frames > 0, frames <= Self.mostTokens / patches else {
            throw EngineError("clips have 1 to \(Self.mostTokens / patches) frames, not \(frames)")
        }
        let times = ViCLIPConfiguration.times(times, stored: configuration.frames, width: width, frames: frames)
        var rows = Array(positions[..<width])  // the class token has a place and no time
        rows.reserveCapacity((1 + frames * patches) * width)
        for frame in 0..<frames {
            for patch in 1...patches {
                for i in 0..<width { rows.append(positions[patch * width + i] + times[frame * width + i]) }
            }
        }
        return try engine.prepare(
            PatchEmbeddingParameters(
                projection: projectionOfPatches, classToken: classToken,
                positions: TensorView(
                    name: "vision_encoder.positional_embedding", shape: [1 + frames * patches, width], floats: rows),
                imageSize: configuration.imageSize, patchSize: configuration.patchSize, width: width, frames: frames))
    }
}

extension ViCLIPConfiguration {
    /// The rows of the temporal table for another number of frames: for an image their mean, for fewer frames the first ones,
    /// for more frames between neighbours (linear, half-pixel centres), as the original does.
    package static func times(_ stored: [Float], stored count: Int, width: Int, frames: Int) -> [Float] {
        if frames == count { return stored }
        if frames == 1 {
            return (0..<width).map { i in
                Float((0..<count).reduce(0.0) { $0 + Double(stored[$1 * width + i]) } / Double(count))
            }
        }
        if frames < count { return Array(stored[..<(frames * width)]) }
        var rows: [Float] = []
        for frame in 0..<frames {
            let place = max(0, (Double(frame) + 0.5) * Double(count) / Double(frames) - 0.5)
            let low = min(Int(place), count - 1), high = min(low + 1, count - 1)
            let share = Float(place - Double(low))
            for i in 0..<width { rows.append(stored[low * width + i] * (1 - share) + stored[high * width + i] * share) }
        }
        return rows
    }
}
