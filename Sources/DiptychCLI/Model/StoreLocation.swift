import ArgumentParser
import Diptych
import DiptychMedia
import DiptychMilvus
import DiptychSearch
import Foundation

/// The option that names a store.
struct StoreOption: ParsableArguments {
    @Option(
        help: """
            The store: a directory, or milvus://host/database/collection (default: $DIPTYCH_STORE, else \
            ~/.local/share/diptych/store).
            """)
    var store: String?

    func validate() throws {
        if store?.isEmpty == true { throw ValidationError("--store is empty.") }
    }

    /// Where the store is.
    ///
    /// - Parameter isMaking: whether the command makes a store where there is none.
    /// - Throws: `ValidationError` where nothing says which, and the person has none.
    func location(isMaking: Bool = false) throws -> StoreLocation {
        guard let name = store ?? Self.usual ?? (isMaking ? Self.own.path : nil) else {
            throw ValidationError(
                "there is no store: give --store DIRECTORY, or set DIPTYCH_STORE; `diptych index FOLDER` makes one in "
                    + "\(Self.own.path).")
        }
        return StoreLocation(name)
    }

    /// The store of commands that are not told another: what the environment names, else the person's own where there is one.
    static var usual: String? {
        if let named = ProcessInfo.processInfo.environment["DIPTYCH_STORE"], !named.isEmpty { return named }
        return FileManager.default.fileExists(atPath: own.path) ? own.path : nil
    }

    /// The person's own store.
    private static var own: URL { UserFolders.data.appendingPathComponent("store", isDirectory: true) }
}

/// Where a store is: a directory, or `milvus://host/database/collection`.
struct StoreLocation: CustomStringConvertible {
    private let text: String

    /// Takes what was typed.
    init(_ text: String) { self.text = text }

    var description: String { text }

    private var directory: URL { URL(fileURLWithPath: text, isDirectory: true) }

    /// Opens the store, which must exist.
    ///
    /// - Parameter space: the space to search, by its name or number; nil for the current one.
    func open(space: String? = nil) async throws -> any VectorStore {
        #if Milvus
            if let address = try milvus {
                return try await MilvusStore.open(address, credentials: credentials, space: space)
            }
        #else
            try refuseMilvus()
        #endif
        return try await EmbeddedStore.open(at: directory, space: space)
    }

    /// Opens the store for indexing with `model`, and makes it where there is none.
    func open(
        for model: any Embedder, appliesOrientation: Bool?, decode: ImageOptions.Decode?
    ) async throws -> any VectorStore {
        #if Milvus
            if let address = try milvus {
                return try await MilvusStore.open(
                    address, for: model, credentials: credentials, appliesOrientation: appliesOrientation,
                    decode: decode)
            }
        #else
            try refuseMilvus()
        #endif
        return try await EmbeddedStore.open(
            at: directory, for: model, appliesOrientation: appliesOrientation, decode: decode)
    }

    /// Opens the store for what another one holds, and makes it where there is none.
    func open(like identity: StoreIdentity) async throws -> any VectorStore {
        #if Milvus
            if let address = try milvus {
                return try await MilvusStore.open(address, like: identity, credentials: credentials)
            }
        #else
            try refuseMilvus()
        #endif
        return try await EmbeddedStore.open(at: directory, like: identity)
    }

    /// Mends the store, which must be a directory.
    func repair() async throws -> StoreRepair {
        #if Milvus
            guard try milvus == nil else { throw Failure("\(text): only a store in a directory can be mended") }
        #else
            try refuseMilvus()
        #endif
        return try await EmbeddedStore.repair(at: directory)
    }

    /// Opens the store, which must be a directory.
    ///
    /// - Parameter purpose: what cannot be done with any other.
    func embedded(for purpose: String) async throws -> EmbeddedStore {
        let store = try await open()
        guard let store = store as? EmbeddedStore else {
            throw Failure("\(store.name): only a store in a directory can be \(purpose)")
        }
        return store
    }

    /// Opens the store, which must exist, with the space of `model`, which is made where there is none.
    func open(addingSpaceFor model: any Embedder, decode: ImageOptions.Decode?) async throws -> any VectorStore {
        #if Milvus
            if let address = try milvus {
                return try await MilvusStore.open(
                    address, addingSpaceFor: model, credentials: credentials, decode: decode)
            }
        #else
            try refuseMilvus()
        #endif
        return try await EmbeddedStore.open(at: directory, addingSpaceFor: model, decode: decode)
    }

    #if Milvus
        private var milvus: MilvusAddress? {
            get throws { MilvusAddress.isAddress(text) ? try MilvusAddress(text) : nil }
        }

        /// A collection that another program made, where the address names its fields; nil for a store.
        func foreign() async throws -> MilvusForeignCollection? {
            guard let address = try milvus, address.foreignFields != nil else { return nil }
            return try await MilvusForeignCollection.open(address, credentials: credentials)
        }

        /// Those of the environment, which no list of processes shows; nil leaves it to the address.
        private var credentials: MilvusCredentials? {
            func value(_ name: String) -> String? {
                ProcessInfo.processInfo.environment["DIPTYCH_MILVUS_\(name)"].flatMap { $0.isEmpty ? nil : $0 }
            }
            if let token = value("TOKEN") { return MilvusCredentials(token: token) }
            guard let password = value("PASSWORD") else { return nil }
            return MilvusCredentials(user: value("USER") ?? "root", password: password)
        }
    #else
        private func refuseMilvus() throws {
            guard !text.hasPrefix("milvus://"), !text.hasPrefix("milvuss://") else {
                throw Failure(
                    "this diptych was built without Milvus; build it with: swift build -c release --traits Milvus")
            }
        }
    #endif
}
