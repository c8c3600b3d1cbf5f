#if Milvus
    internal import DiptychSearch
    internal import Foundation
    internal import Synchronization

    /// What a store keeps besides its items: notes and annotations, in a collection beside it that is made when it is needed.
    final class MilvusRecords: Sendable {
        /// A text of any length, in pieces of what a field may hold.
        struct Record: Sendable {
            var kind: String
            var name: String
            var part: Int64 = 0
            var item: Int64 = 0
            var content = ""
            var revision: Int64 = 0
            var value: String
            var facts = ""
            /// What tells it from all others, for writing.
            var key = ""
            /// The key of its first row, of one that was read.
            var row: Int64 = 0
            /// The key of its first row, of one that is written.
            var id: Int64 { Layout.key(of: "\(key)\0\(0)") }
        }

        private let client: MilvusClient
        private let collection: MilvusCollection
        private let isThere = Mutex(false)

        init(_ client: MilvusClient) {
            self.client = client
            collection = MilvusCollection(
                client: client, layout: .records, name: Self.name(client), index: .flat)
        }

        static func name(_ client: MilvusClient) -> String { "\(client.address.collection)_records" }

        /// The bytes of a text that one row takes; a few less than a field holds.
        private static let pieceBytes = 60_000
        /// Rows read at once: their values stay below the limit of an answer.
        private static let pageLimit = 300

        /// Whether the collection is there; it may be made meanwhile by another process.
        private func exists() async throws -> Bool {
            if isThere.withLock({ $0 }) { return true }
            guard let facts = try await MilvusCollection.description(client, name: Self.name(client)) else {
                return false
            }
            guard facts.fits(.records) else {
                throw MilvusError(
                    .otherSchema, at: client.address.description,
                    "the collection '\(Self.name(client))' beside it has other fields than a store's notes: rename one of the two"
                )
            }
            try await collection.ready()
            isThere.withLock { $0 = true }
            return true
        }

        /// Writes records; those of equal keys are replaced. When this returns, they are safe.
        func write(_ records: [Record]) async throws {
            guard !records.isEmpty else { return }
            if try await !exists() {
                try await collection.create(description: #"{"diptych":"notes and annotations"}"#)
                isThere.withLock { $0 = true }
            }
            var rows: [(record: Record, piece: Int, pieces: Int, value: String)] = []
            var bytes = 0
            func flush() async throws {
                guard !rows.isEmpty else { return }
                let part = rows
                try await collection.upsert(
                    [
                        "id": .longs(part.map { Layout.key(of: "\($0.record.key)\0\($0.piece)") }),
                        "unused": .vectors(part.flatMap { _ in [1, 0] as [Float] }),
                        "kind": .texts(part.map(\.record.kind)), "name": .texts(part.map(\.record.name)),
                        "part": .longs(part.map(\.record.part)), "item": .longs(part.map(\.record.item)),
                        "content": .texts(part.map(\.record.content)),
                        "revision": .longs(part.map(\.record.revision)), "piece": .longs(part.map { Int64($0.piece) }),
                        "pieces": .longs(part.map { Int64($0.pieces) }), "value": .texts(part.map(\.value)),
                        "facts": .texts(part.map(\.record.facts)),
                    ], rows: part.count)
                (rows, bytes) = ([], 0)
            }
            for record in records {
                let pieces = Self.pieces(record.value)
                let size = record.value.utf8.count + 8192
                // A record is written whole, in one request.
                if bytes + size > WireLimits.request / 2 || rows.count + pieces.count > 4096 { try await flush() }
                bytes += size
                for (number, piece) in pieces.enumerated() { rows.append((record, number, pieces.count, piece)) }
            }
            try await flush()
        }

        /// The text in pieces, cut between characters.
        private static func pieces(_ text: String) -> [String] {
            var pieces: [String] = []
            var rest = text.unicodeScalars[...]
            while !rest.isEmpty {
                var (end, bytes) = (rest.startIndex, 0)
                while end < rest.endIndex, bytes + UTF8.width(rest[end]) <= pieceBytes {
                    bytes += UTF8.width(rest[end])
                    end = rest.index(after: end)
                }
                pieces.append(String(rest[..<end]))
                rest = rest[end...]
            }
            return pieces.isEmpty ? [""] : pieces
        }

        /// The records that pass a condition, in no order; one of which a piece is missing is left out.
        func read(_ condition: String) async throws -> [Record] {
            guard try await exists() else { return [] }
            var (records, found): ([Int64: Record], [String: [Int64: String]]) = ([:], [:])
            var ids: [String: Int64] = [:]
            var pieces: [String: Int64] = [:]
            try await rows(where: condition) { row in
                found[row.own, default: [:]][row.piece] = row.value
                pieces[row.own] = row.count
                if row.piece == 0 {
                    ids[row.own] = row.key
                    records[row.key] = Record(
                        kind: row.kind, name: row.name, part: row.part, content: row.content, revision: row.revision,
                        value: "", facts: row.facts, row: row.key)
                }
                return true
            }
            return ids.compactMap { own, id in
                guard var record = records[id], let parts = found[own], Int64(parts.count) == pieces[own] else {
                    return nil
                }
                record.value = (0..<Int64(parts.count)).compactMap { parts[$0] }.joined()
                return record
            }
        }

        /// A row of the collection: a piece of a record.
        struct Row {
            let key: Int64
            let kind, name, content, value, facts: String
            let part, revision, piece, count: Int64
            /// Pieces of one writing agree in all but their number and value.
            var own: String { "\(kind)\0\(name)\0\(part)\0\(revision)\0\(count)\0\(facts)" }
        }

        /// Goes through the rows that pass a condition, until `body` says that it has enough.
        func rows(
            where condition: String = MilvusCondition.everything, _ body: (Row) throws -> Bool
        ) async throws {
            guard try await exists() else { return }
            try await collection.walk(
                condition,
                fields: ["kind", "name", "part", "content", "revision", "piece", "pieces", "value", "facts"],
                page: Self.pageLimit, isStrong: true
            ) { table, keys in
                let (kind, name, part) = (try table.texts("kind"), try table.texts("name"), try table.longs("part"))
                let (content, revision) = (try table.texts("content"), try table.longs("revision"))
                let (piece, count) = (try table.longs("piece"), try table.longs("pieces"))
                let (value, facts) = (try table.texts("value"), try table.texts("facts"))
                for row in keys.indices {
                    let isWanted = try body(
                        Row(
                            key: keys[row], kind: kind[row], name: name[row], content: content[row], value: value[row],
                            facts: facts[row], part: part[row], revision: revision[row], piece: piece[row],
                            count: count[row]))
                    guard isWanted else { return false }
                }
                return true
            }
        }

        /// The first rows of the records that pass a condition, by key: which part and revision, and what the part showed.
        func heads(_ condition: String) async throws -> [(id: Int64, part: Int64, revision: Int64, content: String)] {
            guard try await exists() else { return [] }
            var heads: [(id: Int64, part: Int64, revision: Int64, content: String)] = []
            try await collection.walk(
                "(\(condition)) and piece == 0", fields: ["part", "revision", "content"], page: 8192, isStrong: true
            ) { table, keys in
                let (part, revision) = (try table.longs("part"), try table.longs("revision"))
                let content = try table.texts("content")
                for row in keys.indices { heads.append((keys[row], part[row], revision[row], content[row])) }
                return true
            }
            return heads
        }

        /// Removes the records that pass a condition.
        func remove(_ condition: String) async throws {
            guard try await exists() else { return }
            try await collection.walk(condition, fields: ["part"], page: 8192, isStrong: true) { _, keys in
                try await self.collection.delete(keys)
                return true
            }
        }

        /// The number of records that pass a condition.
        func count(_ condition: String) async throws -> Int {
            guard try await exists() else { return 0 }
            return try await collection.count("(\(condition)) and piece == 0")
        }

        /// Removes the collection.
        func drop() async throws {
            isThere.withLock { $0 = false }
            try await collection.drop()
        }
    }
#endif
