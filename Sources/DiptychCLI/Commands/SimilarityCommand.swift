import ArgumentParser
import Diptych

struct SimilarityCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "similarity",
        abstract: "Rank texts and images by their cosine to a text or a picture.",
        discussion: """
            Candidates that cannot be read are left out and listed; the exit status is 3 then.

            Example: diptych similarity --query-text "a cat" --text "a kitten" --text "a bus"
            """)

    @OptionGroup var model: ModelArguments
    @OptionGroup var fetching: FetchArguments
    @OptionGroup var formatting: FormatArguments

    @Option(parsing: .unconditional, help: "The text to compare with.")
    var queryText: String?

    @Option(parsing: .unconditional, help: "The image to compare with: a path, a URL, a data URI or -.")
    var queryImage: String?

    @Option(
        name: .customLong("text"), parsing: .unconditionalSingleValue, help: "A candidate text.",
        transform: OrderedInput.text)
    var texts: [OrderedInput] = []

    @Option(
        name: .customLong("image"), parsing: .unconditionalSingleValue,
        help: "A candidate image, or a directory of them.", transform: OrderedInput.image)
    var images: [OrderedInput] = []

    func validate() throws {
        guard (queryText == nil) != (queryImage == nil) else {
            throw ValidationError("give either --query-text or --query-image.")
        }
        guard !texts.isEmpty || !images.isEmpty else {
            throw ValidationError("there is nothing to compare with: give --text or --image.")
        }
        for (text, option) in [(queryText, "--query-text")] + texts.map({ ($0.value, "--text") }) {
            if let text, let problem = TextArgument.problem(text, option: option) { throw ValidationError(problem) }
        }
        try ImageArgument.validate(([queryImage].compactMap { $0 } + images.map(\.value)).map { .image($0) })
    }

    private struct Candidate {
        let kind: String
        let name: String
        let similarity: Float
    }

    func run() async throws {
        let model = try await model.load()
        let dualEncoder = queryText != nil || !texts.isEmpty ? try model.requireTexts() : nil
        let query = try await query(model)
        let progress = Progress("comparing", total: nil, isQuiet: self.model.quiet)
        defer { progress.end() }
        var (candidates, skips): ([Candidate], Skips) = ([], Skips())
        for run in InputRun.split(OrderedInput.joined(texts, images)) {
            switch run {
            case .texts(let texts):
                guard let embeddings = try await dualEncoder?.embed(texts: texts) else { continue }
                for (index, text) in texts.enumerated() {
                    candidates.append(
                        Candidate(kind: "text", name: text, similarity: embeddings[index].similarity(to: query)))
                }
            case .images(let arguments):
                try await ImageRun(model, self.model.images, fetching.options).each(ImageInputs(arguments)) {
                    name, result in
                    switch result {
                    case .failure(let error): skips.add(name, error)
                    case .success(let embedding):
                        candidates.append(
                            Candidate(kind: "image", name: name, similarity: embedding.similarity(to: query)))
                    }
                    progress.update(candidates.count + skips.count)
                }
            }
        }
        progress.end()
        // Equal ones stay in the order given.
        let ranked = candidates.enumerated().sorted {
            ($0.element.similarity, -$0.offset) > ($1.element.similarity, -$1.offset)
        }
        var list = ResultList(
            formatting.chosen, header: "\(Columns.right("#", 3))  \(Columns.right("cosine", 7))  input")
        for (index, candidate) in ranked.map(\.element).enumerated() {
            try list.add(
                [
                    "rank": .int(index + 1), "kind": .string(candidate.kind), "input": .string(candidate.name),
                    "similarity": .float(candidate.similarity),
                ], text: "\(Columns.rank(index + 1))  \(Columns.score(candidate.similarity))  \(candidate.name.shown)")
        }
        try list.end()
        try skips.end(of: candidates.count + skips.count)
    }

    private func query(_ model: any Embedder) async throws -> Embedding {
        if let queryText { return try await model.requireTexts().embed(texts: [queryText])[0] }
        // As a run of one: its pixels are resampled while they are decoded.
        var query: Result<Embedding, any Error>?
        try await ImageRun(model, self.model.images, fetching.options).each(
            ImageInputs([.image(queryImage ?? "")])
        ) { name, result in
            guard query == nil else { throw Failure("\(queryImage ?? ""): holds several images; give one") }
            query = result
        }
        guard let query else { throw Failure("\(queryImage ?? ""): holds no image") }
        return try query.get()
    }
}
