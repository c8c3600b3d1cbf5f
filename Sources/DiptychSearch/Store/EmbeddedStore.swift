public import Diptych
internal import DiptychBasics
public import Foundation
internal import GRDB

/// A store in one directory: SQLite in WAL mode, and beside it, once there are thousands of embeddings, files with codes of
/// them, by which searches find the nearest. The codes can be deleted at any time; they are made again.
///
/// Any number of processes may search while one writes. What a call has reported as stored survives the death of the
/// process at any later moment, and a power cut too (`synchronous = FULL`).
///
///     let store = try await EmbeddedStore.open(at: url, for: model)
///     for hit in try await store.search(query, limit: 10) { print(hit.similarity, hit.path) }
public final class EmbeddedStore: VectorStore {
    /// The store's directory.
    public let directory: URL
    /// The store's directory, as messages name it.
    public var name: String { directory.path }
    /// The space that it searches and fills.
    public let space: StoreSpace
    /// The width of its embeddings.
    public var dimension: Int { space.identity.dimension }
    /// Whether its images were turned upright by their EXIF orientation.
    public var appliesOrientation: Bool { space.identity.appliesOrientation }
    /// How its images were decoded.
    public var decode: ImageOptions.Decode { space.identity.decode }
    /// Whether this process may only read it.
    public let isReadOnly: Bool
    /// The database's file as it was when it was opened as one that does not change; nil where changes are seen.
    private let unchanged: FileState?
    let pool: DatabasePool
    let codes: StoreCodes
    let places: RootPlaces

    /// The database's file inside the directory.
    static let databaseName = "store.sqlite"

    private init(directory: URL, pool: DatabasePool, space: StoreSpace, codes: StoreCodes) {
        self.codes = codes
        self.directory = directory
        self.pool = pool
        self.space = space
        isReadOnly = pool.configuration.readonly
        unchanged =
            Self.isImmutable(pool) ? FileState(path: directory.appendingPathComponent(Self.databaseName).path) : nil
        places = RootPlaces(directory)
    }

    /// Opens the store in `directory` for use with `model`, and makes it there if there is none. Of a store with several spaces
    /// it takes the model's.
    ///
    /// - Parameters:
    ///   - directory: where the store is; a new or an empty directory becomes one.
    ///   - model: the model of its embeddings; a store of another model is refused with both names.
    ///   - appliesOrientation: how images are turned; nil takes what the store has, or true in a new one.
    ///   - decode: how images are decoded; nil takes what the store has, or `exact` in a new one.
    /// - Throws: ``StoreError``.
    public static func open(
        at directory: URL, for model: any Embedder, appliesOrientation: Bool? = nil,
        decode: ImageOptions.Decode? = nil
    ) async throws -> EmbeddedStore {
        let path = directory.path
        do {
            try prepare(directory)
            if FileManager.default.fileExists(atPath: directory.appendingPathComponent(databaseName).path) {
                guard isWritable(directory) else {
                    throw StoreError(
                        .inputOutput, path: path, "cannot be written: no permission, or it lies on a read-only mount")
                }
            }
            let pool = try connect(directory)
            let identity = try await StoreIdentity(
                of: model, appliesOrientation: appliesOrientation ?? true, decode: decode ?? .exact)
            if try await pool.read({ db in try !Schema.exists(in: db) }) {
                try await create(in: pool, like: identity, path: path)
            }
            try await addMissingSpace(pool, like: identity)
            let fingerprint = await model.fingerprint()
            let store = try await connected(
                directory, pool, space: .of(fingerprint), threads: model.options.threadCount)
            try await store.require(model)
            if let asked = appliesOrientation, asked != store.appliesOrientation {
                throw StoreError(
                    .otherModel, path: path,
                    "its images were indexed \(store.appliesOrientation ? "with" : "without") EXIF orientation; use "
                        + "the same option, or another directory")
            }
            if let asked = decode, asked != store.decode {
                throw StoreError(
                    .otherModel, path: path,
                    "its images were decoded with --decode \(store.decode.rawValue); use the same option, or another "
                        + "directory")
            }
            try await store.remember(path: model.absolutePath)
            return store
        } catch { throw StoreError.explaining(error, path: path) }
    }

    /// Makes the tables and the first space, all in one transaction, so that a store never exists without its model.
    static func create(in pool: DatabasePool, like identity: StoreIdentity, path: String) async throws {
        let now = StoreSurroundings.current.now()
        try await pool.write { db in
            // Another process may have made it meanwhile.
            guard try !Schema.exists(in: db) else { return }
            guard try Schema.isEmpty(db) else {
                throw StoreError(.notAStore, path: path, "its \(databaseName) is another program's database")
            }
            try db.execute(sql: Schema.statements)
            try Schema.set("version", String(Schema.version), in: db)
            try Schema.set("created", String(now), in: db)
            try Schema.set("created_by", "diptych \(DiptychVersion.number)", in: db)
            // Programs of before there were spaces ask for it before they look at the version.
            try Schema.set("dimension", String(identity.dimension), in: db)
            try Schema.set("space", String(StoreSpace.create(db, like: identity)), in: db)
        }
    }

