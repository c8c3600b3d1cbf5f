internal import DiptychSearch
internal import Foundation

/// Removed items that can still be brought back, and when they go for good.
///
/// They stand in a note of the store, so that neither a crash nor a restart changes what was promised. A store without notes
/// knows them as long as the server runs.
actor Removals {
    private let store: any VectorStore
    /// By id, in seconds since 1970.
    private var times: [String: Double]?

    private static let key = "removals"

    init(_ store: any VectorStore) { self.store = store }

    /// Notes when an item goes.
    func set(_ id: String, _ time: Date) async throws {
        var changed = try await all()
        changed[id] = time.timeIntervalSince1970
        try await save(changed)
    }

    /// Forgets items: they are gone, or back.
    func forget(_ ids: [String]) async throws {
        let known = try await all()
        let changed = known.filter { !ids.contains($0.key) }
        if changed.count < known.count { try await save(changed) }
    }

    /// The items whose time is over.
    func due(everything: Bool = false) async throws -> [String] {
        let now = Date().timeIntervalSince1970
        return try await all().filter { everything || $0.value <= now }.map(\.key).sorted()
    }

    private func all() async throws -> [String: Double] {
        if let times { return times }
        guard store.keepsNotes, let note = try await store.note(Self.key) else {
            times = times ?? [:]
            return times ?? [:]
        }
        // Another call may have read, and changed, them meanwhile.
        if let times { return times }
        let read = (try? JSONDecoder().decode([String: Double].self, from: note)) ?? [:]
        times = read
        return read
    }

    private func save(_ changed: [String: Double]) async throws {
        let before = times
        times = changed
        guard store.keepsNotes else { return }
        do {
            let encoder = JSONEncoder()
            encoder.outputFormatting = .sortedKeys
            try await store.setNote(Self.key, encoder.encode(changed))
        } catch {
            times = before
            throw error
        }
    }
}
