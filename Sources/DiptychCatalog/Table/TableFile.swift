internal import DiptychDatasets
internal import Foundation
internal import GRDB
internal import GRDBSQLite

/// The rows of a table in a file of SQLite that never changes: one table `rows`, whose columns are declared by their types.
struct TableFile: Sendable, Equatable {
    let path: String
    let columns: [DatasetColumn]
    let count: Int
    /// The hash of rows and columns.
    let content: String

    /// The name under which SQLite gives a row's number, from 1; nil where columns have all of its names.
    static func numberName(_ columns: [DatasetColumn]) -> String? {
        let names = Set(columns.map { $0.name.lowercased() })
        return ["rowid", "_rowid_", "oid"].first { !names.contains($0) }
    }

    var number: String { Self.numberName(columns) ?? "rowid" }

    /// Opens what ``TableWriter`` wrote.
    ///
    /// - Throws: ``CatalogError`` where it is missing or damaged.
    init(path: String) throws {
        self.path = path
        guard FileManager.default.fileExists(atPath: path) else {
            throw CatalogError(.damaged, "\(path): is missing, and with it the rows of a version")
        }
        let facts = try Self.translated(path) {
            try SQLSession.reader(path).read { db in
                try Row.fetchOne(db, sql: "SELECT columns, count, content FROM about")
            }
        }
        guard let facts, let text = String.fromDatabaseValue(facts["columns"] as DatabaseValue),
            let columns = TypeText.columns(text),
            let count = Int.fromDatabaseValue(facts["count"] as DatabaseValue), count >= 0,
            let content = String.fromDatabaseValue(facts["content"] as DatabaseValue)
        else { throw CatalogError(.damaged, "\(path): does not say what its rows are") }
        (self.columns, self.count, self.content) = (columns, count, content)
    }

    init(path: String, columns: [DatasetColumn], count: Int, content: String) {
        (self.path, self.columns, self.count, self.content) = (path, columns, count, content)
    }

    /// Runs a body whose failures in SQLite are about a file.
    static func translated<T>(_ path: String, _ body: () throws -> T) throws -> T {
        do { return try body() } catch is RowDecodingError {
            throw CatalogError(
                .damaged, "\(path): holds a value of another kind than its column; put back a copy of it")
        } catch let error as DatabaseError {
            switch error.resultCode {
            case .SQLITE_FULL:
                throw CatalogError(.unavailable, "\(path): cannot be written: no space is left on its disk")
            case .SQLITE_CORRUPT, .SQLITE_NOTADB:
                throw CatalogError(.damaged, "\(path): is damaged: \(error.message ?? "SQLite cannot read it")")
            default: throw CatalogError(.unavailable, "\(path): \(error.message ?? "\(error.resultCode)")")
            }
        }
    }

    /// The hash of the rows as they are in the file now, which equals ``content`` where it is whole.
    func computedContent() throws -> String {
        try Self.translated(path) {
            try SQLSession.reader(path).read { db in
                // A cached one lives as long as the connection.
                let cached = try db.cachedStatement(sql: "SELECT * FROM rows ORDER BY \(number)")
                let statement = cached.sqliteStatement
                let width = sqlite3_column_count(statement)
                var hash = RowHash()
                var step = sqlite3_step(statement)
                while step == SQLITE_ROW {
                    for index in 0..<width { hash.add(statement, index) }
                    step = sqlite3_step(statement)
                }
                guard step == SQLITE_DONE else { throw DatabaseError(resultCode: ResultCode(rawValue: step)) }
                return hash.finish(columns: TypeText.text(columns))
            }
        }
    }
}
