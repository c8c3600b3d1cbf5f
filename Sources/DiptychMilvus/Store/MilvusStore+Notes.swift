#if Milvus
    public import Diptych
    internal import DiptychSearch
    public import Foundation

    extension MilvusStore {
        /// The embeddings of some items, drawn by chance; fewer where the collection holds fewer.
        ///
        /// Keys are hashes, so the items behind a key drawn by chance are a sample like any other.
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

        /// Nothing: a collection has no place for notes. What a note would say is measured when it is needed.
        public func note(_ key: String) async throws -> Data? { nil }

        /// Does nothing, see ``note(_:)``.
        public func setNote(_ key: String, _ data: Data) async throws {}

        /// Whether ``note(_:)`` gives what ``setNote(_:_:)`` was told: it does not.
        public var keepsNotes: Bool { false }
    }
#endif
