internal import DiptychBasics
internal import DiptychDatasets
internal import GRDBSQLite

/// A value as SQLite has it.
enum StoredValue: Equatable {
    case null
    case integer(Int64)
    case real(Double)
    case text(String)
    case blob([UInt8])

    /// The value of a column of the row where a statement stands.
    init(_ statement: OpaquePointer, _ index: Int32) {
        switch sqlite3_column_type(statement, index) {
        case SQLITE_INTEGER: self = .integer(sqlite3_column_int64(statement, index))
        case SQLITE_FLOAT: self = .real(sqlite3_column_double(statement, index))
        case SQLITE_TEXT:
            let start = sqlite3_column_text(statement, index)
            let count = Int(sqlite3_column_bytes(statement, index))
            self = .text(String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self))
        case SQLITE_BLOB:
            let start = sqlite3_column_blob(statement, index)
            let count = Int(sqlite3_column_bytes(statement, index))
            self = .blob(Array(UnsafeRawBufferPointer(start: start, count: count)))
        default: self = .null
        }
    }

    /// Binds it to a parameter, counted from 1.
    func bind(to statement: OpaquePointer, at index: Int32) -> Int32 {
        switch self {
        case .null: return sqlite3_bind_null(statement, index)
        case .integer(let value): return sqlite3_bind_int64(statement, index, value)
        case .real(let value): return sqlite3_bind_double(statement, index, value)
        case .text(let text):
            // With a null pointer, an empty text would be NULL.
            guard !text.isEmpty else { return sqlite3_bind_text(statement, index, "", 0, Self.copied) }
            var text = text
            return text.withUTF8 {
                $0.withMemoryRebound(to: CChar.self) { bytes in
                    sqlite3_bind_text(
                        statement, index, bytes.baseAddress, Int32(clamping: bytes.count), Self.copied)
                }
            }
        case .blob(let bytes):
            guard !bytes.isEmpty else { return sqlite3_bind_zeroblob(statement, index, 0) }
            return sqlite3_bind_blob(statement, index, bytes, Int32(clamping: bytes.count), Self.copied)
        }
    }

    /// SQLite copies what it is given.
    private static var copied: sqlite3_destructor_type { unsafeBitCast(-1, to: sqlite3_destructor_type.self) }

    /// The narrowest type of a column with this value, where nothing else is known of it.
    var type: DatasetType {
        switch self {
        case .null: .null
        case .integer: .integer
        case .real: .double
        case .text: .text
        case .blob: .bytes
        }
    }
}

/// Values of datasets as SQLite keeps them, and back.
struct ValueCoding: Sendable {
    let roots: CatalogRoots

    /// What is kept of a value in a column of `type`. Lists and structures are JSON; vectors are bytes; numbers that are not
    /// finite, which SQL does not have, are null.
    func stored(_ value: DatasetValue, in type: DatasetType) -> StoredValue {
        switch value {
        case .null: return .null
        case .boolean(let value): return .integer(value ? 1 : 0)
        case .integer(let value): return .integer(value)
        case .float(let value): return value.isNaN ? .null : .real(Double(value))
        case .double(let value): return value.isNaN ? .null : .real(value)
        case .decimal(let digits): return .text(digits)
        case .text(let text): return .text(text)
        case .bytes(let bytes): return .blob(bytes)
        case .image(let image): return roots.stored(image)
        case .vector(let vector): return .text(roots.text(of: vector))
        case .floats(let values) where type == .vector: return .blob(VectorBytes.bytes(values))
        case .date, .timestamp: return (value.json?.string).map(StoredValue.text) ?? .null
        case .list, .floats, .structure: return .text(value.json?.text ?? "null")
        }
    }

    /// The value of a column of `type`. What does not fit its type stays what it is.
    func value(_ stored: StoredValue, of type: DatasetType) -> DatasetValue {
        switch (stored, type) {
        case (.null, _): return .null
        case (_, .image): return roots.image(stored).map(DatasetValue.image) ?? plain(stored)
        case (.integer(let value), .boolean): return .boolean(value != 0)
        case (.integer(let value), .double): return .double(Double(value))
        case (.real(let value), .float): return .float(Float(value))
        case (.text(let digits), .decimal): return .decimal(digits)
        case (.text(let text), .date), (.text(let text), .timestamp):
            return DatasetValue(moment: text, type) ?? .text(text)
        case (.text(let text), .vector): return roots.vector(text).map(DatasetValue.vector) ?? .text(text)
        case (.blob(let bytes), .vector): return VectorBytes.floats(bytes).map(DatasetValue.floats) ?? .bytes(bytes)
        case (.text(let text), .list), (.text(let text), .structure):
            guard let json = try? JSONParser.parse(text.utf8) else { return .text(text) }
            return DatasetValue(json).typed(type)
        default: return plain(stored)
        }
    }

    private func plain(_ stored: StoredValue) -> DatasetValue {
        switch stored {
        case .null: .null
        case .integer(let value): .integer(value)
        case .real(let value): .double(value)
        case .text(let text): .text(text)
        case .blob(let bytes): .bytes(bytes)
        }
    }
}

extension DatasetValue {
    /// A value that came through JSON as one of `type`.
    fileprivate func typed(_ type: DatasetType) -> DatasetValue {
        switch (self, type) {
        case (.list(let values), .list(.float)):
            let floats = values.compactMap { value -> Float? in
                switch value {
                case .double(let number): Float(number)
                case .integer(let number): Float(number)
                default: nil
                }
            }
            return floats.count == values.count ? .floats(floats) : self
        case (.list(let values), .list(let element)): return .list(values.map { $0.typed(element) })
        case (.integer(let value), .double): return .double(Double(value))
        case (.integer(let value), .float): return .float(Float(value))
        case (.double(let value), .float): return .float(Float(value))
        case (.text(let digits), .decimal): return .decimal(digits)
        case (.text(let text), .date), (.text(let text), .timestamp): return DatasetValue(moment: text, type) ?? self
        case (.structure(let members), .structure(let columns)):
            return .structure(
                members.map { member in
                    let column = columns.first { $0.name == member.name }
                    return Member(member.name, column.map { member.value.typed($0.type) } ?? member.value)
                })
        default: return self
        }
    }
}

/// Vectors as bytes: 32-bit floats, the lowest byte first.
enum VectorBytes {
    static func bytes(_ values: [Float]) -> [UInt8] {
        values.withUnsafeBytes { Array($0) }
    }

    /// nil where the bytes are no whole number of floats.
    static func floats(_ bytes: [UInt8]) -> [Float]? {
        guard bytes.count % 4 == 0 else { return nil }
        return bytes.withUnsafeBytes { raw in
            (0..<raw.count / 4).map { raw.loadUnaligned(fromByteOffset: $0 * 4, as: Float.self) }
        }
    }
}
