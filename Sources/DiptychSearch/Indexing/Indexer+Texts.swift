internal import Diptych
internal import Foundation

/// A text to index.
public struct TextInput: Sendable {
    /// Its path in the store: the file and the line, such as `/data/texts.txt#12`.
    public var path: String
    /// The text.
    public var text: String
    /// Further attributes; nil keeps those in the store.
    public var attributes: [String: AttributeValue]?

    /// Names a text.
    public init(path: String, text: String, attributes: [String: AttributeValue]? = nil) {
        (self.path, self.text, self.attributes) = (path, text, attributes)
    }
}

extension Indexer {
    /// Adds and updates texts as assets of kind text, whose caption is the text itself: queries of either kind find them.
    ///
    /// Safe to repeat and to interrupt.
    ///
    /// - Parameters:
    ///   - texts: a blank one, and one beyond the limit of captions, is reported as skipped.
    ///   - file: the file that they all stand in; those that the store has of it and that are not among them are marked as
    ///     vanished. Nil marks none.
    ///   - body: told of each once its outcome is stored; an error that it throws ends the run.
    /// - Throws: like ``index(_:onEach:)``.
    public func index(
        texts: some Sequence<TextInput>, of file: String? = nil, onEach body: (IndexEvent) throws -> Void = { _ in }
    ) async throws -> IndexSummary {
        let encoder = try model.requireTexts()
        try await store.require(model)
        let lock = try store.lockForIndexing()
        defer { withExtendedLifetime(lock) {} }
        var summary = IndexSummary()
        var iterator = texts.makeIterator()
        var present: Set<String> = []
        while true {
            try Task.checkCancellation()
            var step: [TextInput] = []
            while step.count < Self.step, let text = iterator.next() { step.append(text) }
            guard !step.isEmpty else { break }
            if file != nil { present.formUnion(step.map(\.path)) }
            try await add(step, encoder, &summary, body)
        }
        if let file { summary.removed = try await markMissing(in: file, but: present) }
        try await store.refreshBackground(with: model)
        return summary
    }

    private func add(
        _ texts: [TextInput], _ encoder: any DualEncoder, _ summary: inout IndexSummary,
        _ body: (IndexEvent) throws -> Void
    ) async throws {
        let known = try await store.known(texts.map(\.path))
        var (records, events, missing): ([ItemRecord], [IndexEvent], [Int]) = ([], [], [])
        var seen: Set<ContentHash> = []
        for (input, known) in zip(texts, known) {
            if let reason = Self.problem(input) {
                events.append(summary.skip(input.path, IndexInputError(path: input.path, reason: reason)))
                continue
            }
            let content = Self.content(of: input.text)
            let attributes = input.attributes?.mapValues(\.canonical) ?? known?.attributes ?? [:]
            if let known, !known.isMissing, known.isEmbedded, known.content == content, known.attributes == attributes {
                summary.unchanged += 1
                events.append(IndexEvent(kind: .unchanged, path: input.path, reason: nil))
                continue
            }
            let isKnown = try store.hasEmbedding(of: content)
            if !isKnown, seen.insert(content).inserted { missing.append(records.count) }
            records.append(
                ItemRecord(
                    path: input.path, bytes: input.text.utf8.count, content: content, kind: .text, embedding: nil,
                    caption: input.text, attributes: attributes))
            let change = known.map { $0.isMissing ? IndexFinding.Change.added : .updated } ?? .added
            events.append(summary.count(change, of: input.path, isReused: isKnown))
        }
        if !missing.isEmpty {
            let embeddings = try await encoder.embed(texts: missing.map { records[$0].caption ?? "" })
            for (row, index) in missing.enumerated() { records[index].embedding = embeddings[row] }
        }
        let (store, made) = (store, records)
        try await Task { try await store.put(made) }.value
        try events.forEach(body)
    }

    private static func problem(_ input: TextInput) -> String? {
        if input.text.allSatisfy(\.isWhitespace) { return "is blank" }
        if input.text.utf8.count > AttributeText.captionByteLimit || input.text.utf8.contains(0) {
            return "is longer than \(AttributeText.captionByteLimit) bytes or holds a zero byte"
        }
        do throws(AttributeError) { _ = try AttributeText.encode(input.attributes ?? [:]) } catch {
            return error.description
        }
        return nil
    }

    /// A hash that never equals that of an image file with the same bytes.
    private static func content(of text: String) -> ContentHash {
        ContentHash(of: Data("diptych text\0".utf8) + Data(text.utf8))
    }

    /// Marks the texts of a file that are there no longer.
    private func markMissing(in file: String, but present: Set<String>) async throws -> Int {
        // '$' follows '#': all that begins with the file and a number sign lies between.
        let filter = Filter.all([
            .compare(.kind, .equal, .text(AssetKind.text.rawValue)),
            .compare(.path, .greater, .text(file + "#")), .compare(.path, .less, .text(file + "$")),
        ])
        var (last, marked): (String?, Int) = (nil, 0)
        while true {
            try Task.checkCancellation()
            let step = try await store.places(after: last, limit: 1000, filter: filter)
            guard let end = step.last?.id else { return marked }
            last = end
            let gone = step.filter { !$0.missing && !present.contains($0.path) }.map(\.path)
            marked += gone.count
            try await store.markMissing(gone)
        }
    }
}
