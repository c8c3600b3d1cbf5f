public import DiptychMedia

extension InputKind {
    /// Clips of several frames.
    public static let video = InputKind(rawValue: "video")
}

/// What turns clips into points of a model's space: a video model, or any image model by its frames.
public protocol VideoEmbedder: Sendable {
    /// The width of its embeddings.
    var dimension: Int { get }
    /// How many frames of a clip it wants.
    var frames: Int { get }
    /// The embeddings of clips, in their order, scaled to length 1 unless `normalize` is false.
    func embed(clips: [[Image]], normalize: Bool) async throws -> Embeddings
}

/// How the embeddings of frames become that of a clip.
public enum FramePooling: String, Sendable, Hashable, CaseIterable {
    /// The mean of the frames' embeddings, each scaled to length 1 before (CLIP4Clip's `meanP`).
    case mean
    /// The highest value of each dimension.
    case max
}

/// Any image model as a video model: its frames are embedded one by one and pooled.
public struct FrameVideoEmbedder: VideoEmbedder {
    /// The model that embeds frames.
    public let model: any Embedder
    /// How their embeddings are joined.
    public let pooling: FramePooling
    /// How many frames of a clip it wants.
    public let frames: Int

    /// An image model that sees `frames` frames of a clip.
    public init(_ model: any Embedder, pooling: FramePooling = .mean, frames: Int = 8) {
        (self.model, self.pooling, self.frames) = (model, pooling, max(1, frames))
    }

    /// The width of its embeddings.
    public var dimension: Int { model.dimension }

    /// The embeddings of clips of any lengths, in their order.
    ///
    /// - Throws: ``ModelError`` for a clip without frames.
    public func embed(clips: [[Image]], normalize: Bool) async throws -> Embeddings {
        var values: [Float] = []
        for clip in clips {
            guard !clip.isEmpty else { throw ModelError("a clip has at least one frame") }
            values += pooling.pooled(try await model.embed(images: clip, normalize: true))
        }
        let embeddings = Embeddings(values: values, dimension: dimension)
        return normalize ? embeddings.normalized() : embeddings
    }
}

extension FramePooling {
    /// The rows of `frames` as one: [dimension], not normalised.
    public func pooled(_ frames: Embeddings) -> [Float] {
        guard frames.count > 0 else { return [Float](repeating: 0, count: frames.dimension) }
        return (0..<frames.dimension).map { i in
            let column = (0..<frames.count).lazy.map { frames.values[$0 * frames.dimension + i] }
            switch self {
            case .mean: return column.reduce(0, +) / Float(frames.count)
            case .max: return column.max() ?? 0
            }
        }
    }
}

extension Embedder {
    /// The model as one that embeds clips: by its own video tower, else by frames that are pooled.
    ///
    /// - Parameter pooling: how frames are pooled; nil for a video tower where there is one, else the mean.
    public func videoEmbedder(pooling: FramePooling? = nil) -> any VideoEmbedder {
        if pooling == nil, let video = self as? any VideoEmbedder { return video }
        return FrameVideoEmbedder(self, pooling: pooling ?? .mean)
    }
}
