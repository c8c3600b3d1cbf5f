#if Milvus
    public import Diptych
    public import DiptychMedia
    public import DiptychSearch
    internal import Foundation

    extension MilvusStore {
        private static let currentNote = "space"
        private static let lastNote = "space.last"

        /// Opens the existing collection with the space of `model`, which is made where there is none; the current space stays what it
        /// is.
        ///
        /// - Parameter decode: how images are decoded for a new space; nil for as in the current one.
        /// - Throws: `StoreError`; of kind `otherModel` where the space that is there was filled with other preprocessing.
        public static func open(
            _ address: MilvusAddress, addingSpaceFor model: any Embedder, credentials: MilvusCredentials? = nil,
            decode: ImageOptions.Decode? = nil
        ) async throws -> MilvusStore {
            let store = try await open(address, credentials: credentials)
            try store.requireParts("several models")
            let identity = try await StoreIdentity(
                of: model, appliesOrientation: store.appliesOrientation, decode: decode ?? store.decode)
            return try await store.addingSpace(like: identity)
        }

        /// The same store with the space of an identity's model, which is made where there is none.
        package func addingSpace(like identity: StoreIdentity) async throws -> MilvusStore {
            let all = try await storing { try await spaces() }
            if !all.contains(where: { $0.space.identity.fingerprint == identity.fingerprint }) {
                try await storing { try await makeSpace(identity, beside: all.map(\.space)) }
            }
            let store = try await choosing(.of(identity.fingerprint))
            try store.identity.require(identity, store: name)
            return store
        }

        private func makeSpace(_ identity: StoreIdentity, beside all: [StoreSpace]) async throws {
            var name = identity.model
            var number = 1
            while all.contains(where: { $0.name == name }) {
                number += 1
                name = "\(identity.model)-\(number)"
            }
            // A number is given once, also where its space was dropped since.
            let last = try await note(Self.lastNote).flatMap { Int64(String(decoding: $0, as: UTF8.self)) } ?? 1
            var id = min(1 << 40, max(1, last, all.map(\.id).max() ?? 1))
            var new = identity
            new.created = Date().timeIntervalSince1970
            for _ in 0..<8 {
                id += 1
                do {
                    try await MilvusSpace(client, StoreSpace(id: id, name: name, identity: new)).create()
                    return try await setNote(Self.lastNote, Data(String(id).utf8))
                } catch let error as MilvusError where error.kind == .server {
                    // Another process took the number meanwhile, perhaps for the same model.
                    let now = try await MilvusSpace.all(client)
                    if now.contains(where: { $0.space.identity.fingerprint == identity.fingerprint }) { return }
                    guard now.contains(where: { $0.space.id == id }) else { throw error }
                }
            }
        }

        /// The store's spaces with their collections, the first one without, in the order in which they were made.
        func spaces() async throws -> [(space: StoreSpace, vectors: MilvusSpace?)] {
            let facts = try await MilvusCollection.description(client)
            struct Found: Decodable { let identity: StoreIdentity }
            let first = facts.flatMap {
                try? JSONDecoder().decode(Found.self, from: Data($0.description.utf8)).identity
            }
            guard let first else {
                throw StoreError(.missing, path: name, "the collection has gone; index into it to make it")
            }
            let own = (space: StoreSpace(id: 1, name: first.model, identity: first), vectors: nil as MilvusSpace?)
            guard hasParts else { return [own] }
            return [own] + (try await MilvusSpace.all(client).map { ($0.space, $0) })
        }

        /// The number of the space that searches take which name none.
        func currentSpace() async throws -> Int64 {
            guard hasParts else { return 1 }
            return try await note(Self.currentNote).flatMap { Int64(String(decoding: $0, as: UTF8.self)) } ?? 1
        }

        /// This store with one of its spaces.
        func choosing(_ choice: SpaceChoice) async throws -> MilvusStore {
            try await storing {
                let all: [(space: StoreSpace, vectors: MilvusSpace?)]
                let found: (space: StoreSpace, vectors: MilvusSpace?)?
                switch choice {
                case .of(let fingerprint) where fingerprint == space.identity.fingerprint && vectors == nil:
                    return self
                case .of(let fingerprint):
                    all = try await spaces()
                    found = all.first { $0.space.identity.fingerprint == fingerprint } ?? all[0]
                case .current:
                    let id = try await currentSpace()
                    if id == space.id { return self }
                    all = try await spaces()
                    found = all.first { $0.space.id == id } ?? all[0]
                case .named(let name):
                    all = try await spaces()
                    found = all.first { $0.space.name == name } ?? all.first { String($0.space.id) == name }
                    guard found != nil else {
                        throw StoreError(
                            .missing, path: self.name,
                            "has no space '\(name)'; it has \(all.map { "'\($0.space.name)'" }.joined(separator: ", "))"
                        )
                    }
                }
                guard let found, found.space.id != space.id else { return self }
                try await found.vectors?.collection.ready()
                return MilvusStore(collection, found.space, vectors: found.vectors)
            }
        }

        /// Makes a space the current one: searches that name none take it from now on.
        public func switchSpace(to name: String, acceptsGaps: Bool) async throws -> StoreSpace {
            try requireParts("several models")
            let store = try await choosing(.named(name))
            if !acceptsGaps, let first = try await store.unembeddedParts(after: 0, limit: 1).first {
                throw StoreError(
                    .invalidRequest, path: self.name,
                    "the space '\(store.space.name)' is not full (\(first.path) has no embedding in it); run `diptych store "
                        + "embed`, or give --partial")
            }
            try await setNote(Self.currentNote, Data(String(store.space.id).utf8))
            return store.space
        }

        /// Drops a space with all its embeddings; parts and annotations stay. Those of the first space lie with
        /// the items and cannot be dropped.
        public func dropSpace(_ name: String) async throws -> StoreSpace {
            try requireParts("several models")
            let store = try await choosing(.named(name))
            return try await storing {
                guard try await currentSpace() != store.space.id else {
                    throw StoreError(
                        .invalidRequest, path: self.name,
                        "the space '\(store.space.name)' is the current one; switch to another first with `diptych store switch`"
                    )
                }
                guard let vectors = store.vectors else {
                    throw StoreError(
                        .invalidRequest, path: self.name,
                        "the space '\(store.space.name)' lies with the items and cannot be dropped; copy the other one's "
                            + "into a new collection")
                }
                try await records.remove(#"kind == "note" and name == "background-\#(store.space.id)""#)
                try await vectors.collection.drop()
                return store.space
            }
        }
    }
#endif