    /// Checks that `model` is the one that the store's embeddings come from, and still prepares images as it did.
    ///
    /// - Throws: ``StoreError`` with both names when it is not.
    public func require(_ model: any Embedder) async throws { try await identity.require(model, store: name) }

    /// Notes where the model lies now, so that searches find it without being told.
    private func remember(path: String) async throws {
        guard space.identity.modelPath != path else { return }
        let id = space.id
        try await write { db in
            try db.execute(sql: "UPDATE spaces SET model_path = ? WHERE id = ?", arguments: [path, id])
        }
    }

    /// Opens the existing store in `directory`, to look at it or search it with embeddings of its model.
    ///
    /// A store that this process may not write, another user's or one on a read-only mount, is opened for reading.
    ///
    /// - Parameters:
    ///   - directory: where the store is.
    ///   - name: the space to search, by its name or number; nil for the current one.
    /// - Throws: ``StoreError`` when there is none.
    public static func open(at directory: URL, space name: String? = nil) async throws -> EmbeddedStore {
        guard FileManager.default.fileExists(atPath: directory.appendingPathComponent(databaseName).path) else {
            throw StoreError(
                .missing, path: directory.path, "there is no store; make one with `diptych index PATH --store DIR`")
        }
        do {
            let pool = try isWritable(directory) ? connect(directory) : connectToRead(directory)
            return try await connected(directory, pool, space: name.map(SpaceChoice.named) ?? .current)
        } catch {
            throw StoreError.explaining(error, path: directory.path)
        }
    }

    /// Opens the existing store in `directory` with codes from another number of vectors on, in segments of another size:
    /// tests need no tens of thousands.
    package static func open(
        at directory: URL, codesFrom minimum: Int, capacity: Int, atOnce: Int = StoreCodes.usualAtOnce
    ) async throws -> EmbeddedStore {
        do {
            return try await connected(
                directory, connect(directory), minimum: minimum, capacity: capacity, atOnce: atOnce)
        } catch { throw StoreError.explaining(error, path: directory.path) }
    }

    /// Opens the existing store in `directory` as one that this process may not write.
    package static func open(toRead directory: URL) async throws -> EmbeddedStore {
        do { return try await connected(directory, connectToRead(directory)) } catch {
            throw StoreError.explaining(error, path: directory.path)
        }
    }

    /// Makes a store for vectors that come from no model, for measurements.
    package static func create(
        at directory: URL, dimension: Int, pageSize: Int = usualPageSize
    ) async throws -> EmbeddedStore {
        let path = directory.path
        do {
            try prepare(directory)
            let pool = try connect(directory, pageSize: pageSize)
            let identity = StoreIdentity(
                model: "none", fingerprint: "none", modelPath: nil, dimension: dimension, preprocessing: "",
                appliesOrientation: true, decode: .exact, created: StoreSurroundings.current.now())
            try await create(in: pool, like: identity, path: path)
            return try await connected(directory, pool)
        } catch { throw StoreError.explaining(error, path: path) }
    }

    /// Which space of a store is to be used.
    enum SpaceChoice: Sendable {
        case current
        /// By name or number.
        case named(String)
        /// That of the model with this fingerprint, else the current one.
        case of(String)
    }

    static func connected(
        _ directory: URL, _ pool: DatabasePool, space choice: SpaceChoice = .current,
        minimum: Int = StoreCodes.usualMinimum, capacity: Int = CodeWriter.usualCapacity,
        atOnce: Int = StoreCodes.usualAtOnce, threads: Int? = nil
    ) async throws -> EmbeddedStore {
        try await migrate(pool, path: directory.path)
        return try await pool.read { db in
            let version = try version(db, path: directory.path)
            guard version <= Schema.version else {
                throw StoreError(
                    .notAStore, path: directory.path,
                    "was written by a newer Diptych (format \(version), this one reads \(Schema.version))")
            }
            let space = try space(choice, db, path: directory.path)
            return EmbeddedStore(
                directory: directory, pool: pool, space: space,
                codes: StoreCodes(
                    folder: codesFolder(directory, space: space.id), identity: codesIdentity(space),
                    dimension: space.identity.dimension, minimum: minimum, capacity: capacity, atOnce: atOnce,
                    threads: threads))
        }
    }

