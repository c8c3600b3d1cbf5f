public import ArgumentParser
public import Diptych
import DiptychMedia
import DiptychVideo

extension FramePooling: ExpressibleByArgument {}

/// The options of commands that embed whole videos.
struct VideoEmbeddingArguments: ParsableArguments {
    @Option(parsing: .unconditional, help: "How many frames stand for a video (default: the model's number, else 8).")
    var frames: Int?

    @Option(
        help: """
            How the embeddings of frames are pooled (default: the model's video tower, where it has one, else their mean).
            """)
    var pooling: FramePooling?

    @Option(
        help: """
            Which frames: viclip, as ViCLIP's demo takes them from the start on (the default for its tower); middle, the middle \
            frames of equal parts (the default otherwise).
            """)
    var sampling: Sampling?

    /// Which frames stand for a video.
    enum Sampling: String, ExpressibleByArgument, CaseIterable { case middle, viclip }

    func validate() throws {
        if let frames, !(1...64).contains(frames) { throw ValidationError("--frames must be 1 to 64, not \(frames).") }
    }

    /// The embedding of a video, and why not all of it could be read, where that is so.
    func embedding(
        of input: VideoInput, _ model: any Embedder, _ options: VideoOptions, normalize: Bool = true
    ) async throws -> (embedding: Embedding, damage: String?) {
        let embedder = model.videoEmbedder(pooling: pooling)
        let (frames, sampling) = (frames ?? embedder.frames, sampling ?? (embedder is ViCLIPModel ? .viclip : .middle))
        // A clip that waits is no larger than what the model sees.
        let side = (embedder as? ViCLIPModel)?.configuration.imageSize
        let (clip, damage) = try await input.read(options) { file in
            let count = try file.table().count
            var indices = VideoSampling.middles(of: count, frames: frames)
            if sampling == .viclip {
                guard let steps = VideoSampling.steps(of: count, frames: frames) else {
                    throw Failure(
                        "\(input.name): has \(count) frames, and \(frames) are needed; --sampling middle repeats the last"
                    )
                }
                indices = steps
            }
            var images: [Int: Image] = [:]
            try file.frames(at: indices) { frame in
                try Task.checkCancellation()
                images[frame.index] = side.map { frame.image.resizedAsOpenCV(width: $0, height: $0) } ?? frame.image
            }
            let clip = indices.compactMap { images[$0] }
            guard let last = clip.last else { throw Failure("\(input.name): none of the frames can be decoded") }
            // A frame that is damaged is its neighbour's.
            return (clip + [Image](repeating: last, count: frames - clip.count), file.damage)
        }
        let embeddings = try await embedder.embed(clips: [clip], normalize: normalize)
        return (embeddings[0], damage)
    }
}
