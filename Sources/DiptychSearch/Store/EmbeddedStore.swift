public import Diptych
public import Foundation
internal import GRDB

/// A store in one directory: SQLite in WAL mode, and an exact scan over its embeddings.
///
/// Any number of processes may search while one writes. What a call has reported as stored survives the death of the
/// process at any later moment, and a power cut too (`synchronous = FULL`).
///
///     let store = try await EmbeddedStore.open(at: url, for: model)
///     for hit in try await store.search(query, limit: 10) { print(hit.similarity, hit.path) }
public final class EmbeddedStore: VectorStore {
    /// The store's directory.
    public let directory: URL
    /// The width of its embeddings.
    public let dimension: Int
    /// Whether its pictures were turned upright by their EXIF orientation.
    public let appliesOrientation: Bool
    let pool: DatabasePool

    /// The database's file inside the directory.
    static let databaseName = "store.sqlite"

    private init(directory: URL, pool: DatabasePool, dimension: Int, appliesOrientation: Bool) {
        self.directory = directory
        self.pool = pool
        self.dimension = dimension
        self.appliesOrientation = appliesOrientation
    }

    /// Opens the store in `directory` for use with `model`, and makes it there if there is none.
    ///
    /// - Parameters:
    ///   - directory: where the store is; a new or an empty directory becomes one.
    ///   - model: the model of its embeddings; a store of another model is refused with both names.
    ///   - appliesOrientation: how pictures are turned; nil takes what the store has, or true in a new one.
    /// - Throws: ``StoreError``.
    public static func open(
        at directory: URL, for model: CLIPModel, appliesOrientation: Bool? = nil
    ) async throws -> EmbeddedStore {
        let fingerprint = await model.fingerprint()
        let path = directory.path
        do {
            try prepare(directory)
            let pool = try connect(directory)
            try await pool.write { db in
                // In the same transaction as its tables, so that a store never exists without its model.
                if try !Schema.exists(in: db) {
                    try db.execute(sql: Schema.statements)
                    for (key, value) in [
                        "version": String(Schema.version), "model": model.name, "fingerprint": fingerprint,
                        "dimension": String(model.dimension), "model_path": model.absolutePath,
                        "applies_orientation": (appliesOrientation ?? true) ? "1" : "0",
                        "created": String(Date().timeIntervalSince1970),
                    ] {
                        try db.execute(sql: "INSERT INTO meta (key, value) VALUES (?, ?)", arguments: [key, value])
                    }
                }
            }
            let store = try await connected(directory, pool)
            try await store.require(model)
            if let asked = appliesOrientation, asked != store.appliesOrientation {
                throw StoreError(
                    .otherModel, path: path,
                    "its pictures were indexed \(store.appliesOrientation ? "with" : "without") EXIF orientation; use "
                        + "the same option, or another directory")
            }
            try await store.remember(path: model.absolutePath)
            return store
        } catch { throw StoreError.explaining(error, path: path) }
    }

    /// Checks that `model` is the one that the store's embeddings come from.
    ///
    /// - Throws: ``StoreError`` with both names when it is not.
    public func require(_ model: CLIPModel) async throws {
        let (info, fingerprint) = (try await info(), await model.fingerprint())
        guard info.fingerprint == fingerprint else {
            throw StoreError(
                .otherModel, path: directory.path,
                "belongs to the model '\(info.model)' (\(info.fingerprint.prefix(12))), not to '\(model.name)' "
                    + "(\(fingerprint.prefix(12))); use that model, or another directory")
        }
    }

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
    /// - Throws: ``StoreError`` when there is none.
    public static func open(at directory: URL) async throws -> EmbeddedStore {
        guard FileManager.default.fileExists(atPath: directory.appendingPathComponent(databaseName).path) else {
            throw StoreError(
                .missing, path: directory.path, "there is no store; make one with `diptych index PATH --store DIR`")
        }
        do { return try await connected(directory, connect(directory)) } catch {
            throw StoreError.explaining(error, path: directory.path)
        }
    }

