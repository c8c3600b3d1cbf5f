internal import Foundation
internal import GRDB

extension EmbeddedStore {
    /// Makes the directory, and refuses one that holds something else.
    static func prepare(_ directory: URL) throws {
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

    /// Three embeddings of 512 numbers fill a page of 8 KB; of SQLite's usual 4 KB, one wastes half.
    package static let usualPageSize = 8192
    /// What a writer may hold of the database in memory. The index of contents is written all over: with SQLite's usual 2 MB a
    /// large batch writes its pages again and again. A thousand new contents touch a thousand pages of it, 8 MB.
    private static let writerCacheKilobytes = 32 << 10

    /// Whether this process may write the store that lies in a directory: not another user's, nor on a read-only mount.
    static func isWritable(_ directory: URL) -> Bool {
        [directory, directory.appendingPathComponent(databaseName)].allSatisfy { access($0.path, W_OK) == 0 }
    }

    /// Connects to read what this process may not write.
    ///
    /// SQLite reads a database with a log only if it can make, or finds, the two files beside it. Where there are none, the
    /// database is whole and nobody has it open who could write: it is opened as one that does not change.
    static func connectToRead(_ directory: URL) throws -> DatabasePool {
        let path = directory.appendingPathComponent(databaseName).path
        guard isFilled(path + "-wal") else {
            var allowed = CharacterSet.urlPathAllowed
            allowed.remove(charactersIn: "?#%")
            let escaped = path.addingPercentEncoding(withAllowedCharacters: allowed) ?? path
            return try DatabasePool(path: "file:\(escaped)\(immutable)", configuration: configuration(readOnly: true))
        }
        do { return try DatabasePool(path: path, configuration: configuration(readOnly: true)) } catch let error
            as DatabaseError where error.resultCode == .SQLITE_CANTOPEN || error.resultCode == .SQLITE_READONLY
        {
            throw StoreError(
                .inputOutput, path: directory.path,
                "cannot be read without permission to write: its last writer left changes in a log; open it once where it can be "
                    + "written, for example with `diptych store info`")
        }
    }

    /// What tells SQLite that a file does not change.
    private static let immutable = "?immutable=1"

    private static func isFilled(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_size > 0
    }

    /// Whether a database was opened as one that does not change.
    static func isImmutable(_ pool: DatabasePool) -> Bool {
        pool.path.hasPrefix("file:") && pool.path.hasSuffix(immutable)
    }

    /// Checks that nobody wrote to a database that was opened as one that does not change: what it gives would be a mixture.
    ///
    /// - Throws: ``StoreError`` of kind `busy`.
    func requireUnchanged(since state: FileState) throws {
        let path = directory.appendingPathComponent(Self.databaseName).path
        let now = FileState(path: path)
        guard now?.size == state.size, now?.modified == state.modified, !Self.isFilled(path + "-wal") else {
            throw StoreError(
                .busy, path: name,
                "was written to since it was opened for reading only; open it again (restart a server that has it open)"
            )
        }
    }

    private static func configuration(readOnly: Bool, pageSize: Int = usualPageSize) -> Configuration {
        var configuration = Configuration()
        configuration.readonly = readOnly
        configuration.busyMode = .timeout(30)
        configuration.prepareDatabase { db in
            // A store may come from anywhere: cells are checked when pages are loaded, and its schema may call nothing.
            try db.execute(
                sql: """
                    PRAGMA page_size = \(pageSize); PRAGMA synchronous = FULL; PRAGMA cell_size_check = ON;
                    PRAGMA trusted_schema = OFF
                    """)
            if !db.configuration.readonly {
                try db.execute(sql: "PRAGMA cache_size = -\(writerCacheKilobytes)")
            }
        }
        return configuration
    }

    /// - Parameter pageSize: of a new database; one that exists keeps its own.
    static func connect(_ directory: URL, pageSize: Int = usualPageSize) throws -> DatabasePool {
        // SQLite does not wait where two connections turn a new database into one with a log at once: it says busy.
        let deadline = ContinuousClock.now + .seconds(30)
        while true {
            do {
                return try DatabasePool(
                    path: directory.appendingPathComponent(databaseName).path,
                    configuration: configuration(readOnly: false, pageSize: pageSize))
            } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY {
                guard ContinuousClock.now < deadline else { throw error }
                Thread.sleep(forTimeInterval: 0.01)
            }
        }
    }
}
