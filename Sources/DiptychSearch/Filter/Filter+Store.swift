internal import DiptychBasics

extension Filter {
    /// Reads a filter for one store: everything that ``init(_:)`` does, and that the names and places in it are the store's.
    ///
    /// A filter that asks for something that no item has would find nothing without a word. An attribute in brackets, `[name]`, is
    /// taken as it stands.
    ///
    /// - Parameters:
    ///   - text: the filter, see Documentation/filters.md.
    ///   - store: the store that it will be used on.
    ///   - absolute: what a path that does not begin with `/` may stand for, such as one in the current directory; by default
    ///     nothing else than what it says.
    /// - Throws: ``FilterError`` with the place and what to write; ``StoreError``.
    public init(
        _ text: String, for store: any VectorStore, absolute: (String) -> [String] = { _ in [] }
    ) async throws {
        var parser = FilterParser(tokens: try FilterLexer.tokens(of: text))
        var filter = try parser.filter()
        var seen: Set<String> = []
        for use in parser.attributes where seen.insert("\(use.name)\0\(use.kind.map { "\($0)" } ?? "")").inserted {
            try await Self.check(use, in: store)
        }
        var places: [String: String] = [:]
        for use in parser.paths where !use.path.hasPrefix("/") && !use.path.isEmpty && places[use.path] == nil {
            places[use.path] = try await Self.place(use, in: store, absolute: absolute)
        }
        if !places.isEmpty { filter = filter.replacingPaths(places) }
        self = filter
    }

    private static func check(_ use: FilterParser.AttributeUse, in store: any VectorStore) async throws {
        let kinds = try await store.kinds(ofAttribute: use.name)
        guard !kinds.isEmpty else {
            let names = FilterField.builtIn.keys.sorted() + ["location"]
            let others = try await store.attributeNames(limit: 1_000)
            let meant = Spelling.nearest(to: use.name, among: names + others)
            throw FilterError(
                column: use.column,
                "no item has '\(use.name)'; "
                    + (meant.map { "did you mean \($0)?" } ?? "fields are \(names.joined(separator: ", "))")
                    + " ([\(use.name)] asks for it all the same)")
        }
        guard let kind = use.kind, !kinds.contains(kind), !kinds.contains(.any) else { return }
        throw FilterError(
            column: use.column,
            kind == .text
                ? "'\(use.name)' holds numbers; write the value without quotes"
                : "'\(use.name)' holds texts; write the value in quotes")
    }

    /// What a relative path stands for: itself where the store has it, else the first place that the store has.
    private static func place(
        _ use: FilterParser.PathUse, in store: any VectorStore, absolute: (String) -> [String]
    ) async throws -> String {
        let candidates = [use.path] + absolute(use.path)
        for candidate in candidates {
            let exact = Filter.compare(.path, .equal, .text(candidate))
            let filter = use.isFolder ? .under(candidate) : exact
            if try await !store.places(after: nil, limit: 1, filter: filter).isEmpty { return candidate }
        }
        throw FilterError(
            column: use.column,
            "the store has nothing \(use.isFolder ? "below" : "at") '\(use.path)'"
                + (candidates.dropFirst().map { " or '\($0)'" }.joined())
                + "; write the whole path, from '/' on")
    }

    private func replacingPaths(_ places: [String: String]) -> Filter {
        func value(_ value: FilterValue) -> FilterValue {
            if case .text(let text) = value, let place = places[text] { .text(place) } else { value }
        }
        return switch self {
        case .all(let filters): .all(filters.map { $0.replacingPaths(places) })
        case .any(let filters): .any(filters.map { $0.replacingPaths(places) })
        case .not(let filter): .not(filter.replacingPaths(places))
        case .under(let folder): .under(places[folder] ?? folder)
        case .compare(let field, let comparison, let given) where field == .path || field == .folder:
            .compare(field, comparison, value(given))
        case .oneOf(let field, let values) where field == .path || field == .folder: .oneOf(field, values.map(value))
        default: self
        }
    }
}
