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
            Which frames: those that ViCLIP's demo takes from the start on (default for its tower), or the middle ones of \
            equal parts (default otherwise).
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
        var choice = ClipChoice(for: embedder)
        if let frames { choice.frames = frames }
        if let sampling { choice.sampling = sampling == .viclip ? .viclip : .middle }
        let chosen = choice
        let clip = try await input.read(options) { file in
            try VideoClip(of: file, chosen, check: { try Task.checkCancellation() })
        }
        let embeddings = try await embedder.embed(clips: [clip.images], normalize: normalize)
        return (embeddings[0], clip.damage)
    }
}
