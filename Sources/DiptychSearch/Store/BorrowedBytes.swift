internal import GRDB
internal import GRDBSQLite

/// The bytes of a blob column where SQLite keeps them: valid until its cursor moves on.
///
/// GRDB copies a blob before it shows it, which takes longer than the dot product for which a scan reads it.
struct BorrowedBytes: DatabaseValueConvertible, StatementColumnConvertible {
    /// They may stand at any address; none where the column is no blob.
    let bytes: UnsafeRawBufferPointer

    init(sqliteStatement: SQLiteStatement, index: CInt) {
        guard sqlite3_column_type(sqliteStatement, index) == SQLITE_BLOB else {
            bytes = UnsafeRawBufferPointer(start: nil, count: 0)
            return
        }
        let start = sqlite3_column_blob(sqliteStatement, index)
        bytes = UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(sqliteStatement, index)))
    }

    /// Only read: nothing is stored by it.
    var databaseValue: DatabaseValue { .null }

    /// A value outside of a statement has no bytes to borrow.
    static func fromDatabaseValue(_ value: DatabaseValue) -> Self? { nil }
}
