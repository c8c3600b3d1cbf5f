import ArgumentParser
import Diptych
import DiptychDatasets

struct EmbedCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "embed",
        abstract: "Embed texts and images, in the order given.",
        discussion: """
            Prints {"kind": "image", "input": "a.jpg", "embedding": […]} for each input, or writes a file: .npy (float32 \
            [count, dimension]), .safetensors (tensor "embeddings", with the inputs in its metadata) or .jsonl. Inputs \
            that cannot be read are left out and listed; the exit status is 3 then.

            Example: diptych embed --text "a cat" --text "一只猫"
            """)

    @OptionGroup var model: ModelArguments
    @OptionGroup var fetching: FetchArguments

    @Option(
        name: .customLong("text"), parsing: .unconditionalSingleValue, help: "A text.", transform: OrderedInput.text)
    var texts: [OrderedInput] = []

    @Option(
        name: .customLong("image"), parsing: .unconditionalSingleValue,
        help: "A path, a directory with the images in it, a URL, a data URI, or - for bytes on standard input.",
        transform: OrderedInput.image)
    var images: [OrderedInput] = []

    @Option(
        name: .customLong("input"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp("A file that lists images, one a line; - for standard input.", valueName: "list"),
        transform: OrderedInput.list)
    var lists: [OrderedInput] = []

    @OptionGroup var listing: ListArguments

    @Option(name: .shortAndLong, help: "The file to write, ending in .npy, .safetensors or .jsonl.")
    var output: String?

    @Option(help: "json or jsonl, for standard output.")
    var format = ResultFormat.jsonl

    @Flag(name: .customLong("no-normalize"), help: "Leave embeddings as long as the model gives them.")
    var isRaw = false

    private var inputs: [OrderedInput] { OrderedInput.joined(texts, images, lists) }

    func validate() throws {
        guard !inputs.isEmpty else {
            throw ValidationError("there is nothing to embed: give --text, --image or --input.")
        }
        for text in texts {
            if let problem = TextArgument.problem(text.value, option: "--text") { throw ValidationError(problem) }
        }
        try ImageArgument.validate(imageArguments)
        if let output, EmbeddingFileKind(path: output) == nil {
            throw ValidationError("--output \(output) \(EmbeddingFileKind.expectation).")
        }
        if format == .text { throw ValidationError("embeddings are printed as json or jsonl.") }
    }

    private var imageArguments: [ImageArgument] {
        InputRun.split(inputs).flatMap { run -> [ImageArgument] in
            if case .images(let images) = run { images } else { [] }
        }
    }

    func run() async throws {
        // Opened before the model is, so that a name that is wrong is known at once.
        let runs = try InputRun.split(inputs).map { try Prepared($0, separator: listing.separator) }
        let model = try await model.load()
        let dualEncoder = texts.isEmpty ? nil : try model.requireTexts()
        let sink = try await sink(for: model)
        var (done, skips) = (0, Skips())
        let progress = Progress("embedding", total: nil, isQuiet: self.model.quiet)
        defer { progress.end() }
        do {
            for run in runs {
                switch run {
                case .texts(let texts):
                    guard let embeddings = try await dualEncoder?.embed(texts: texts, normalize: !isRaw) else {
                        continue
                    }
                    for (index, text) in texts.enumerated() {
                        try sink.append([("kind", "text"), ("input", .string(text))], embeddings[index].values)
                    }
                    done += texts.count
                case .images(let images):
                    try await embed(images, model, sink, &done, &skips, progress)
                }
                if output == nil { try StandardOutput.flush() }
            }
            try sink.finish()
        } catch let error as CancellationError {
            let outcome = output.map { "\($0) was not written" } ?? "what was printed is complete"
            Console.say("stopped after \(done) inputs; \(outcome)")
            throw error
        }
        progress.end()
        let rows = output.map { "; \($0) holds the other \(done - skips.count), in order" } ?? ""
        try skips.end(of: done, consequence: rows)
    }

    private func embed(
        _ images: ImageInputs, _ model: any Embedder, _ sink: any EmbeddingSink, _ done: inout Int,
        _ skips: inout Skips, _ progress: Progress
    ) async throws {
        try await ImageRun(model, self.model.images, fetching.options, normalize: !isRaw).each(
            images,
            afterBatch: {
                if output == nil { try StandardOutput.flush() }
                progress.update(done)
            },
            { name, result in
                done += 1
                switch result {
                case .failure(let error): skips.add(name, error)
                case .success(let embedding):
                    try sink.append([("kind", "image"), ("input", .string(name))], embedding.values)
                }
            })
    }

    private func sink(for model: any Embedder) async throws -> any EmbeddingSink {
        guard let output, let kind = EmbeddingFileKind(path: output) else { return StandardOutputSink(format) }
        switch kind {
        case .npy: return try NumpySink(path: output, dimension: model.dimension)
        case .jsonl: return try JSONLinesSink(path: output)
        case .safetensors:
            let metadata = ["model": model.name, "fingerprint": await model.fingerprint()]
            return try SafetensorsSink(path: output, dimension: model.dimension, metadata: metadata)
        }
    }

    /// A run whose lists are open.
    private enum Prepared {
        case texts([String])
        case images(ImageInputs)

        init(_ run: InputRun, separator: LineStream.Separator) throws {
            switch run {
            case .texts(let texts): self = .texts(texts)
            case .images(let arguments): self = .images(try ImageInputs(arguments, separator: separator))
            }
        }
    }
}
