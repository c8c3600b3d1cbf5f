internal import DiptychSearch

/// What a client changes about an item: its caption, attributes, and the tags among them.
struct ItemEdit: Sendable {
    /// What becomes of a caption.
    enum Caption: Sendable {
        case same
        /// Without a text, it is taken away.
        case text(String?)
    }

    /// The attribute that holds tags, a list of texts.
    static let tags = "tags"

    let id: String
    var caption = Caption.same
    /// New values by name; null takes one away.
    var attributes: [String: AttributeValue] = [:]
    var addedTags: [String] = []
    var removedTags: [String] = []

    /// The caption and the attributes after the change.
    func applied(to caption: String?, _ known: [String: AttributeValue]) -> (String?, [String: AttributeValue]) {
        var attributes = known
        for (name, value) in self.attributes { attributes[name] = value == .null ? nil : value }
        if !addedTags.isEmpty || !removedTags.isEmpty {
            var tags: [AttributeValue] =
                switch attributes[Self.tags] {
                case .list(let values): values
                case .null, nil: []
                case .some(let one): [one]
                }
            tags.removeAll { removedTags.map(AttributeValue.text).contains($0) }
            for tag in addedTags.map(AttributeValue.text) where !tags.contains(tag) { tags.append(tag) }
            attributes[Self.tags] = tags.isEmpty ? nil : .list(tags)
        }
        if case .text(let text) = self.caption { return (text, attributes) }
        return (caption, attributes)
    }
}

/// Lets what reads and then writes go on one after the other.
actor Turns {
    private var tail: Task<Void, Never>?

    /// Runs `body` when all before it have ended.
    func take<T: Sendable>(_ body: @escaping @Sendable () async throws -> T) async throws -> T {
        let before = tail
        let work = Task {
            await before?.value
            return try await body()
        }
        tail = Task { _ = try? await work.value }
        return try await work.value
    }
}

extension ServedStore {
    /// Changes items, all or none.
    ///
    /// - Returns: the items as they are now, in the order of the edits.
    /// - Throws: ``Problem``: 404 where there is no such item, 400 where one would be beyond a limit, 507 where the disk is full.
    func edit(_ edits: [ItemEdit]) async throws -> [StoredItem] {
        try await turns.take { try await self.editNow(edits) }
    }

    private func editNow(_ edits: [ItemEdit]) async throws -> [StoredItem] {
        let items = try await items(edits.map(\.id))
        let known = try await store.known(items.map(\.path))
        var records: [ItemRecord] = []
        for (place, (edit, item)) in zip(edits, items).enumerated() {
            guard let known = known[place] else { throw Self.gone(edit.id) }
            let (caption, attributes) = edit.applied(to: known.caption, known.attributes)
            do { _ = try AttributeText.encode(attributes) } catch {
                throw Problem.badField("items", "'items[\(place)]': \(error.description)")
            }
            records.append(
                ItemRecord(
                    path: item.path, bytes: known.bytes, modified: known.modified, isSettled: known.isSettled,
                    content: known.content, kind: item.attributes.kind, embedding: nil, caption: caption,
                    attributes: attributes))
        }
        let changed = records
        try await Self.writing { try await self.store.put(changed) }
        return try await self.items(edits.map(\.id))
    }

    /// The items with these ids, in their order.
    ///
    /// - Throws: ``Problem``, 404, where there is no such item.
    func items(_ ids: [String]) async throws -> [StoredItem] {
        if let wrong = ids.first(where: { $0.utf8.count > 20 || Int64($0) == nil }) { throw Self.gone(wrong) }
        let found = Dictionary(
            try await store.items(ids: ids).map { ($0.0.id, $0.0) }, uniquingKeysWith: { first, _ in first })
        return try ids.map { id throws(Problem) in
            guard let item = found[id], !item.missing else { throw Self.gone(id) }
            return item
        }
    }

    private static func gone(_ id: String) -> Problem {
        Problem.notFound("there is no item '\(id.prefix(40))'; nothing was done")
    }
}
