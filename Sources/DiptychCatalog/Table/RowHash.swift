internal import Crypto
internal import GRDBSQLite

/// A hash of rows as they are stored: SHA-256 over each value's kind, length and bytes, so that no two tables have one.
struct RowHash {
    private var hash = SHA256()
    private var buffer: [UInt8] = []

    private static let flushed = 1 << 16

    init() { buffer.reserveCapacity(Self.flushed + 4096) }

    /// Adds the value of a column of the row where a statement stands.
    mutating func add(_ statement: OpaquePointer, _ index: Int32) {
        let kind = sqlite3_column_type(statement, index)
        switch kind {
        case SQLITE_INTEGER:
            buffer.append(1)
            add(UInt64(bitPattern: sqlite3_column_int64(statement, index)))
        case SQLITE_FLOAT:
            buffer.append(2)
            add(sqlite3_column_double(statement, index).bitPattern)
        case SQLITE_TEXT, SQLITE_BLOB:
            // The order of these two calls is SQLite's rule.
            let start =
                kind == SQLITE_TEXT
                ? UnsafeRawPointer(sqlite3_column_text(statement, index)) : sqlite3_column_blob(statement, index)
            let count = Int(sqlite3_column_bytes(statement, index))
            add(UnsafeRawBufferPointer(start: start, count: count), isText: kind == SQLITE_TEXT)
        default: buffer.append(0)
        }
    }

    mutating func add(_ value: StoredValue) {
        switch value {
        case .null: buffer.append(0)
        case .integer(let value):
            buffer.append(1)
            add(UInt64(bitPattern: value))
        case .real(let value):
            buffer.append(2)
            add(value.bitPattern)
        case .text(var text): text.withUTF8 { add(UnsafeRawBufferPointer($0), isText: true) }
        case .blob(let bytes): bytes.withUnsafeBytes { add($0, isText: false) }
        }
    }

    private mutating func add(_ bytes: UnsafeRawBufferPointer, isText: Bool) {
        buffer.append(isText ? 3 : 4)
        add(UInt64(bytes.count))
        if bytes.count >= Self.flushed {
            flush()
            hash.update(bufferPointer: bytes)
        } else {
            buffer.append(contentsOf: bytes)
            if buffer.count >= Self.flushed { flush() }
        }
    }

    private mutating func add(_ number: UInt64) {
        withUnsafeBytes(of: number.littleEndian) { buffer.append(contentsOf: $0) }
        if buffer.count >= Self.flushed { flush() }
    }

    private mutating func flush() {
        hash.update(data: buffer)
        buffer.removeAll(keepingCapacity: true)
    }

    /// The hash of all rows and of their columns, in hexadecimal digits.
    mutating func finish(columns: String) -> String {
        add(.text(columns))
        flush()
        return hash.finalize().map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }
}
