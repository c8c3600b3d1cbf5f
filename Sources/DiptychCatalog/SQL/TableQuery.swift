internal import DiptychDatasets
internal import GRDB
internal import GRDBSQLite

/// A table under the name that SQL calls it by.
struct QuerySource {
    let name: String
    let file: TableFile
}

/// Runs one statement of SQL over tables, and writes its rows.
enum TableQuery {
    /// The most tables of a statement: SQLite's usual limit of files at a time.
    static let mostSources = 10

    /// Makes each source a view of its name.
    static func open(_ sources: [QuerySource], in db: Database) throws {
        guard sources.count <= mostSources else {
            throw CatalogError(
                .query, "names \(sources.count) datasets, and \(mostSources) are the most; save a part of it first")
        }
        for (index, source) in sources.enumerated() {
            try SQLSession.attach(source.file, as: schema(index), in: db)
            try db.execute(
                sql: "CREATE TEMP VIEW \(SQLToken.quoted(source.name)) AS SELECT * FROM \(schema(index)).rows")
        }
    }

    /// The name of a source's file in a statement, whose table is `rows`.
    static func schema(_ index: Int) -> String { "source\(index)" }

    /// Writes what a statement gives.
    ///
    /// - Parameters:
    ///   - sql: makes the statement; a temporary table may be made before.
    ///   - names: what the columns are called; without it, as the statement says.
    ///   - types: the types of some columns, where the statement does not say them.
    ///   - limit: the most rows; the statement stops there.
    ///   - added: columns behind those of the statement, whose values `more` gives for each row, counted from 0.
    static func write(
        in catalog: Catalog, from sources: [QuerySource], names: [String]? = nil, types: [String: DatasetType] = [:],
        limit: Int? = nil, adding added: [DatasetColumn] = [], more: (Int) throws -> [StoredValue] = { _ in [] },
        _ sql: (Database) throws -> SQLText
    ) throws -> TableFile {
        try TableWriter.write(to: catalog.temporaryPath(), roots: catalog.roots) { db in
            try open(sources, in: db)
            let text = try sql(db)
            let statement = try prepared(text, in: db)
            var columns = columns(of: statement)
            if let names { columns = zip(names, columns).map { DatasetColumn($0, $1.type) } }
            columns = columns.map { DatasetColumn($0.name, types[$0.name] ?? $0.type) } + added
            let writer = try TableWriter.forQuery(db, columns: columns)
            try each(statement, text, in: db, limit: limit) { row in try writer.append(row, then: more(writer.count)) }
            return writer
        }
    }

    private static let onlyReading = "only statements that read are run: SELECT, WITH, VALUES"

    /// Compiles a statement.
    ///
    /// - Throws: ``CatalogError`` in one line with the place.
    static func prepared(_ text: SQLText, in db: Database) throws -> OpaquePointer {
        // Some pragmas count as reading.
        if let first = SQLToken.tokens(of: text.sql).first(where: { $0.kind != .space && $0.text != "(" }),
            !["select", "with", "values"].contains(first.text.lowercased())
        {
            throw CatalogError(.query, "'\(first.text)': \(Self.onlyReading)")
        }
        var statement: OpaquePointer?
        var tail: UnsafePointer<CChar>?
        let connection = db.sqliteConnection
        let (code, rest) = text.sql.withCString { start in
            let code = sqlite3_prepare_v2(connection, start, -1, &statement, &tail)
            return (code, tail.map { String(cString: $0) } ?? "")
        }
        guard code == SQLITE_OK else { throw failure(text, in: db) }
        guard let statement else {
            throw CatalogError(.query, "there is no statement; write one such as SELECT * FROM name")
        }
        let isReading = sqlite3_stmt_readonly(statement) != 0 && sqlite3_column_count(statement) > 0
        let isAlone = SQLToken.tokens(of: rest).allSatisfy { $0.kind == .space || $0.text == ";" }
        guard isReading, isAlone else {
            sqlite3_finalize(statement)
            throw CatalogError(
                .query, isAlone ? onlyReading : "one statement at a time is run")
        }
        return statement
    }

    /// Steps through a statement's rows, and ends it.
    static func each(
        _ statement: OpaquePointer, _ text: SQLText, in db: Database, limit: Int? = nil,
        _ body: (OpaquePointer) throws -> Void
    ) throws {
        defer { sqlite3_finalize(statement) }
        var left = limit ?? .max
        while left > 0 {
            let step = sqlite3_step(statement)
            if step == SQLITE_DONE { return }
            guard step == SQLITE_ROW else { throw failure(text, in: db) }
            try body(statement)
            left -= 1
        }
    }

    private static func failure(_ text: SQLText, in db: Database) -> any Error {
        guard let connection = db.sqliteConnection else { return DatabaseError(resultCode: .SQLITE_MISUSE) }
        let code = sqlite3_errcode(connection)
        // What is wrong with a file is no fault of the statement.
        if [SQLITE_FULL, SQLITE_CORRUPT, SQLITE_IOERR, SQLITE_NOTADB].contains(code) {
            return DatabaseError(
                resultCode: ResultCode(rawValue: code), message: String(cString: sqlite3_errmsg(connection)))
        }
        let place = text.column(at: Int(sqlite3_error_offset(connection))).map { "column \($0): " } ?? ""
        return CatalogError(.query, place + String(cString: sqlite3_errmsg(connection)))
    }

    /// The columns of a statement, with the types of those that are a table's; the others are of type `null`.
    static func columns(of statement: OpaquePointer) -> [DatasetColumn] {
        let count = sqlite3_column_count(statement)
        let names = TableWriter.distinct(
            (0..<count).map { sqlite3_column_name(statement, $0).map { String(cString: $0) } ?? "" })
        return names.enumerated().map { index, name in
            let declared = sqlite3_column_decltype(statement, Int32(index)).map { String(cString: $0) }
            return DatasetColumn(name, declared.flatMap { TypeText.type(declaration: $0) } ?? .null)
        }
    }
}
