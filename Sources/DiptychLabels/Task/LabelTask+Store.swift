public import DiptychSearch
internal import Foundation

extension LabelTask {
    private static func key(_ kind: Kind) -> String { "label-task-\(kind.rawValue)" }

    /// The task of a kind, as a store keeps it; nil where it has none.
    ///
    /// - Throws: ``StoreError``; ``LabelError`` where it cannot be read.
    public static func read(_ kind: Kind, from store: any VectorStore) async throws -> LabelTask? {
        guard let data = try await store.note(key(kind)) else { return nil }
        guard let task = try? JSONDecoder().decode(LabelTask.self, from: data), task.kind == kind else {
            throw LabelError("\(store.name): its list of labels for '\(kind.rawValue)' is damaged; give it again")
        }
        return task
    }

    /// Keeps the task in a store.
    ///
    /// - Throws: ``StoreError``.
    public func save(in store: any VectorStore) async throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        try await store.setNote(Self.key(kind), try encoder.encode(self))
    }

    /// The kinds of tasks that a store has labels or a list for, in the order of ``Kind``.
    ///
    /// - Throws: ``StoreError``.
    public static func kinds(in store: any VectorStore) async throws -> [Kind] {
        var found: [Kind] = []
        for kind in Kind.allCases {
            let hasNote = try await store.note(key(kind)) != nil
            if hasNote {
                found.append(kind)
            } else if try await !store.annotations(ofTask: name(kind), after: 0, limit: 1).isEmpty {
                found.append(kind)
            }
        }
        return found
    }

    /// An answer as a value of the store: a text where there is one label, else a list. That none of several labels fits is an
    /// answer too, an empty list.
    func value(_ labels: [String]) -> AttributeValue? {
        switch (kind, labels.count) {
        case (.multiple, 0): .list([])
        case (_, 0): nil
        case (.single, _), (.text, 1): .text(labels[0])
        default: .list(labels.map(AttributeValue.text))
        }
    }

    /// The labels in a value of the store, by their present names.
    func labels(of value: AttributeValue?) -> [String] {
        var seen: Set<String> = []
        let texts: [String] =
            switch value {
            case .text(let text): [text]
            case .list(let values): values.compactMap { if case .text(let text) = $0 { text } else { nil } }
            default: []
            }
        return texts.map(current).filter { seen.insert($0).inserted }
    }
}
