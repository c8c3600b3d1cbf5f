import ArgumentParser
import Diptych

struct VideoEmbedCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "embed",
        abstract: "Embed videos, each as one point, in the order given.",
        discussion: """
            ViCLIP models see all frames at once; of other models, the embeddings of frames are pooled. Prints {"kind": \
            "video", "input": "a.mp4", "embedding": […]} for each, or writes a file: .npy, .safetensors or .jsonl. Videos \
            that cannot be read are left out and listed; the exit status is 3 then.

            Example: diptych video embed --output clips.npy a.mp4 b.mp4
            """)

    @OptionGroup var model: ModelArguments
    @OptionGroup var choice: VideoEmbeddingArguments
    @OptionGroup var reading: VideoArguments

    @Option(name: .shortAndLong, help: "The file to write, ending in .npy, .safetensors or .jsonl.")
    var output: String?

    @Option(help: "json or jsonl, for standard output.")
    var format = ResultFormat.jsonl

    @Flag(name: .customLong("no-normalize"), help: "Leave embeddings as long as the model gives them.")
    var isRaw = false

    @Argument(help: ArgumentHelp("Files, URLs, or - for bytes on standard input.", valueName: "videos"))
    var videos: [String]

    func validate() throws {
        try VideoInput.validate(videos)
        if let output, EmbeddingFileKind(path: output) == nil {
            throw ValidationError("--output \(output) \(EmbeddingFileKind.expectation).")
        }
        if format == .text { throw ValidationError("embeddings are printed as json or jsonl.") }
    }

    func run() async throws {
        let model = try await model.load()
        let sink: any EmbeddingSink =
            switch output.flatMap(EmbeddingFileKind.init(path:)) {
            case .npy?: try NumpySink(path: output ?? "", dimension: model.dimension)
            case .jsonl?: try JSONLinesSink(path: output ?? "")
            case .safetensors?:
                try SafetensorsSink(
                    path: output ?? "", dimension: model.dimension,
                    metadata: ["model": model.name, "fingerprint": await model.fingerprint()])
            case nil: StandardOutputSink(format)
            }
        var skips = Skips()
        for video in videos {
            do {
                let (embedding, damage) = try await choice.embedding(
                    of: VideoInput(name: video), model, reading.options, normalize: !isRaw)
                if let damage { Console.say("\(video.shown): not all of it can be read: \(damage)") }
                try sink.append([("kind", "video"), ("input", .string(video))], embedding.values)
            } catch let error as CancellationError { throw error } catch { skips.add(video, error) }
            if output == nil { try StandardOutput.flush() }
        }
        try sink.finish()
        try skips.end(of: videos.count)
    }
}
