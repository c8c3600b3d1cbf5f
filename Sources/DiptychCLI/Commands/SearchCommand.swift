import ArgumentParser
import Diptych
import DiptychSearch
import Foundation

struct SearchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "search",
        abstract: "Find the pictures of a store that are nearest to a text, a picture, or both.",
        discussion: """
            A text and a picture together: their normalised embeddings are added, that of --minus is subtracted, and the \
            sum is normalised again. Similarity is the cosine to it. Without --model, the model is the one that the store \
            was indexed with.

            Example: diptych search --store pictures.store "a dog in the snow" -k 5
            """)

    @OptionGroup var model: ModelArguments
    @OptionGroup var fetching: FetchArguments
    @OptionGroup var formatting: FormatArguments

    @Option(help: "The store: a directory, or milvus://host/database/collection.")
    var store: String

    @Argument(help: "A text.")
    var query: String?

    @Option(help: "A picture to search by: a path, a URL, a data URI, or - for bytes on standard input.")
    var image: String?

    @Option(parsing: .unconditional, help: "A text whose meaning is taken away from the query.")
    var minus: String?

    @Option(name: [.customShort("k"), .customLong("limit")], help: "The most results.")
    var limit = 10

    @Option(
        name: .customLong("min-similarity"), parsing: .unconditional,
        help: "Leave out results below this cosine.")
    var minimumSimilarity: Float?

    func validate() throws {
        guard query != nil || image != nil else { throw ValidationError("give a text to search for, or --image.") }
        for (text, option) in [(query, "the query"), (minus, "--minus")] {
            if let text, let problem = TextArgument.problem(text, option: option) { throw ValidationError(problem) }
        }
        if image == "" { throw ValidationError("--image is empty.") }
        guard limit > 0 else { throw ValidationError("-k must be at least 1, not \(limit).") }
        if let minimumSimilarity, !(-1...1).contains(minimumSimilarity) {
            throw ValidationError("--min-similarity must be a cosine, -1 to 1, not \(minimumSimilarity).")
        }
    }

    func run() async throws {
        let store = try await StoreLocation(self.store).open()
        let model = try await StoreModel.load(for: store, self.model)
        let embedding = try await embedding(model, for: store)
        let hits = try await store.search(embedding, limit: limit, minimumSimilarity: minimumSimilarity)
        var list = ResultList(formatting.chosen)
        for (index, hit) in hits.enumerated() {
            try list.add(
                [
                    "rank": .int(index + 1), "id": .string(hit.id), "path": .string(hit.path),
                    "similarity": .float(hit.similarity), "attributes": hit.attributes.json,
                ], text: "\(Columns.rank(index + 1))  \(Columns.score(hit.similarity))  \(hit.path)")
        }
        try list.end()
    }

    /// The query as one point: the sum of what is wanted, without what is not.
    private func embedding(_ model: CLIPModel, for store: any VectorStore) async throws -> Embedding {
        var sum = [Float](repeating: 0, count: model.dimension)
        func add(_ embedding: Embedding, _ factor: Float) {
            for (index, value) in embedding.values.enumerated() { sum[index] += factor * value }
        }
        if let query { add(try await model.embed(texts: [query])[0], 1) }
        if let image {
            var options = self.model.pictures
            options.decode = self.model.decode ?? store.decode
            options.appliesOrientation = store.appliesOrientation && options.appliesOrientation
            let picture = try PictureInput(image).picture(
                options: model.preprocessing.readingOptions(options), fetch: fetching.options)
            add(try await model.embed(pictures: [picture])[0], 1)
        }
        if let minus { add(try await model.embed(texts: [minus])[0], -1) }
        let embedding = Embeddings(values: sum, dimension: model.dimension).normalized()[0]
        guard embedding.values.contains(where: { $0 != 0 }) else {
            throw Failure("the query and --minus cancel each other out; nothing is left to search for")
        }
        return embedding
    }
}
