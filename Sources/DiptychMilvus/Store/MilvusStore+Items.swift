#if Milvus
    public import Diptych
    public import DiptychSearch
    internal import Dispatch
    internal import Foundation
    internal import Synchronization

    extension MilvusStore {
        /// The most rows read at once: with the longest caption and attributes they stay below the limit of an answer.
        private var pageLimit: Int { max(1, min(300, (40 << 20) / (2 * WireLimits.text + 8192 + 4 * dimension))) }

        /// The rows with these keys, by key.
        func rows(_ keys: [Int64], withEmbeddings: Bool) async throws -> [Int64: ItemRow] {
            var found: [Int64: ItemRow] = [:]
            for start in stride(from: 0, to: keys.count, by: pageLimit) {
                let part = Array(keys[start..<min(keys.count, start + pageLimit)])
                let table = try await collection.query(
                    collection.builder.expression(part),
                    fields: ItemRows.fields + (withEmbeddings ? ["embedding"] : []),
                    limit: part.count)
                for row in try ItemRows.read(table, dimension: withEmbeddings ? dimension : nil) {
                    found[row.key] = row
                }
            }
            return found
        }

        /// What the store knows about the item at each of `paths`.
        public func known(_ paths: [String]) async throws -> [KnownItem?] {
            try await storing {
                let keys = Array(Set(paths.map(Layout.key)))
                let rows = try await rows(keys, withEmbeddings: false)
                return paths.map { path in
                    // Another path may have the same key.
                    guard let row = rows[Layout.key(of: path)], row.path.utf8.elementsEqual(path.utf8) else {
                        return nil
                    }
                    return KnownItem(
                        bytes: row.bytes, modified: row.modified, isSettled: row.isSettled, content: row.content,
                        isMissing: row.isMissing, caption: row.caption, attributes: row.attributes)
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

        /// A row of each of these contents, where there is one.
        func sources(of contents: [ContentHash]) async throws -> [ContentHash: ItemRow] {
            var found: [ContentHash: ItemRow] = [:]
            for content in contents where found[content] == nil {
                let table = try await collection.query(
                    "content == \"\(content.hexadecimal)\"", fields: ItemRows.fields + ["embedding"], limit: 1)
                if let row = try ItemRows.read(table, dimension: dimension).first { found[content] = row }
            }
            return found
        }

        /// Marks the items with these paths as vanished.
        public func markMissing(_ paths: [String]) async throws {
            guard !paths.isEmpty else { return }
            try await storing {
                var rows = try await rows(Array(Set(paths.map(Layout.key))), withEmbeddings: true)
                rows = rows.filter { !$0.value.isMissing }
                try await write(
                    rows.values.map { row in
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
                throw StoreError(.invalidRequest, path: name, "an empty text is no item's id or path")
            }
            return try await storing {
                var removed = 0
                for text in idsOrPaths {
                    let path = URL(fileURLWithPath: text).standardizedFileURL.path
                    var keys = Set([text, path].map(Layout.key))
                    if let id = Int64(text), id > 0, id < .max { keys.insert(id) }
                    // Another path may have the same key.
                    let own = try await rows(keys.sorted(), withEmbeddings: false).filter { key, row in
                        String(key) == text || row.path == text || row.path == path
                    }.keys
                    try await collection.delete(own.sorted())
                    removed += own.count
                    removed += try await deleteAll(.under(path))
                }
                return removed
            }
        }

        /// Drops the items whose files have vanished.
        public func prune() async throws -> (items: Int, vectors: Int) {
            try await storing {
                let number = try await deleteAll(upper: "missing == true") { $0.isMissing }
                return (items: number, vectors: number)
            }
        }

        private func deleteAll(_ filter: Filter) async throws -> Int {
            try await deleteAll(upper: MilvusCondition(filter).upper) { filter.accepts($0.item) }
        }

        private func deleteAll(upper: String, where accepts: (ItemRow) -> Bool) async throws -> Int {
            var (last, removed): (Int64, Int) = (0, 0)
            while true {
                try Task.checkCancellation()
                let table = try await collection.query(
                    "(\(upper)) and id > \(last)", fields: ItemRows.fields, limit: pageLimit, isStrong: true)
                let page = try ItemRows.read(table, dimension: nil)
                guard let end = page.map(\.key).max() else { return removed }
                last = end
                let keys = page.filter(accepts).map(\.key)
                try await collection.delete(keys)
                removed += keys.count
            }
        }

        /// The first items behind the one with id `id`, in the order of their ids, with their embeddings.
        public func items(after id: String?, limit: Int, filter: Filter?) async throws -> [(StoredItem, Embedding)] {
            try await storing {
                var items: [(StoredItem, Embedding)] = []
                try await walk(after: id, filter: filter, fields: .everything, limit: limit) { row in
                    items.append((row.item, Embedding(values: row.embedding)))
                    return items.count < limit
                }
                return items
            }
        }

        /// Where the first items behind the one with id `id` lie, in the order of their ids.
        public func places(after id: String?, limit: Int, filter: Filter?) async throws -> [ItemPlace] {
            try await storing {
                var places: [ItemPlace] = []
                try await walk(after: id, filter: filter, fields: .known, limit: limit) { row in
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
                let rows = try await rows(Array(Set(keys.compactMap(\.self))), withEmbeddings: true)
                return keys.compactMap { key in
                    key.flatMap { rows[$0] }.map { ($0.item, Embedding(values: $0.embedding)) }
                }
            }
        }

        /// What is read of each item on a walk.
        enum WalkedFields { case known, everything }

        /// Goes through the items that a filter accepts by their ids, until `body` gives false.
        func walk(
            after id: String? = nil, filter: Filter?, condition: String = MilvusCondition.everything,
            fields: WalkedFields,
            limit: Int, _ body: (ItemRow) throws -> Bool
        ) async throws {
            guard limit > 0 else { return }
            let own = MilvusCondition.join(
                [filter.map { MilvusCondition($0).upper } ?? MilvusCondition.everything, condition], "and",
                empty: MilvusCondition.everything)
            guard own != MilvusCondition.nothing else { return }
            var last = id.map { Int64($0) ?? 0 } ?? 0
            while true {
                try Task.checkCancellation()
                let table = try await collection.query(
                    "(\(own)) and id > \(last)", fields: ItemRows.fields + (fields == .everything ? ["embedding"] : []),
                    limit: min(limit, pageLimit))
                // By key already, as this server gives them; not promised.
                let page = try ItemRows.read(table, dimension: fields == .everything ? dimension : nil)
                    .sorted { $0.key < $1.key }
                guard let end = page.last?.key else { return }
                last = end
                for row in page where filter?.accepts(row.item) ?? true {
                    guard try body(row) else { return }
                }
            }
        }
    }

    /// A result that a task writes and a thread reads.
    private final class SharedAnswer: Sendable {
        let value = Mutex<Result<Bool, any Error>?>(nil)
    }
#endif