    /// Makes the directory, and refuses one that holds something else.
    private static func prepare(_ directory: URL) throws {
        let manager = FileManager.default
        var isDirectory: ObjCBool = false
        if manager.fileExists(atPath: directory.path, isDirectory: &isDirectory) {
            guard isDirectory.boolValue else {
                throw StoreError(.notAStore, path: directory.path, "is a file; a store is a directory")
            }
            let names: [String]
            do { names = try manager.contentsOfDirectory(atPath: directory.path) } catch {
                throw StoreError(.inputOutput, path: directory.path, "cannot be read: no permission")
            }
            guard names.isEmpty || names.contains(databaseName) else {
                throw StoreError(
                    .notAStore, path: directory.path,
                    "holds other files and no store; give a new or an empty directory")
            }
        } else {
            do { try manager.createDirectory(at: directory, withIntermediateDirectories: true) } catch {
                throw StoreError(
                    .inputOutput, path: directory.path, "cannot be created: \((error as NSError).localizedDescription)")
            }
        }
    }

    private static func connect(_ directory: URL) throws -> DatabasePool {
        var configuration = Configuration()
        configuration.busyMode = .timeout(30)
        configuration.prepareDatabase { db in try db.execute(sql: "PRAGMA synchronous = FULL") }
        return try DatabasePool(
            path: directory.appendingPathComponent(databaseName).path, configuration: configuration)
    }

    private static func connected(_ directory: URL, _ pool: DatabasePool) async throws -> EmbeddedStore {
        try await pool.read { db in
            guard try Schema.exists(in: db), let version = try Schema.value("version", in: db).flatMap({ Int($0) }),
                let dimension = try Schema.value("dimension", in: db).flatMap({ Int($0) }), dimension > 0
            else {
                throw StoreError(.notAStore, path: directory.path, "its \(databaseName) is not a Diptych store")
            }
            guard version <= Schema.version else {
                throw StoreError(
                    .notAStore, path: directory.path,
                    "was written by a newer Diptych (format \(version), this one reads \(Schema.version))")
            }
            return EmbeddedStore(
                directory: directory, pool: pool, dimension: dimension,
                appliesOrientation: try Schema.value("applies_orientation", in: db) != "0")
        }
    }

    /// Runs `body` in a read transaction, explaining failures.
    func read<T: Sendable>(_ body: @Sendable @escaping (Database) throws -> T) async throws -> T {
        do { return try await pool.read(body) } catch { throw StoreError.explaining(error, path: directory.path) }
    }

    /// Runs `body` in a write transaction, explaining failures.
    func write<T: Sendable>(_ body: @Sendable @escaping (Database) throws -> T) async throws -> T {
        do { return try await pool.write(body) } catch { throw StoreError.explaining(error, path: directory.path) }
    }

    /// What the store holds and which model it belongs to.
    public func info() async throws -> StoreInfo {
        let (directory, dimension, appliesOrientation) = (directory, dimension, appliesOrientation)
        return try await read { db in
            let names = (try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? []
            let bytes = names.reduce(0) { sum, name in
                let path = directory.appendingPathComponent(name).path
                let size = (try? FileManager.default.attributesOfItem(atPath: path))?[.size] as? NSNumber
                return sum + (size?.intValue ?? 0)
            }
            return StoreInfo(
                count: try Int.fetchOne(db, sql: "SELECT count(*) FROM items WHERE missing_since IS NULL") ?? 0,
                missing: try Int.fetchOne(db, sql: "SELECT count(*) FROM items WHERE missing_since IS NOT NULL") ?? 0,
                vectors: try Int.fetchOne(db, sql: "SELECT count(*) FROM vectors") ?? 0,
                model: try Schema.value("model", in: db) ?? "",
                fingerprint: try Schema.value("fingerprint", in: db) ?? "",
                modelPath: try Schema.value("model_path", in: db), dimension: dimension,
                appliesOrientation: appliesOrientation, bytes: bytes,
                created: try Schema.value("created", in: db).flatMap { Double($0) } ?? 0)
        }
    }
}

extension CLIPModel {
    /// Where it lies, whatever the current directory becomes.
    var absolutePath: String { URL(fileURLWithPath: path).standardizedFileURL.path }
}
