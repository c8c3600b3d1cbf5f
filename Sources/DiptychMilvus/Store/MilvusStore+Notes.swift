#if Milvus
    public import Diptych
    internal import DiptychSearch
    public import Foundation
    internal import Synchronization

    extension MilvusStore {
        /// The embeddings of some items, drawn at random; fewer where the collection holds fewer.
        ///
        /// Keys are hashes, so the items behind a random key are a sample like any other.
        public func sample(_ count: Int) async throws -> [Embedding] {
            guard count > 0 else { return [] }
            let start = String(Int64.random(in: 1..<Int64.max))
            var found = try await items(after: start, limit: count, filter: nil)
            if found.count < count {
                let taken = Set(found.map(\.0.id))
                found += try await items(after: nil, limit: count - found.count, filter: nil)
                    .filter { !taken.contains($0.0.id) }
            }
            return found.map(\.1)
        }

        /// What was noted under `key`; nil where nothing was.
        public func note(_ key: String) async throws -> Data? {
            guard hasParts, let literal = MilvusCondition.literal(noteKey(key)) else { return nil }
            let now = ContinuousClock.now
            if key == Self.measuredKey, let known = measured.withLock({ $0 }),
                known.time.duration(to: now) < Self.measuredTime
            {
                return known.data
            }
            let data: Data? = try await storing {
                // Of two that were written at once, the later writing counts; the pieces of the other are incomplete.
                let found = try await records.read(#"kind == "note" and name == \#(literal)"#)
                return found.max { $0.revision < $1.revision }.flatMap { Data(base64Encoded: $0.value) }
            }
            if key == Self.measuredKey { measured.withLock { $0 = (data, now) } }
            return data
        }

        /// The note that every search asks for, and how long what was read of it counts.
        private static let measuredKey = "background"
        private static let measuredTime = Duration.seconds(30)

        /// Notes `data` under `key`, instead of what was there.
        public func setNote(_ key: String, _ data: Data) async throws {
            guard hasParts else { return }
            if key == Self.measuredKey { measured.withLock { $0 = nil } }
            let key = noteKey(key)
            try await storing {
                try await records.write([
                    MilvusRecords.Record(
                        kind: "note", name: key, revision: Int64.random(in: 1..<Int64.max),
                        value: data.base64EncodedString(), key: "note\0\(key)")
                ])
            }
        }

        /// Whether ``note(_:)`` gives what ``setNote(_:_:)`` was told: not in the first collections.
        public var keepsNotes: Bool { hasParts }

        /// What was measured about embeddings is noted for each space.
        private func noteKey(_ key: String) -> String {
            key == Self.measuredKey && space.id != 1 ? "\(key)-\(space.id)" : key
        }
    }
#endif
