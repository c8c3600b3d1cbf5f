internal import DiptychBasics
internal import Foundation
internal import GRDB

/// `catalog.sqlite`: names, versions, where they come from, and roots.
struct CatalogDatabase: Sendable {
    let queue: DatabaseQueue
    let path: String

    static let fileName = "catalog.sqlite"
    static let format = 1

    private static let schema = """
        CREATE TABLE roots (name TEXT PRIMARY KEY NOT NULL, path TEXT NOT NULL, beside TEXT);
        CREATE TABLE datasets (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE COLLATE NOCASE);
        -- A number is given once: a version that was removed stays as a line of the lineage.
        CREATE TABLE versions (
            id INTEGER PRIMARY KEY, dataset INTEGER NOT NULL REFERENCES datasets, number INTEGER NOT NULL,
            content TEXT NOT NULL, count INTEGER NOT NULL, columns TEXT NOT NULL, created REAL NOT NULL,
            steps TEXT NOT NULL, inputs TEXT NOT NULL, models TEXT NOT NULL, command TEXT, program TEXT,
            removed INTEGER NOT NULL DEFAULT 0, UNIQUE (dataset, number));
        CREATE TABLE parents (
            version INTEGER NOT NULL REFERENCES versions, position INTEGER NOT NULL,
            parent INTEGER NOT NULL REFERENCES versions, PRIMARY KEY (version, position)) WITHOUT ROWID;
        """

    /// Opens the catalog in `directory`.
    ///
    /// - Parameter isToBeMade: whether it is made where there is none.
    static func open(_ directory: URL, isToBeMade: Bool) throws -> CatalogDatabase {
        let path = directory.appendingPathComponent(fileName).path
        let exists = FileManager.default.fileExists(atPath: path)
        guard exists || isToBeMade else {
            throw CatalogError(
                .unknown, "\(directory.path): there is no catalog; `diptych dataset create NAME SOURCE` makes one")
        }
        return try TableFile.translated(path) {
            var configuration = Configuration()
            configuration.foreignKeysEnabled = true
            configuration.busyMode = .timeout(30)
            let isReadOnly = exists && access(path, W_OK) != 0 || exists && access(directory.path, W_OK) != 0
            configuration.readonly = isReadOnly
            configuration.prepareDatabase { db in if !isReadOnly { try db.execute(sql: "PRAGMA synchronous = FULL") } }
            let queue = try DatabaseQueue(
                path: isReadOnly ? SQLSession.address(path) : path, configuration: configuration)
            let version = try queue.read { try Int.fetchOne($0, sql: "PRAGMA user_version") } ?? 0
            let isFresh = try version == 0 && queue.read { try !$0.tableExists("versions") }
            if isFresh, holdsVersions(directory) {
                throw CatalogError(
                    .damaged,
                    "\(path): is empty, and there are versions beside it; put back a copy of it, or move the folder away"
                )
            }
            if version == 0, !isReadOnly {
                try queue.write { db in
                    // Another process may have been faster.
                    guard try Int.fetchOne(db, sql: "PRAGMA user_version") == 0 else { return }
                    try db.execute(sql: schema)
                    try db.execute(sql: "PRAGMA user_version = \(format)")
                }
            } else if version != format {
                throw CatalogError(
                    .damaged, "\(path): is of format \(version), and this program reads \(format); use a newer program")
            }
            return CatalogDatabase(queue: queue, path: path)
        }
    }

    private static func holdsVersions(_ directory: URL) -> Bool {
        let names = try? FileManager.default.contentsOfDirectory(
            atPath: directory.appendingPathComponent("versions").path)
        return names?.contains { $0.hasSuffix(".sqlite") } == true
    }

    func read<T>(_ body: (Database) throws -> T) throws -> T {
        try TableFile.translated(path) { try queue.read(body) }
    }

    func write<T>(_ body: (Database) throws -> T) throws -> T {
        try TableFile.translated(path) {
            // Numbers are given within a transaction that nobody else writes in.
            try queue.writeWithoutTransaction { db in
                var result: T?
                try db.inTransaction(.immediate) {
                    result = try body(db)
                    return .commit
                }
                guard let result else { throw CatalogError(.unavailable, "\(path): nothing was written") }
                return result
            }
        }
    }
}

extension Catalog {
    /// Changes the catalog's database as another program could, for tests of what is read back.
    package func damage(_ sql: String) throws { try database.write { try $0.execute(sql: sql) } }
}