    private static func space(_ choice: SpaceChoice, _ db: Database, path: String) throws -> StoreSpace {
        let spaces: [StoreSpace]
        do { spaces = try StoreSpace.all(db) } catch let error as StoreError {
            throw StoreError(error.kind, path: path, error.reason)
        }
        let current = try Schema.value("space", in: db).flatMap { Int64($0) }
        let found =
            switch choice {
            case .current: nil as StoreSpace?
            case .named(let name): spaces.first { $0.name == name } ?? spaces.first { String($0.id) == name }
            case .of(let fingerprint):
                spaces.first { $0.identity.fingerprint == fingerprint && $0.id == current }
                    ?? spaces.first { $0.identity.fingerprint == fingerprint }
            }
        if let found { return found }
        if case .named(let name) = choice {
            throw StoreError(
                .missing, path: path,
                "has no space '\(name)'; it has \(spaces.map { "'\($0.name)'" }.joined(separator: ", "))")
        }
        guard let space = spaces.first(where: { $0.id == current }) else {
            throw StoreError(
                .damaged, path: path,
                (current.map { "its current space, number \($0), has no row in the table spaces" }
                    ?? "does not say which model's space is the current one")
                    + (spaces.isEmpty
                        ? "; `diptych index` makes a space for its model and embeds its images again"
                        : "; `diptych store verify --repair` takes another one"))
        }
        return space
    }

    /// The version of the tables.
    ///
    /// - Throws: ``StoreError`` where they are another program's, or do not say a version.
    private static func version(_ db: Database, path: String) throws -> Int {
        let text = try Schema.exists(in: db) ? try Schema.value("version", in: db) : nil
        if let version = text.flatMap({ Int($0) }), version > 0 { return version }
        guard try Schema.exists(in: db), try db.tableExists("items") else {
            throw StoreError(.notAStore, path: path, "its \(databaseName) is not a Diptych store")
        }
        throw StoreError(
            .damaged, path: path,
            (text.map { "says '\($0.prefix(40))' for the version of its format, which is a number from 1" }
                ?? "does not say the version of its format")
                + "; `diptych store verify --repair` writes it again")
    }

    /// Gives a store whose spaces were lost one for `identity`, which the next indexing fills.
    private static func addMissingSpace(_ pool: DatabasePool, like identity: StoreIdentity) async throws {
        @Sendable func isMissing(_ db: Database) throws -> Bool {
            try db.tableExists("spaces") && Bool.fetchOne(db, sql: "SELECT NOT EXISTS (SELECT 1 FROM spaces)") == true
        }
        guard try await pool.read({ db in try isMissing(db) }) else { return }
        try await pool.write { db in
            guard try isMissing(db) else { return }
            try Schema.set("space", String(StoreSpace.create(db, like: identity)), in: db)
        }
    }

    /// Brings the tables of an older version up to date.
    private static func migrate(_ pool: DatabasePool, path: String) async throws {
        @Sendable func version(_ db: Database) throws -> Int {
            try Schema.exists(in: db) ? try Self.version(db, path: path) : Schema.version
        }
        let present = try await pool.read { db in try version(db) }
        guard present < Schema.version else { return }
        guard !pool.configuration.readonly else {
            // What it lacks is read as nothing.
            if present >= Schema.oldestReadable { return }
            throw StoreError(
                .inputOutput, path: path,
                "has an older format (\(present), this Diptych reads \(Schema.version)) and cannot be written here: open it once "
                    + "where it can be, for example with `diptych store info`")
        }
        try await pool.writeWithoutTransaction { db in
            // While tables are replaced, references to them stay as they are.
            try db.execute(sql: "PRAGMA foreign_keys = OFF; PRAGMA legacy_alter_table = ON")
            defer { try? db.execute(sql: "PRAGMA legacy_alter_table = OFF; PRAGMA foreign_keys = ON") }
            try db.inTransaction(.immediate) {
                // Another process may have done it meanwhile.
                try Migration.run(db, from: version(db))
                return .commit
            }
        }
    }

    /// Runs `body` in a read transaction, explaining failures.
    func read<T: Sendable>(_ body: @Sendable @escaping (Database) throws -> T) async throws -> T {
        do {
            if let unchanged { try requireUnchanged(since: unchanged) }
            return try await pool.read(body)
        } catch { throw StoreError.explaining(error, path: directory.path) }
    }

    /// Runs `body` in a write transaction, explaining failures. Counts it, so that what was derived from the tables is known
    /// to be old.
    func write<T: Sendable>(_ body: @Sendable @escaping (Database) throws -> T) async throws -> T {
        do {
            return try await pool.write { db in
                let result = try body(db)
                try db.execute(
                    sql: """
                        INSERT INTO meta (key, value) VALUES ('changes', '1')
                        ON CONFLICT (key) DO UPDATE SET value = CAST(CAST(value AS INTEGER) + 1 AS TEXT)
                        """)
                return result
            }
        } catch { throw StoreError.explaining(error, path: directory.path) }
    }
}

extension Embedder {
    /// Where it lies, whatever the current directory becomes.
    var absolutePath: String { URL(fileURLWithPath: path).standardizedFileURL.path }
}
