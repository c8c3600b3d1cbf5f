import DiptychSearch

/// Reports the data that merging and copying do not transfer.
enum LeftBehind {
    /// Says what of a store stays behind when its items are copied.
    static func say(of store: any VectorStore) async throws {
        let left = try await store.partsAndAnnotations()
        let parts = [
            (left.parts, "boxes and spans"), (left.annotations, "annotations"),
            (left.unembedded, "items without an embedding of this model"),
        ].filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
        if !parts.isEmpty { Console.say("note: \(store.name): stay behind: \(parts.joined(separator: ", "))") }
    }
}
