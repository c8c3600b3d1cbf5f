import DiptychSearch

/// Reports the data that merging and copying do not transfer.
enum LeftBehind {
    /// Says what of a store stays behind when its items are copied.
    static func say(of store: any VectorStore) async throws {
        let left = try await store.partsAndAnnotations()
        guard left.unembedded > 0 else { return }
        Console.say("note: \(store.name): stay behind: \(left.unembedded) items without an embedding of this model")
    }

    /// Says what came along besides items, and what it lacks.
    static func say(parts: Int, annotations: Int, in store: any VectorStore) {
        guard parts > 0 || annotations > 0 else { return }
        let words = [(parts, "boxes and spans"), (annotations, "annotations")].filter { $0.0 > 0 }
            .map { "\($0.0) \($0.1)" }.joined(separator: ", ")
        let rest = parts > 0 ? "; `diptych store embed` makes the embeddings of the boxes and spans" : ""
        Console.say("note: \(store.name): also new: \(words)\(rest)")
    }
}
