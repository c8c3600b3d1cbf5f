internal import DiptychDatasets
internal import Foundation
internal import GRDB
internal import GRDBSQLite

/// Writes a table's rows into a new file.
final class TableWriter {
    private let db: Database
    private let insert: Statement
    private var columns: [DatasetColumn]
    /// Where a column's type follows from its values.
    private let isOpen: [Bool]
    private var hash = RowHash()
    private(set) var count = 0

    /// SQLite's limit.
    static let mostColumns = 2000

    /// - Parameter columns: those of type `null` take the type of their values.
    fileprivate init(_ db: Database, columns: [DatasetColumn]) throws {
        guard columns.count <= Self.mostColumns else {
            throw CatalogError(.invalid, "a table has \(Self.mostColumns) columns at most, not \(columns.count)")
        }
        guard !columns.isEmpty else { throw CatalogError(.invalid, "a table has one column at least") }
        guard TableFile.numberName(columns) != nil else {
            throw CatalogError(.invalid, "columns cannot be called rowid, _rowid_ and oid all at once")
        }
        self.db = db
        self.columns = columns
        isOpen = columns.map { $0.type == .null }
        try db.execute(sql: Self.definition(columns))
        let marks = [String](repeating: "?", count: columns.count).joined(separator: ", ")
        insert = try db.makeStatement(sql: "INSERT INTO main.rows VALUES (\(marks))")
    }

    private static func definition(_ columns: [DatasetColumn], schema: String = "main.") -> String {
        let list = columns.map {
            SQLToken.quoted($0.name) + " " + SQLToken.quoted(TypeText.declaration($0.type))
        }
        return "CREATE TABLE \(schema)rows (\(list.joined(separator: ", ")))"
    }

    /// Writes a file: `body` adds the rows.
    ///
    /// - Parameters:
    ///   - columns: names that differ, letters' case left aside.
    ///   - body: is given the connection too, in which sources may be attached.
    /// - Throws: ``CatalogError``, and what `body` throws; there is no file then.
    static func write(
        to path: String, columns: [DatasetColumn], _ body: (TableWriter) throws -> Void
    ) throws -> TableFile {
        try write(to: path) { db in
            let writer = try TableWriter(db, columns: columns)
            try body(writer)
            return writer
        }
    }

    /// The same where the columns are known once sources are attached.
    static func write(
        to path: String, roots: CatalogRoots? = nil, _ make: (Database) throws -> TableWriter
    ) throws -> TableFile {
        do {
            let file = try TableFile.translated(path) {
                let session = try SQLSession.writer(path, roots: roots)
                return try session.inDatabase { db in
                    try db.execute(sql: "BEGIN")
                    do {
                        let file = try make(db).finish(path)
                        try db.execute(sql: "COMMIT")
                        return file
                    } catch {
                        // Without a journal nothing is undone: the file goes.
                        if db.isInsideTransaction { try? db.execute(sql: "ROLLBACK") }
                        throw error
                    }
                }
            }
            try FileSync.sync(path)
            return file
        } catch {
            for ending in ["", "-journal", "-wal", "-shm"] {
                try? FileManager.default.removeItem(atPath: path + ending)
            }
            throw error
        }
    }

    /// For a query's rows.
    static func forQuery(_ db: Database, columns: [DatasetColumn]) throws -> TableWriter {
        try TableWriter(db, columns: columns)
    }

    /// Adds a row: as many values as columns.
    func append(_ values: [StoredValue]) throws {
        precondition(values.count == columns.count, "\(values.count) values for \(columns.count) columns")
        let statement = insert.sqliteStatement
        for (index, value) in values.enumerated() {
            guard value.bind(to: statement, at: Int32(index + 1)) == SQLITE_OK else { throw failure() }
            hash.add(value)
            if isOpen[index] { note(value.type, at: index) }
        }
        try step(statement)
    }

    /// Adds the row where a statement stands, and further values behind it.
    func append(_ row: OpaquePointer, then more: [StoredValue] = []) throws {
        let statement = insert.sqliteStatement
        let width = sqlite3_column_count(row)
        for index in 0..<width {
            if isOpen[Int(index)] { note(StoredValue.type(row, index), at: Int(index)) }
            hash.add(row, index)
            guard sqlite3_bind_value(statement, index + 1, sqlite3_column_value(row, index)) == SQLITE_OK else {
                throw failure()
            }
        }
        for (index, value) in more.enumerated() {
            guard value.bind(to: statement, at: width + Int32(index) + 1) == SQLITE_OK else { throw failure() }
            hash.add(value)
            if isOpen[Int(width) + index] { note(value.type, at: Int(width) + index) }
        }
        try step(statement)
    }

    private func note(_ type: DatasetType, at index: Int) {
        let known = columns[index].type
        if known != type { columns[index] = DatasetColumn(columns[index].name, known.merged(with: type)) }
    }

    private func step(_ statement: OpaquePointer) throws {
        guard sqlite3_step(statement) == SQLITE_DONE else { throw failure() }
        sqlite3_reset(statement)
        count += 1
    }

    private func failure() -> DatabaseError {
        guard let connection = db.sqliteConnection else { return DatabaseError(resultCode: .SQLITE_MISUSE) }
        return DatabaseError(
            resultCode: ResultCode(rawValue: sqlite3_extended_errcode(connection)),
            message: String(cString: sqlite3_errmsg(connection)))
    }

    /// Declares what the rows turned out to be, and says it beside them.
    private func finish(_ path: String) throws -> TableFile {
        sqlite3_clear_bindings(insert.sqliteStatement)
        if isOpen.contains(true) {
            // Only what columns are declared as changes, and no stored value depends on it: the way that SQLite's
            // documentation of ALTER TABLE describes for such a change.
            try db.execute(sql: "PRAGMA writable_schema = ON")
            try db.execute(
                sql: "UPDATE main.sqlite_schema SET sql = ? WHERE name = 'rows'",
                arguments: [Self.definition(columns, schema: "")])
            try db.execute(sql: "PRAGMA writable_schema = RESET")
        }
        let text = TypeText.text(columns)
        let content = hash.finish(columns: text)
        try db.execute(sql: "CREATE TABLE main.about (columns TEXT, count INTEGER, content TEXT)")
        try db.execute(
            sql: "INSERT INTO main.about VALUES (?, ?, ?)", arguments: [text, count, content])
        return TableFile(path: path, columns: columns, count: count, content: content)
    }

    /// Names that differ, whatever the case of their letters: a later one of the same name has a number behind it.
    static func distinct(_ names: [String]) -> [String] {
        var known: Set<String> = []
        return names.enumerated().map { index, name in
            let plain = name.replacing("\0", with: "")
            let base = plain.isEmpty ? "column_\(index + 1)" : plain
            var (wanted, number) = (base, 2)
            while !known.insert(wanted.lowercased()).inserted { (wanted, number) = ("\(base)_\(number)", number + 1) }
            return wanted
        }
    }
}

extension StoredValue {
    /// The type of a column's value in the row where a statement stands.
    static func type(_ statement: OpaquePointer, _ index: Int32) -> DatasetType {
        switch sqlite3_column_type(statement, index) {
        case SQLITE_INTEGER: .integer
        case SQLITE_FLOAT: .double
        case SQLITE_TEXT: .text
        case SQLITE_BLOB: .bytes
        default: .null
        }
    }
}

/// Files that are on the disk when a call returns.
enum FileSync {
    static func sync(_ path: String) throws(CatalogError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw CatalogError(.unavailable, "\(path): \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else {
            throw CatalogError(.unavailable, "\(path): cannot be written: \(String(cString: strerror(errno)))")
        }
    }
}
