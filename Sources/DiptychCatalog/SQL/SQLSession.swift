internal import DiptychDatasets
internal import Foundation
internal import GRDB
internal import GRDBSQLite

/// Connections to tables' files.
enum SQLSession {
    private static func configuration(_ roots: CatalogRoots?) -> Configuration {
        var configuration = Configuration()
        configuration.prepareDatabase { db in
            SQLFunctions.add(to: db, roots: roots)
            try db.execute(sql: "PRAGMA temp_store = FILE; PRAGMA cache_size = -65536; PRAGMA mmap_size = 268435456")
        }
        return configuration
    }

    /// A file's address that says that it does not change.
    static func address(_ path: String) -> String {
        var allowed = CharacterSet.urlPathAllowed
        allowed.remove(charactersIn: "?#%")
        return "file:\(path.addingPercentEncoding(withAllowedCharacters: allowed) ?? path)?immutable=1"
    }

    /// Reads a table's file.
    static func reader(_ path: String) throws -> DatabaseQueue {
        var configuration = configuration(nil)
        configuration.readonly = true
        return try DatabaseQueue(path: address(path), configuration: configuration)
    }

    /// Writes a new file. Nobody else knows it yet, and a failure removes it: it needs no journal.
    ///
    /// - Parameter roots: where vectors lie that functions of SQL read.
    static func writer(_ path: String, roots: CatalogRoots? = nil) throws -> DatabaseQueue {
        var configuration = configuration(roots)
        configuration.prepareDatabase { db in
            try db.execute(
                sql: """
                    PRAGMA page_size = 8192; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;
                    PRAGMA locking_mode = EXCLUSIVE
                    """)
        }
        return try DatabaseQueue(path: path, configuration: configuration)
    }

    /// Makes a table's rows known in a connection as `schema`.rows.
    static func attach(_ file: TableFile, as schema: String, in db: Database) throws {
        try db.execute(
            sql: "ATTACH DATABASE ? AS \(SQLToken.quoted(schema))", arguments: [address(file.path)])
    }
}
