public import DiptychMedia
public import DiptychVideo

/// Which frames of a video stand for it.
public struct ClipChoice: Sendable, Hashable {
    /// How frames are chosen.
    public enum Sampling: String, Sendable, Hashable, CaseIterable {
        /// The middle frames of equal parts.
        case middle
        /// From the start on in equal steps, as ViCLIP's demo does it.
        case viclip
    }

    /// How many.
    public var frames: Int
    /// How they are chosen.
    public var sampling: Sampling
    /// The side that frames are brought to at once, where the model sees squares; nil keeps them as they are.
    public var side: Int?

    /// What a model wants.
    public init(for embedder: any VideoEmbedder) {
        frames = embedder.frames
        let video = embedder as? ViCLIPModel
        sampling = video == nil ? .middle : .viclip
        // A clip that waits is no larger than what the model sees.
        side = video?.configuration.imageSize
    }
}

/// The frames that stand for a video.
public struct VideoClip: Sendable {
    /// The frames, as many as were asked for.
    public let images: [Image]
    /// Why not all of the video could be read; nil where it could.
    public let damage: String?

    /// Reads the frames of a video. Blocks.
    ///
    /// - Parameter check: called with each frame.
    /// - Throws: `VideoError` where the video has too few frames or none that can be decoded; what `check` throws.
    public init(of file: VideoFile, _ choice: ClipChoice, check: () throws -> Void = {}) throws {
        let count = try file.table().count
        var indices = VideoSampling.middles(of: count, frames: choice.frames)
        if choice.sampling == .viclip {
            guard let steps = VideoSampling.steps(of: count, frames: choice.frames) else {
                throw VideoError(
                    .noSuchFrame, source: file.source.description,
                    reason:
                        "has \(count) frames, and \(choice.frames) are needed; the sampling 'middle' repeats the last")
            }
            indices = steps
        }
        var found: [Int: Image] = [:]
        try file.frames(at: indices) { frame in
            try check()
            found[frame.index] = choice.side.map { frame.image.resizedAsOpenCV(width: $0, height: $0) } ?? frame.image
        }
        let clip = indices.compactMap { found[$0] }
        guard let last = clip.last else {
            throw VideoError(
                .notDecodable, source: file.source.description, reason: "none of the frames can be decoded")
        }
        // A frame that is damaged is its neighbour's.
        images = clip + [Image](repeating: last, count: choice.frames - clip.count)
        damage = file.damage
    }
}
