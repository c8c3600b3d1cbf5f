#if Milvus
    public import Diptych
    public import DiptychMedia
    public import DiptychSearch
    internal import Foundation
    internal import Synchronization

    /// A store in a collection of a Milvus server.
    ///
    /// One row an item or part; its key comes from its path, so that writing twice changes nothing and any number of machines may index into
    /// the same collection. What a call has reported as stored survives the death of this process and of the server's.
    ///
    ///     let address = try MilvusAddress("milvus://localhost/photos/album")
    ///     let store = try await MilvusStore.open(address, for: model)
    ///     for hit in try await store.search(query, limit: 10) { print(hit.similarity, hit.path) }
    public final class MilvusStore: VectorStore {
        /// The collection's address, without secrets.
        public var name: String { collection.address.description }
        /// The width of its embeddings.
        public var dimension: Int { identity.dimension }
        /// Whether its images were turned upright by their EXIF orientation.
        public var appliesOrientation: Bool { identity.appliesOrientation }
        /// How its images were decoded.
        public var decode: ImageOptions.Decode { identity.decode }
        /// Which model the store belongs to, and how its images were read.
        public var identity: StoreIdentity { space.identity }
        /// The space that it searches and fills.
        public let space: StoreSpace
        /// The collection of the items, with the first model's embeddings.
        package let collection: MilvusCollection
        /// The collection of the space's embeddings; nil where that is the first.
        let vectors: MilvusSpace?
        let records: MilvusRecords
        /// What was measured about the embeddings, as it was last read: every search asks for it.
        let measured = Mutex<(data: Data?, time: ContinuousClock.Instant)?>(nil)
        /// What the parts showed that were last asked to be embedded.
        let wanted = Mutex<[Int64: ContentHash]>([:])

        var client: MilvusClient { collection.client }
        /// The fields of the items' collection.
        var layout: Layout { collection.builder.layout }
        /// Whether the collection keeps parts, texts, annotations and several models; the first ones did not.
        var hasParts: Bool { layout.hasParts }
        /// The condition that a row is an item.
        var wholes: String { hasParts ? "part == 0" : MilvusCondition.everything }

        init(_ collection: MilvusCollection, _ space: StoreSpace, vectors: MilvusSpace?) {
            (self.collection, self.space, self.vectors) = (collection, space, vectors)
            records = MilvusRecords(collection.client)
        }

        /// What a collection's description holds.
        private struct Description: Codable {
            /// The version of the layout; a newer one is refused.
            var diptych = version
            var identity: StoreIdentity

            static let version = 2
        }

        /// Which space of a store is to be used.
        enum SpaceChoice: Sendable {
            case current
            /// By name or number.
            case named(String)
            /// That of the model with this fingerprint, else the first one.
            case of(String)
        }

        /// Opens a collection for use with `model`, and makes it where there is none. Of a store with several spaces it takes the
        /// model's.
        ///
        /// - Parameters:
        ///   - address: where it is, and how a new one is made.
        ///   - model: the model of its embeddings; a store of another model is refused with both names.
        ///   - credentials: who asks; nil for those in the address, if any.
        ///   - appliesOrientation: how images are turned; nil takes what the store has, or true in a new one.
        ///   - decode: how images are decoded; nil takes what the store has, or `exact` in a new one.
        /// - Throws: `StoreError`.
        public static func open(
            _ address: MilvusAddress, for model: any Embedder, credentials: MilvusCredentials? = nil,
            appliesOrientation: Bool? = nil, decode: ImageOptions.Decode? = nil
        ) async throws -> MilvusStore {
            let fresh = try await StoreIdentity(
                of: model, appliesOrientation: appliesOrientation ?? true, decode: decode ?? .exact)
            let store = try await opened(address, credentials, making: fresh, .of(fresh.fingerprint))
            try await store.require(model)
            if let asked = appliesOrientation, asked != store.appliesOrientation {
                throw StoreError(
                    .otherModel, path: store.name,
                    "its images were indexed \(store.appliesOrientation ? "with" : "without") EXIF orientation; use the same "
                        + "option, or another collection")
            }
            if let asked = decode, asked != store.decode {
                throw StoreError(
                    .otherModel, path: store.name,
                    "its images were decoded with --decode \(store.decode.rawValue); use the same option, or another "
                        + "collection")
            }
            return store
        }

        /// Opens a collection without its model, and makes it where there is none.
        ///
        /// - Throws: `StoreError`; of kind `otherModel` where the collection that is there holds other embeddings.
        public static func open(
            _ address: MilvusAddress, like identity: StoreIdentity, credentials: MilvusCredentials? = nil
        ) async throws -> MilvusStore {
            let store = try await opened(address, credentials, making: identity, .of(identity.fingerprint))
            try store.identity.require(identity, store: store.name)
            return store
        }

        /// Opens the existing collection, to look at it or search it with embeddings of its model.
        ///
        /// - Parameter name: the space to search, by its name or number; nil for the current one.
        /// - Throws: `StoreError` when there is none.
        public static func open(
            _ address: MilvusAddress, credentials: MilvusCredentials? = nil, space name: String? = nil
        ) async throws -> MilvusStore {
            try await opened(address, credentials, making: nil, name.map(SpaceChoice.named) ?? .current)
        }

        private static func opened(
            _ address: MilvusAddress, _ credentials: MilvusCredentials?, making identity: StoreIdentity?,
            _ choice: SpaceChoice
        ) async throws -> MilvusStore {
            let location = address.description
            guard address.foreignFields == nil else {
                throw StoreError(
                    .invalidRequest, path: location,
                    "id=, vector= and path= are for reading another program's collection: copy it with `diptych store copy`"
                )
            }
            return try await storing(location) {
                let client = try MilvusClient(address, credentials: credentials)
                try await client.connect(within: address.patience)
                if let facts = try await MilvusCollection.description(client) {
                    return try await existing(client, facts, choice)
                }
                guard let identity else {
                    throw StoreError(
                        .missing, path: location,
                        "there is no such collection; make one with `diptych index PATH --store`")
                }
                let collection = MilvusCollection(client: client, layout: .items(dimension: identity.dimension))
                var new = identity
                new.created = Date().timeIntervalSince1970
                let encoder = JSONEncoder()
                encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
                let description = String(decoding: try encoder.encode(Description(identity: new)), as: UTF8.self)
                do { try await collection.create(description: description) } catch let error as MilvusError {
                    // Another process made it meanwhile, for its own model.
                    guard error.kind == .server, let facts = try await MilvusCollection.description(client) else {
                        throw error
                    }
                    return try await existing(client, facts, choice)
                }
                return MilvusStore(collection, first(new), vectors: nil)
            }
        }

        /// The space whose embeddings lie with the items.
        private static func first(_ identity: StoreIdentity) -> StoreSpace {
            StoreSpace(id: 1, name: identity.model, identity: identity)
        }

        private static func existing(
            _ client: MilvusClient, _ facts: CollectionFacts, _ choice: SpaceChoice
        ) async throws -> MilvusStore {
            let location = client.address.description
            guard let found = try? JSONDecoder().decode(Description.self, from: Data(facts.description.utf8)) else {
                throw StoreError(
                    .notAStore, path: location,
                    "the collection is no Diptych store: give another name, and it will be made; what it holds is copied with "
                        + "`diptych store copy` and ?id=…&vector=…&path=…")
            }
            guard found.diptych <= Description.version else {
                throw StoreError(.notAStore, path: location, "was written by a newer Diptych (layout \(found.diptych))")
            }
            let dimension = found.identity.dimension
            let layouts = [Layout.items(dimension: dimension), .firstItems(dimension: dimension)]
            guard (1...32_768).contains(dimension), let layout = layouts.first(where: facts.fits) else {
                throw StoreError(
                    .notAStore, path: location,
                    "the collection's fields are not those of a store of dimension \(dimension) (its vectors have "
                        + "\(facts.dimension ?? 0)); use another collection")
            }
            let collection = MilvusCollection(client: client, layout: layout)
            try await collection.ready()
            let store = MilvusStore(collection, first(found.identity), vectors: nil)
            return try await store.choosing(choice)
        }

        /// Runs `body`, explaining failures as a store does.
        func storing<Result>(_ body: () async throws -> Result) async throws -> Result {
            try await Self.storing(name, body)
        }

        static func storing<Result>(_ name: String, _ body: () async throws -> Result) async throws -> Result {
            do { return try await body() } catch let error as MilvusError { throw StoreError(error) }
        }

        /// Checks that `model` is the one that the store's embeddings come from, and still prepares images as it did.
        public func require(_ model: any Embedder) async throws { try await identity.require(model, store: name) }

        /// What the store holds and which model it belongs to. Copies of a file count as an embedding each.
        public func info() async throws -> StoreInfo {
            try await storing {
                let (count, missing) = (
                    try await collection.count("missing == false and \(wholes)"),
                    try await collection.count("missing == true and \(wholes)")
                )
                let all = try await spaces()
                var info = StoreInfo(
                    count: count, missing: missing, vectors: try await embeddingCount(vectors),
                    model: identity.model, fingerprint: identity.fingerprint, modelPath: identity.modelPath,
                    dimension: dimension, appliesOrientation: appliesOrientation, decode: decode, bytes: 0,
                    created: all[0].space.identity.created)
                if hasParts {
                    let (parts, current) = (
                        try await collection.count(MilvusCondition.everything), try await currentSpace()
                    )
                    for (other, vectors) in all {
                        info.spaces.append(
                            StoreInfo.Space(
                                other, embeddings: try await embeddingCount(vectors), parts: parts,
                                isCurrent: other.id == current))
                    }
                }
                info.index = try await indexProgress()
                return info
            }
        }

        /// How many embeddings a space has; nil for the first one.
        private func embeddingCount(_ vectors: MilvusSpace?) async throws -> Int {
            if let vectors { return try await vectors.collection.count(MilvusCondition.everything) }
            return try await collection.count(hasParts ? "embedded == true" : MilvusCondition.everything)
        }

        /// The collection whose index finds this space's embeddings.
        private var indexed: MilvusCollection { vectors?.collection ?? collection }

        /// Has the server write what it received to storage, where it indexes it, once there are enough rows for an index.
        public func buildIndex() async throws {
            let now = try await indexProgress()
            if now.total - now.indexed >= MilvusCollection.fewestIndexedRows {
                try await storing { try await indexed.flush() }
            }
        }

        /// How far the server has built the index; see ``MilvusCollection/progress()``.
        public func indexProgress() async throws -> IndexProgress {
            try await storing { try await indexed.progress() }
        }

        /// Removes the collection with everything in it, and those beside it.
        ///
        /// - Throws: `StoreError`.
        public func drop() async throws {
            try await storing {
                if hasParts {
                    for space in try await MilvusSpace.all(client) { try await space.collection.drop() }
                    try await records.drop()
                }
                try await collection.drop()
            }
        }

        /// Has the server write to storage and index what it received; of use after a bulk import, never needed for safety.
        ///
        /// - Throws: `StoreError`.
        public func flush() async throws { try await storing { try await indexed.flush() } }

        /// Refuses what the first collections do not keep.
        func requireParts(_ what: String) throws {
            guard !hasParts else { return }
            throw StoreError(
                .invalidRequest, path: name,
                "the collection was made before collections kept \(what): copy it into a new one with `diptych store copy`"
            )
        }

        /// Nothing is locked: any number of processes and machines may write to the same collection.
        public func lockForIndexing() throws -> any IndexingLock { Unlocked() }

        private struct Unlocked: IndexingLock {}
    }

    extension StoreError.Kind {
        /// The server cannot be reached, or does not answer in time.
        public static let unreachable = StoreError.Kind(rawValue: "unreachable")
        /// The server does not accept user, password or token.
        public static let refused = StoreError.Kind(rawValue: "refused")
    }

    extension StoreError {
        /// A server's failure as a store's.
        init(_ error: MilvusError) {
            let kind: Kind =
                switch error.kind {
                case .unreachable, .timeout, .notReady, .overloaded, .notLoaded: .unreachable
                case .refused: .refused
                case .missing: .missing
                case .otherSchema: .notAStore
                case .invalidRequest, .badAddress: .invalidRequest
                case .badReply: .damaged
                default: .inputOutput
                }
            self.init(kind, path: error.location, error.reason)
        }
    }
#endif
