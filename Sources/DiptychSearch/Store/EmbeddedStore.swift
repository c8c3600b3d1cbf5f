public import Diptych
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
    /// The width of its embeddings.
    public let dimension: Int
    /// Whether its pictures were turned upright by their EXIF orientation.
    public let appliesOrientation: Bool
    /// How its pictures were decoded.
    public let decode: PictureOptions.Decode
    /// Whether this process may only read it.
    public let isReadOnly: Bool
    let pool: DatabasePool
    let codes: StoreCodes

    /// The database's file inside the directory.
    static let databaseName = "store.sqlite"

    private init(directory: URL, pool: DatabasePool, dimension: Int, reading: Reading, codes: StoreCodes) {
        self.codes = codes
        self.directory = directory
        self.pool = pool
        isReadOnly = pool.configuration.readonly
        self.dimension = dimension
        appliesOrientation = reading.appliesOrientation
        decode = reading.decode
    }

    /// How pictures become pixels before the model's own preprocessing; all of a store's are read in the same way.
    private struct Reading {
        var appliesOrientation: Bool
        var decode: PictureOptions.Decode
    }

    /// Opens the store in `directory` for use with `model`, and makes it there if there is none.
    ///
    /// - Parameters:
    ///   - directory: where the store is; a new or an empty directory becomes one.
    ///   - model: the model of its embeddings; a store of another model is refused with both names.
    ///   - appliesOrientation: how pictures are turned; nil takes what the store has, or true in a new one.
    ///   - decode: how pictures are decoded; nil takes what the store has, or `exact` in a new one.
    /// - Throws: ``StoreError``.
    public static func open(
        at directory: URL, for model: any Embedder, appliesOrientation: Bool? = nil,
        decode: PictureOptions.Decode? = nil
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
            if try await pool.read({ db in try !Schema.exists(in: db) }) {
                let identity = try await StoreIdentity(
                    of: model, appliesOrientation: appliesOrientation ?? true, decode: decode ?? .exact)
                try await create(in: pool, like: identity, path: path)
            }
            let store = try await connected(directory, pool, threads: model.options.threadCount)
            try await store.require(model)
            if let asked = appliesOrientation, asked != store.appliesOrientation {
                throw StoreError(
                    .otherModel, path: path,
                    "its pictures were indexed \(store.appliesOrientation ? "with" : "without") EXIF orientation; use "
                        + "the same option, or another directory")
            }
            if let asked = decode, asked != store.decode {
                throw StoreError(
                    .otherModel, path: path,
                    "its pictures were decoded with --decode \(store.decode.rawValue); use the same option, or another "
                        + "directory")
            }
            try await store.remember(path: model.absolutePath)
            return store
        } catch { throw StoreError.explaining(error, path: path) }
    }

    /// Makes the tables and notes the model, all in one transaction, so that a store never exists without its model.
    static func create(in pool: DatabasePool, like identity: StoreIdentity, path: String) async throws {
        var facts = [
            "version": String(Schema.version), "model": identity.model, "fingerprint": identity.fingerprint,
            "dimension": String(identity.dimension), "preprocessing": identity.preprocessing,
            "applies_orientation": identity.appliesOrientation ? "1" : "0", "decode": identity.decode.rawValue,
            "created": String(Date().timeIntervalSince1970),
        ]
        facts["model_path"] = identity.modelPath
        let values = facts
        try await pool.write { db in
            // Another process may have made it meanwhile.
            guard try !Schema.exists(in: db) else { return }
            guard try Schema.isEmpty(db) else {
                throw StoreError(.notAStore, path: path, "its \(databaseName) is another program's database")
            }
            try db.execute(sql: Schema.statements)
            for (key, value) in values {
                try db.execute(sql: "INSERT INTO meta (key, value) VALUES (?, ?)", arguments: [key, value])
            }
        }
    }

    /// Checks that `model` is the one that the store's embeddings come from, and still prepares pictures as it did.
    ///
    /// - Throws: ``StoreError`` with both names when it is not.
    public func require(_ model: any Embedder) async throws { try await identity.require(model, store: name) }

    /// Notes where the model lies now, so that searches find it without being told.
    private func remember(path: String) async throws {
        guard try await info().modelPath != path else { return }
        try await write { db in
            try db.execute(
                sql: "INSERT OR REPLACE INTO meta (key, value) VALUES ('model_path', ?)", arguments: [path])
        }
    }

    /// Opens the existing store in `directory`, to look at it or search it with embeddings of its model.
    ///
    /// A store that this process may not write, another user's or one on a read-only mount, is opened for reading.
    ///
    /// - Throws: ``StoreError`` when there is none.
    public static func open(at directory: URL) async throws -> EmbeddedStore {
        guard FileManager.default.fileExists(atPath: directory.appendingPathComponent(databaseName).path) else {
            throw StoreError(
                .missing, path: directory.path, "there is no store; make one with `diptych index PATH --store DIR`")
        }
        do {
            let pool = try isWritable(directory) ? connect(directory) : connectToRead(directory)
            return try await connected(directory, pool)
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

    /// Makes a store for vectors that come from no model, for measurements.
    package static func create(
        at directory: URL, dimension: Int, pageSize: Int = usualPageSize
    ) async throws -> EmbeddedStore {
        let path = directory.path
        do {
            try prepare(directory)
            let pool = try connect(directory, pageSize: pageSize)
            let facts = [
                "version": String(Schema.version), "model": "none", "fingerprint": "none",
                "dimension": String(dimension), "created": String(Date().timeIntervalSince1970),
            ]
            try await pool.write { db in
                guard try Schema.isEmpty(db) else { throw StoreError(.notAStore, path: path, "is not empty") }
                try db.execute(sql: Schema.statements)
                for (key, value) in facts {
                    try db.execute(sql: "INSERT INTO meta (key, value) VALUES (?, ?)", arguments: [key, value])
                }
            }
            return try await connected(directory, pool)
        } catch { throw StoreError.explaining(error, path: path) }
    }

    static func connected(
        _ directory: URL, _ pool: DatabasePool, minimum: Int = StoreCodes.usualMinimum,
        capacity: Int = CodeWriter.usualCapacity, atOnce: Int = StoreCodes.usualAtOnce, threads: Int? = nil
    ) async throws -> EmbeddedStore {
        try await migrate(pool, path: directory.path)
        return try await pool.read { db in
            guard try Schema.exists(in: db), let version = try Schema.value("version", in: db).flatMap({ Int($0) }),
                let dimension = try Schema.value("dimension", in: db).flatMap({ Int($0) }),
                (1...1 << 20).contains(dimension)
            else {
                throw StoreError(.notAStore, path: directory.path, "its \(databaseName) is not a Diptych store")
            }
            guard version <= Schema.version else {
                throw StoreError(
                    .notAStore, path: directory.path,
                    "was written by a newer Diptych (format \(version), this one reads \(Schema.version))")
            }
            // Stores from before there was a choice do not say.
            let named = try Schema.value("decode", in: db) ?? PictureOptions.Decode.exact.rawValue
            guard let decode = PictureOptions.Decode(rawValue: named) else {
                throw StoreError(
                    .notAStore, path: directory.path, "was written by a newer Diptych (pictures decoded as '\(named)')")
            }
            return EmbeddedStore(
                directory: directory, pool: pool, dimension: dimension,
                reading: Reading(
                    appliesOrientation: try Schema.value("applies_orientation", in: db) != "0", decode: decode),
                codes: StoreCodes(
                    folder: directory.appendingPathComponent(codesName).path, identity: try identity(db),
                    dimension: dimension, minimum: minimum, capacity: capacity, atOnce: atOnce, threads: threads))
        }
    }

    /// Brings the tables of an older version up to date.
    private static func migrate(_ pool: DatabasePool, path: String) async throws {
        @Sendable func version(_ db: Database) throws -> Int {
            guard try Schema.exists(in: db) else { return Schema.version }
            return try Schema.value("version", in: db).flatMap { Int($0) } ?? Schema.version
        }
        let present = try await pool.read { db in try version(db) }
        guard present < Schema.version else { return }
        guard !pool.configuration.readonly else {
            throw StoreError(
                .inputOutput, path: path,
                "has an older format (\(present), this Diptych reads \(Schema.version)) and cannot be written here: open it once "
                    + "where it can be, for example with `diptych store info`")
        }
        try await pool.writeWithoutTransaction { db in
            // While a table is made anew, references to it stay as they are.
            try db.execute(sql: "PRAGMA foreign_keys = OFF; PRAGMA legacy_alter_table = ON")
            defer { try? db.execute(sql: "PRAGMA legacy_alter_table = OFF; PRAGMA foreign_keys = ON") }
            try db.inTransaction(.immediate) {
                // Another process may have done it meanwhile.
                try Schema.migrate(db, from: version(db))
                return .commit
            }
        }
    }

    /// Runs `body` in a read transaction, explaining failures.
    func read<T: Sendable>(_ body: @Sendable @escaping (Database) throws -> T) async throws -> T {
        do { return try await pool.read(body) } catch { throw StoreError.explaining(error, path: directory.path) }
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

    /// What the store holds and which model it belongs to.
    public func info() async throws -> StoreInfo {
        let (directory, dimension, appliesOrientation, decode) = (directory, dimension, appliesOrientation, decode)
        return try await read { db in
            let names = (try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? []
            let bytes =
                names.reduce(0) { sum, name in
                    let path = directory.appendingPathComponent(name).path
                    let size = (try? FileManager.default.attributesOfItem(atPath: path))?[.size] as? NSNumber
                    return sum + (size?.intValue ?? 0)
                } + Self.codeBytes(directory)
            return StoreInfo(
                count: try Int.fetchOne(db, sql: "SELECT count(*) FROM items WHERE missing_since IS NULL") ?? 0,
                missing: try Int.fetchOne(db, sql: "SELECT count(*) FROM items WHERE missing_since IS NOT NULL") ?? 0,
                vectors: try Int.fetchOne(db, sql: "SELECT count(*) FROM vectors") ?? 0,
                model: try Schema.value("model", in: db) ?? "",
                fingerprint: try Schema.value("fingerprint", in: db) ?? "",
                modelPath: try Schema.value("model_path", in: db), dimension: dimension,
                appliesOrientation: appliesOrientation, decode: decode, bytes: bytes,
                created: try Schema.value("created", in: db).flatMap { Double($0) } ?? 0)
        }
    }
}

extension Embedder {
    /// Where it lies, whatever the current directory becomes.
    var absolutePath: String { URL(fileURLWithPath: path).standardizedFileURL.path }
}
