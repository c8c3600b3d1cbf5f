import ArgumentParser
import Diptych
import DiptychSearch
import Foundation

struct SearchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "search",
        abstract: "Find the items of a store that are nearest to texts, images, or both.",
        discussion: """
            Several terms together: their normalised embeddings are added, those of --minus are subtracted, and the sum is \
            normalised again; a weight stands behind a caret: "snow^0.5". Similarity is the cosine to the sum, and match \
            the probability that a result is what was asked for (Documentation/relevance.md). Without --model, the model is \
            the one that the store was indexed with. Filters: Documentation/filters.md.

            A query that begins with a dash stands behind two, diptych search -- "-red", or behind an equals sign, --text=-red: all \
            that follows the first equals sign is the text, --text=E=mc. One that ends in a caret and a number is taken as it is \
            with a weight behind it: "x^2^1".

            Example: diptych search --store images.store "a dog in the snow" -k 5 --filter "taken >= 2024-01-01"
            """)

    @OptionGroup var model: ModelArguments
    @OptionGroup var fetching: FetchArguments
    @OptionGroup var store: StoreOption
    @OptionGroup var formatting: PathFormatArguments
    @OptionGroup var terms: SearchTerms

    @Option(name: [.customShort("k"), .customLong("limit")], parsing: .unconditional, help: "The most results.")
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
        name: .customLong("group"), parsing: .unconditional,
        help: "Rank only the best of results with this cosine to each other, such as 0.97.")
    var groupsFrom: Float?

    @Option(
        parsing: .unconditional,
        help: "The order in which what was found is printed: similarity, date or name; -date for the reverse.")
    var sort = ItemOrder.similarity.description

    @Flag(help: "Compare every image by its full embedding.")
    var exact = false

    @Option(
        help: "Search by this model's embeddings, of a store that has those of several (default: the current one's).")
    var space: String?

    @Option(help: "Go on with the page that an earlier search calls next.")
    var page: String?

    func validate() throws {
        guard limit > 0 else { throw ValidationError("-k must be at least 1, not \(limit).") }
        for (value, option) in [(minimumSimilarity, "--min-similarity"), (groupsFrom, "--group")] {
            if let value, !(-1...1).contains(value) {
                throw ValidationError("\(option) must be a cosine, -1 to 1, not \(value).")
            }
        }
        guard ItemOrder(sort) != nil else {
            throw ValidationError(
                "--sort must be similarity, date or name, with a dash before it for the reverse, not '\(sort)'.")
        }
        if let page, SearchCursor(page) == nil {
            throw ValidationError("--page '\(page)' is not a valid cursor; give what an earlier search called next.")
        }
        try FilterArgument.validate(filter)
    }

    func run() async throws {
        let store = try await self.store.location().open(space: space)
        let model = try await StoreModel.load(for: store, self.model)
        var images = self.model.images
        images.decode = self.model.decode ?? store.decode
        images.appliesOrientation = store.appliesOrientation && images.appliesOrientation
        let query = try terms.query(
            options: model.preprocessing.readingOptions(images), fetch: fetching.options)
        var options = Searcher.Options()
        options.limit = limit
        options.minimumSimilarity = minimumSimilarity
        options.filter = try await FilterArgument.read(filter, for: store)
        options.isExact = exact
        options.after = page.flatMap { SearchCursor($0) }
        options.onlyRelevant = onlyRelevant
        options.groupsFrom = groupsFrom
        let results = try await Searcher(store: store, model: model).search(query, options)
        try print(results)
        if results.isEmpty, !self.model.quiet { try await explainNothing(store, options) }
    }

    /// Why nothing was found, where that can be told.
    private func explainNothing(_ store: any VectorStore, _ options: Searcher.Options) async throws {
        if let filter = options.filter, try await store.places(after: nil, limit: 1, filter: filter).isEmpty {
            Console.say("the filter accepts none of the store's \(try await store.info().count) items")
        } else if onlyRelevant {
            Console.say("nothing found is better than chance; without --only-relevant the nearest images are shown")
        }
    }

    /// Which part of an asset was found.
    private static func part(_ hit: SearchHit) -> String {
        func shown(_ number: Double) -> String {
            number == number.rounded() ? "\(Int64(clamping: number))" : "\(number)"
        }
        if let moment = hit.moments.first {
            func time(_ seconds: Double) -> String { "\((seconds * 10).rounded() / 10)" }
            return "  \(time(moment.start))–\(time(moment.end)) s, best \(time(moment.best)) s"
        }
        switch hit.part?.part {
        case nil, .whole: return hit.attributes.kind == .text ? "  \((hit.attributes.caption ?? "").shown)" : ""
        case .box(let x, let y, let width, let height):
            return "  [\([x, y, width, height].map(shown).joined(separator: ", "))]"
        case .span(let start, let end), .moment(let start, let end, _, _): return "  \(start)–\(end) s"
        }
    }

    private static func header(rated: Bool) -> String {
        "\(Columns.right("#", 3))  \(Columns.right("cosine", 7))\(rated ? "  \(Columns.right("match", 7))" : "")  path"
    }

    private func print(_ results: SearchResults) throws {
        let hits = (ItemOrder(sort) ?? .similarity).ordered(results)
        guard let format = formatting.chosen else {
            for (_, hit) in hits { try formatting.write(path: hit.path) }
            return
        }
        var list = ResultList(format, header: Self.header(rated: results.contains { $0.matchProbability != nil }))
        let after = page.flatMap { SearchCursor($0) }
        for (index, hit) in hits {
            let rank = SearchCursor.position(after: after, index + 1)
            let match = hit.matchProbability.map { "  \(Columns.score($0))" } ?? ""
            let more = hit.nearDuplicates.isEmpty ? "" : "  (and \(hit.nearDuplicates.count) like it)"
            try list.add(
                .object([("rank", .int(rank))] + hit.members),
                text:
                    "\(Columns.rank(rank))  \(Columns.score(hit.similarity))\(match)  \(hit.path.shown)\(Self.part(hit))\(more)"
            )
        }
        try list.end([
            ("exact", .bool(results.isExact)), ("next", results.next.map { .string($0.description) } ?? .null),
        ])
        if formatting.chosen == .text, !model.quiet, let next = results.next {
            Console.say("more: --page \(next)")
        }
    }
}
