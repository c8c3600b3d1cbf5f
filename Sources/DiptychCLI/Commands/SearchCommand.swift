import ArgumentParser
import Diptych
import DiptychSearch
import Foundation

struct SearchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "search",
        abstract: "Find the pictures of a store that are nearest to texts, pictures, or both.",
        discussion: """
            Several terms together: their normalised embeddings are added, those of --minus are subtracted, and the sum is \
            normalised again; a weight stands behind a caret: "snow^0.5". Similarity is the cosine to the sum, and match \
            the probability that a result is what was asked for (Documentation/relevance.md). Without --model, the model is \
            the one that the store was indexed with. Filters: Documentation/filters.md.

            Example: diptych search --store pictures.store "a dog in the snow" -k 5 --filter "taken >= 2024-01-01"
            """)

    @OptionGroup var model: ModelArguments
    @OptionGroup var fetching: FetchArguments
    @OptionGroup var formatting: FormatArguments
    @OptionGroup var terms: SearchTerms

    @Option(help: "The store: a directory, or milvus://host/database/collection.")
    var store: String

    @Option(name: [.customShort("k"), .customLong("limit")], help: "The most results.")
    var limit = 10

    @Option(
        parsing: .unconditional, help: "Find only what this accepts, such as \"width > 1000 and tags has 'beach'\".")
    var filter: String?

    @Option(
        name: .customLong("min-similarity"), parsing: .unconditional,
        help: "Leave out results below this cosine.")
    var minimumSimilarity: Float?

    @Flag(help: "Leave out results that are no better than chance.")
    var onlyRelevant = false

    @Option(
        name: .customLong("group"), help: "Rank only the best of results with this cosine to each other, such as 0.97.")
    var groupsFrom: Float?

    @Flag(help: "Compare every picture by its full embedding.")
    var exact = false

    @Option(help: "Go on with the page that an earlier search calls next.")
    var page: String?

    func validate() throws {
        guard limit > 0 else { throw ValidationError("-k must be at least 1, not \(limit).") }
        for (value, option) in [(minimumSimilarity, "--min-similarity"), (groupsFrom, "--group")] {
            if let value, !(-1...1).contains(value) {
                throw ValidationError("\(option) must be a cosine, -1 to 1, not \(value).")
            }
        }
        if let page, SearchCursor(page) == nil {
            throw ValidationError("--page '\(page)' is not a valid cursor; give what an earlier search called next.")
        }
        if let filter {
            do { _ = try Filter(filter) } catch { throw ValidationError("--filter: \(error.description)") }
        }
    }

    func run() async throws {
        let store = try await StoreLocation(self.store).open()
        let model = try await StoreModel.load(for: store, self.model)
        var pictures = self.model.pictures
        pictures.decode = self.model.decode ?? store.decode
        pictures.appliesOrientation = store.appliesOrientation && pictures.appliesOrientation
        let query = try terms.query(
            options: model.preprocessing.readingOptions(pictures), fetch: fetching.options)
        var options = Searcher.Options()
        options.limit = limit
        options.minimumSimilarity = minimumSimilarity
        options.filter = try filter.map { try Filter($0) }
        options.isExact = exact
        options.after = page.flatMap { SearchCursor($0) }
        options.onlyRelevant = onlyRelevant
        options.groupsFrom = groupsFrom
        try print(await Searcher(store: store, model: model).search(query, options))
    }

    private func print(_ results: SearchResults) throws {
        var list = ResultList(formatting.chosen)
        let after = page.flatMap { SearchCursor($0) }
        for (index, hit) in results.enumerated() {
            let rank = SearchCursor.position(after: after, index + 1)
            let match = hit.matchProbability.map { "  \(Columns.score($0))" } ?? ""
            let more = hit.nearDuplicates.isEmpty ? "" : "  (and \(hit.nearDuplicates.count) like it)"
            try list.add(
                .object([("rank", .int(rank))] + hit.members),
                text: "\(Columns.rank(rank))  \(Columns.score(hit.similarity))\(match)  \(hit.path)\(more)")
        }
        try list.end([
            ("exact", .bool(results.isExact)), ("next", results.next.map { .string($0.description) } ?? .null),
        ])
        if results.isEmpty, onlyRelevant, !model.quiet {
            Console.say("nothing found is better than chance; without --only-relevant the nearest pictures are shown")
        }
        if formatting.chosen == .text, !model.quiet, let next = results.next {
            Console.say("more: --page \(next)")
        }
    }
}
