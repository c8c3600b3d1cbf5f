#if Milvus
    public import Diptych
    public import DiptychSearch
    internal import Dispatch
    internal import Foundation
    internal import Synchronization

    extension MilvusStore {
        /// The most rows read at once: with the longest caption and attributes they stay below the limit of an answer.
        var pageLimit: Int {
            max(1, min(300, (40 << 20) / (2 * WireLimits.text + 8192 + 4 * layout.dimension)))
        }

        /// What is read of a row.
        func fields(withEmbeddings: Bool) -> [String] {
            ItemRows.fields(layout) + (withEmbeddings ? ["embedding"] : [])
        }

        /// The rows with these keys, by key: items and parts.
        ///
        /// - Parameter withEmbeddings: whether with those that lie in this collection, the first space's.
        func rows(_ keys: [Int64], withEmbeddings: Bool) async throws -> [Int64: ItemRow] {
            var found: [Int64: ItemRow] = [:]
            for start in stride(from: 0, to: keys.count, by: pageLimit) {
                let part = Array(keys[start..<min(keys.count, start + pageLimit)])
                let table = try await collection.query(
                    collection.builder.expression(part), fields: fields(withEmbeddings: withEmbeddings),
                    limit: part.count)
                for row in try ItemRows.read(table, layout, embeddings: withEmbeddings) { found[row.key] = row }
            }
            return found
        }

        /// The embeddings of rows in this space, by key; those without one are left out. The first space's have to be read with the
        /// rows.
        func embeddings(of rows: [ItemRow]) async throws -> [Int64: [Float]] {
            if let vectors { return try await vectors.embeddings(of: rows) }
            return Dictionary(
                rows.filter(\.isEmbedded).map { ($0.key, $0.embedding) }, uniquingKeysWith: { first, _ in first })
        }

        /// Which of these rows have an embedding in this space.
        func embedded(_ rows: [ItemRow]) async throws -> Set<Int64> {
            if let vectors { return try await vectors.embedded(rows) }
            return Set(rows.filter(\.isEmbedded).map(\.key))
        }

        /// What the store knows about the item at each of `paths`.
        public func known(_ paths: [String]) async throws -> [KnownItem?] {
            try await storing {
                let keys = Array(Set(paths.map(Layout.key)))
                let rows = try await rows(keys, withEmbeddings: false)
                let embedded = try await embedded(Array(rows.values))
                return paths.map { path in
                    // Another path may have the same key.
                    guard let row = rows[Layout.key(of: path)], row.path.utf8.elementsEqual(path.utf8) else {
                        return nil
                    }
                    return KnownItem(
                        bytes: row.bytes, modified: row.modified, isSettled: row.isSettled, content: row.content,
                        isMissing: row.isMissing, isEmbedded: embedded.contains(row.key), caption: row.caption,
                        attributes: row.attributes)
                }
            }
        }

        /// Whether an embedding of this content is stored already.
        public func hasEmbedding(of content: ContentHash) throws -> Bool {
            // Called from threads that may block, never from a task's.
            let (answer, done) = (SharedAnswer(), DispatchSemaphore(value: 0))
            Task.detached { [self] in
                let outcome: Result<Bool, any Error>
                do { outcome = .success(try await storing { try await !sources(of: [content]).isEmpty }) } catch {
                    outcome = .failure(error)
                }
                answer.value.withLock { $0 = outcome }
                done.signal()
            }
            done.wait()
            return try answer.value.withLock { try $0?.get() ?? false }
        }

        /// An item of each of these contents with its embedding in this space, where there is one.
        func sources(of contents: [ContentHash]) async throws -> [ContentHash: (row: ItemRow, embedding: [Float])] {
            var found: [ContentHash: (row: ItemRow, embedding: [Float])] = [:]
            for content in contents where found[content] == nil {
                let isEmbedded = hasParts && vectors == nil ? " and embedded == true" : ""
                let table = try await collection.query(
                    "content == \"\(content.hexadecimal)\" and \(wholes)\(isEmbedded)",
                    fields: fields(withEmbeddings: true), limit: 1)
                guard let row = try ItemRows.read(table, layout, embeddings: true).first else { continue }
                if let vectors {
                    found[content] = try await vectors.embedding(of: content).map { (row, $0) }
                } else {
                    found[content] = (row, row.embedding)
                }
            }
            return found
        }

        /// Marks the items with these paths as vanished.
        public func markMissing(_ paths: [String]) async throws {
            guard !paths.isEmpty else { return }
            try await storing {
                var rows = try await rows(Array(Set(paths.map(Layout.key))), withEmbeddings: true)
                rows = rows.filter { !$0.value.isMissing }
                let parts = try await parts(of: Array(rows.keys))
                try await write(
                    (rows.values + parts).map { row in
                        var row = row
                        row.isMissing = true
                        return row
                    })
            }
        }

        /// Removes the items with these ids or paths; a path also stands for everything below it.
        public func remove(idsOrPaths: [String]) async throws -> Int {
            // An empty text would stand for the current directory.
            guard !idsOrPaths.contains("") else {
                throw StoreError(.invalidRequest, path: name, "an item's id or path is empty")
            }
            return try await storing {
                var removed = 0
                for text in idsOrPaths {
                    let path = URL(fileURLWithPath: text).standardizedFileURL.path
                    var keys = Set([text, path].map(Layout.key))
                    if let id = Int64(text), id > 0, id < .max { keys.insert(id) }
                    // Another path may have the same key, and a part has one of its own.
                    let own = try await rows(keys.sorted(), withEmbeddings: false).filter { key, row in
                        row.part == .whole && (String(key) == text || row.path == text || row.path == path)
                    }.keys
                    try await delete(own.sorted() + parts(of: Array(own)).map(\.key), forGood: true)
                    removed += own.count
                    removed += try await deleteAll(
                        upper: condition(.under(path)).upper, forGood: true
                    ) { Filter.under(path).accepts($0.asItem) }
                }
                return removed
            }
        }

        /// What a filter means in this collection.
        func condition(_ filter: Filter) -> MilvusCondition { MilvusCondition(filter, hasKinds: hasParts) }

        /// Drops the items whose files have vanished, with their parts. What was annotated stays, for the day when a file comes back.
        public func prune() async throws -> (items: Int, vectors: Int) {
            try await storing {
                let number = try await deleteAll(upper: "missing == true", forGood: false) { $0.isMissing }
                return (items: number, vectors: number)
            }
        }

        /// Deletes rows, with their embeddings in all spaces.
        ///
        /// - Parameter forGood: whether what was said about them goes, too.
        private func delete(_ keys: [Int64], forGood: Bool) async throws {
            guard !keys.isEmpty else { return }
            try await collection.delete(keys)
            guard hasParts else { return }
            for space in try await MilvusSpace.all(client) { try await space.collection.delete(keys) }
            if forGood { try await removeAnnotations(of: keys) }
        }

        /// - Returns: the number of items among them.
        private func deleteAll(upper: String, forGood: Bool, where accepts: (ItemRow) -> Bool) async throws -> Int {
            var removed = 0
            try await collection.walk(
                upper, fields: fields(withEmbeddings: false), page: pageLimit, isStrong: true
            ) { table, _ in
                let rows = try ItemRows.read(table, self.layout, embeddings: false).filter(accepts)
                try await self.delete(rows.map(\.key), forGood: forGood)
                removed += rows.count { $0.part == .whole }
                return true
            }
            return removed
        }

        /// The first items behind the one with id `id`, in the order of their ids, with their embeddings. Items that have none in this
        /// space are left out.
        public func items(after id: String?, limit: Int, filter: Filter?) async throws -> [(StoredItem, Embedding)] {
            try await storing {
                var items: [(StoredItem, Embedding)] = []
                try await walk(after: id, filter: filter, fields: .everything, limit: limit) { row, embedding in
                    if let embedding { items.append((row.asItem, Embedding(values: embedding))) }
                    return items.count < limit
                }
                return items
            }
        }

        /// Where the first items behind the one with id `id` lie, in the order of their ids.
        public func places(after id: String?, limit: Int, filter: Filter?) async throws -> [ItemPlace] {
            try await storing {
                var places: [ItemPlace] = []
                try await walk(after: id, filter: filter, fields: .known, limit: limit) { row, _ in
                    places.append(ItemPlace(id: String(row.key), path: row.path, missing: row.isMissing))
                    return places.count < limit
                }
                return places
            }
        }

        /// The items with these ids; those that there are not are left out.
        public func items(ids: [String]) async throws -> [(StoredItem, Embedding)] {
            try await storing {
                let keys = ids.map { id in Int64(id).flatMap { String($0) == id && $0 > 0 && $0 < .max ? $0 : nil } }
                let rows = try await rows(Array(Set(keys.compactMap(\.self))), withEmbeddings: vectors == nil)
                    .filter { $0.value.part == .whole }
                let embeddings = try await embeddings(of: Array(rows.values))
                return keys.compactMap { key in
                    guard let key, let row = rows[key], let embedding = embeddings[key] else { return nil }
                    return (row.asItem, Embedding(values: embedding))
                }
            }
        }

        /// What is read of each item on a walk.
        enum WalkedFields { case known, everything }

        /// Goes through the items that a filter accepts by their ids, until `body` gives false.
        ///
        /// - Parameters:
        ///   - rows: the condition for rows: by default that they are items.
        ///   - body: given each row, and its embedding in this space where it was asked for and is there.
        func walk(
            after id: String? = nil, filter: Filter?, rows: String? = nil,
            condition: String = MilvusCondition.everything,
            fields: WalkedFields, limit: Int, _ body: (ItemRow, [Float]?) throws -> Bool
        ) async throws {
            guard limit > 0 else { return }
            let upper = filter.map { self.condition($0).upper } ?? MilvusCondition.everything
            let own = MilvusCondition.join(
                [rows ?? wholes, condition, upper][...], "and", empty: MilvusCondition.everything)
            guard own != MilvusCondition.nothing else { return }
            let withEmbeddings = fields == .everything && vectors == nil
            try await collection.walk(
                own, fields: self.fields(withEmbeddings: withEmbeddings), page: min(limit, pageLimit),
                after: id.map { Int64($0) ?? 0 } ?? 0
            ) { table, _ in
                // By key already, as this server gives them; not promised.
                let page = try ItemRows.read(table, self.layout, embeddings: withEmbeddings)
                    .filter { filter?.accepts($0.asItem) ?? true }.sorted { $0.key < $1.key }
                let embeddings = fields == .everything ? try await self.embeddings(of: page) : [:]
                for row in page {
                    guard try body(row, embeddings[row.key]) else { return false }
                }
                return true
            }
        }
    }

    /// A result that a task writes and a thread reads.
    private final class SharedAnswer: Sendable {
        let value = Mutex<Result<Bool, any Error>?>(nil)
    }
#endif
