#if Milvus
    public import Diptych
    public import DiptychMedia
    public import DiptychSearch
    internal import Foundation

    /// A store in a collection of a Milvus server.
    ///
    /// One row an item; its key comes from its path, so that writing twice changes nothing and any number of machines may index into
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
        public let identity: StoreIdentity
        /// The collection.
        package let collection: MilvusCollection

        private init(_ collection: MilvusCollection, _ identity: StoreIdentity) {
            (self.collection, self.identity) = (collection, identity)
        }

        /// What a collection's description holds.
        private struct Description: Codable {
            /// The version of the layout; a newer one is refused.
            var diptych = 1
            var identity: StoreIdentity
        }

        /// Opens a collection for use with `model`, and makes it where there is none.
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
            let store = try await opened(address, credentials, making: fresh)
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
            let store = try await opened(address, credentials, making: identity)
            try store.identity.require(identity, store: store.name)
            return store
        }

        /// Opens the existing collection, to look at it or search it with embeddings of its model.
        ///
        /// - Throws: `StoreError` when there is none.
        public static func open(_ address: MilvusAddress, credentials: MilvusCredentials? = nil) async throws
            -> MilvusStore
        {
            try await opened(address, credentials, making: nil)
        }

        private static func opened(
            _ address: MilvusAddress, _ credentials: MilvusCredentials?, making identity: StoreIdentity?
        ) async throws -> MilvusStore {
            let location = address.description
            return try await storing(location) {
                let client = try MilvusClient(address, credentials: credentials)
                try await client.connect(within: address.patience)
                if let facts = try await MilvusCollection.description(client) {
                    return try await existing(client, facts)
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
                    return try await existing(client, facts)
                }
                return MilvusStore(collection, new)
            }
        }

        private static func existing(_ client: MilvusClient, _ facts: CollectionFacts) async throws -> MilvusStore {
            let location = client.address.description
            guard let found = try? JSONDecoder().decode(Description.self, from: Data(facts.description.utf8)) else {
                throw StoreError(
                    .notAStore, path: location,
                    "the collection is no Diptych store: give another name, and it will be made")
            }
            guard found.diptych <= Description(identity: found.identity).diptych else {
                throw StoreError(.notAStore, path: location, "was written by a newer Diptych (layout \(found.diptych))")
            }
            let layout = Layout.items(dimension: found.identity.dimension)
            guard (1...32_768).contains(found.identity.dimension), facts.fits(layout) else {
                throw StoreError(
                    .notAStore, path: location,
                    "the collection's fields are not those of a store of dimension \(found.identity.dimension) (its vectors have "
                        + "\(facts.dimension ?? 0)); use another collection")
            }
            let collection = MilvusCollection(client: client, layout: layout)
            try await collection.ready()
            return MilvusStore(collection, found.identity)
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

        /// What the store holds and which model it belongs to. Each item counts as an embedding.
        public func info() async throws -> StoreInfo {
            try await storing {
                let (count, missing) = (
                    try await collection.count("missing == false"), try await collection.count("missing == true")
                )
                return StoreInfo(
                    count: count, missing: missing, vectors: count + missing, model: identity.model,
                    fingerprint: identity.fingerprint, modelPath: identity.modelPath, dimension: dimension,
                    appliesOrientation: appliesOrientation, decode: decode, bytes: 0, created: identity.created)
            }
        }

        /// Removes the collection with everything in it.
        ///
        /// - Throws: `StoreError`.
        public func drop() async throws { try await storing { try await collection.drop() } }

        /// Has the server write to storage and index what it received; of use after a bulk import, never needed for safety.
        ///
        /// - Throws: `StoreError`.
        public func flush() async throws { try await storing { try await collection.flush() } }

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
