public import DiptychDatasets
internal import DiptychBasics
internal import Foundation
internal import GRDB

/// A value that a closure may compute for a column.
public protocol CatalogValue: Sendable {
    /// The type of the column.
    static var columnType: DatasetType { get }
    /// The value as tables have it.
    var datasetValue: DatasetValue { get }
}

extension String: CatalogValue {
    /// Texts.
    public static var columnType: DatasetType { .text }
    /// A text.
    public var datasetValue: DatasetValue { .text(self) }
}

extension Int: CatalogValue {
    /// Whole numbers.
    public static var columnType: DatasetType { .integer }
    /// A whole number.
    public var datasetValue: DatasetValue { .integer(Int64(self)) }
}

extension Double: CatalogValue {
    /// 64-bit floats.
    public static var columnType: DatasetType { .double }
    /// A 64-bit float; not a number is null.
    public var datasetValue: DatasetValue { .double(self) }
}

extension Float: CatalogValue {
    /// 32-bit floats.
    public static var columnType: DatasetType { .float }
    /// A 32-bit float; not a number is null.
    public var datasetValue: DatasetValue { .float(self) }
}

extension Bool: CatalogValue {
    /// Truth values.
    public static var columnType: DatasetType { .boolean }
    /// A truth value.
    public var datasetValue: DatasetValue { .boolean(self) }
}

extension Array: CatalogValue where Element: CatalogValue {
    /// Lists; vectors, where they are of 32-bit floats.
    public static var columnType: DatasetType { Element.columnType == .float ? .vector : .list(Element.columnType) }
    /// A list, or a vector.
    public var datasetValue: DatasetValue {
        if let floats = self as? [Float] { return .floats(floats) }
        return .list(map(\.datasetValue))
    }
}

extension Optional: CatalogValue where Wrapped: CatalogValue {
    /// The same as without null.
    public static var columnType: DatasetType { Wrapped.columnType }
    /// The value, or null.
    public var datasetValue: DatasetValue { self?.datasetValue ?? .null }
}

extension CatalogTable {
    /// The rows with a column that a closure computes.
    ///
    ///     let counted = try await pairs.map(to: "words", version: "1") { row in
    ///         row["text"]?.text?.split(separator: " ").count
    ///     }
    ///
    /// Values are kept a batch at a time: the same call after a crash goes on behind the last batch that was finished.
    ///
    /// - Parameters:
    ///   - name: the new column; one of this name is replaced.
    ///   - version: says which closure it is; change it when the closure changes, or values of the old one are taken over by a
    ///     call that goes on.
    ///   - batch: the rows that are computed at a time, side by side.
    /// - Throws: ``CatalogError``, `DatasetError`, `CancellationError`, and what `transform` throws; what was finished is kept.
    public func map<Value: CatalogValue>(
        to name: String, version: String, batch: Int = 64,
        _ transform: @escaping @Sendable (DatasetRecord) async throws -> Value
    ) async throws -> CatalogTable {
        guard !name.isEmpty, batch > 0 else {
            throw CatalogError(.invalid, name.isEmpty ? "the new column has no name" : "a batch has one row at least")
        }
        let column = DatasetColumn(name, Value.columnType)
        let journal = try MapJournal(self, column: column, version: version)
        for first in stride(from: try journal.done(), to: count, by: batch) {
            try Task.checkCancellation()
            let range = first..<min(first + batch, count)
            let values = try await withThrowingTaskGroup(of: (Int, DatasetValue).self) { group in
                for index in range {
                    let row = try row(at: index)
                    group.addTask { (index, try await transform(row).datasetValue) }
                }
                var values = [DatasetValue](repeating: .null, count: range.count)
                for try await (index, value) in group { values[index - first] = value }
                return values
            }
            try journal.add(values.map { coding.stored($0, in: column.type) }, from: first)
        }
        let file = try write(column) { _, index in coding.value(try journal.value(at: index), of: column.type) }
        try journal.remove()
        return try derived(
            file,
            origin.adding("map", [.init("as", .string(name)), .init("closure", .string(version))]))
    }
}

/// The values of an unfinished computation, in a file of the catalog that says which it is.
private final class MapJournal: Sendable {
    private let queue: DatabaseQueue
    private let path: String

    init(_ table: CatalogTable, column: DatasetColumn, version: String) throws {
        let hash = ContentHash("\(table.content)\0\(column.name)\0\(TypeText.json(column.type).text)\0\(version)".utf8)
        let path = try table.catalog.journalPath("\(String(hash.high, radix: 16))\(String(hash.low, radix: 16))")
        self.path = path
        queue = try TableFile.translated(path) {
            let queue = try DatabaseQueue(path: path)
            try queue.write {
                try $0.execute(sql: "CREATE TABLE IF NOT EXISTS computed (row INTEGER PRIMARY KEY, value)")
            }
            return queue
        }
    }

    /// The number of rows that are finished.
    func done() throws -> Int {
        try TableFile.translated(path) {
            try queue.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM computed") } ?? 0
        }
    }

    func add(_ values: [StoredValue], from first: Int) throws {
        try TableFile.translated(path) {
            try queue.write { db in
                let insert = try db.cachedStatement(sql: "INSERT OR REPLACE INTO computed (row, value) VALUES (?, ?)")
                for (index, value) in values.enumerated() {
                    try insert.execute(arguments: [first + index, value.databaseValue])
                }
            }
        }
    }

    func value(at index: Int) throws -> StoredValue {
        try TableFile.translated(path) {
            try queue.read { db in
                let statement = try db.cachedStatement(sql: "SELECT value FROM computed WHERE row = ?")
                return StoredValue(try DatabaseValue.fetchOne(statement, arguments: [index]) ?? .null)
            }
        }
    }

    func remove() throws {
        try queue.close()
        try? FileManager.default.removeItem(atPath: path)
    }
}

extension StoredValue {
    fileprivate var databaseValue: DatabaseValue {
        switch self {
        case .null: .null
        case .integer(let value): value.databaseValue
        case .real(let value): value.databaseValue
        case .text(let text): text.databaseValue
        case .blob(let bytes): Data(bytes).databaseValue
        }
    }

    fileprivate init(_ value: DatabaseValue) {
        switch value.storage {
        case .null: self = .null
        case .int64(let value): self = .integer(value)
        case .double(let value): self = .real(value)
        case .string(let text): self = .text(text)
        case .blob(let data): self = .blob(Array(data))
        }
    }
}
