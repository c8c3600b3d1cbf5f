internal import DiptychBasics
public import DiptychDatasets
internal import Foundation
internal import GRDB
internal import GRDBSQLite
internal import Synchronization

/// Where a table's rows come from.
struct TableOrigin: Sendable {
    /// Versions of the catalog.
    var parents: [Int64] = []
    var steps: [JSONValue] = []
    var inputs: [CatalogInput] = []
    var models: [String] = []

    /// The origin of what an operation makes of it and of other tables.
    func adding(
        _ operation: String, _ parameters: [JSONValue.Member] = [], others: [TableOrigin] = [], models: [String] = []
    )
        -> TableOrigin
    {
        var origin = self
        origin.steps.append(.object([.init("operation", .string(operation))] + parameters))
        for other in others {
            origin.parents += other.parents.filter { !origin.parents.contains($0) }
            origin.inputs += other.inputs
            origin.models += other.models
            if !other.steps.isEmpty { origin.steps.insert(contentsOf: other.steps, at: 0) }
        }
        origin.models = (origin.models + models).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
        return origin
    }
}

/// A file of rows; one that no version has goes with the last table that has it.
final class OwnedFile: Sendable {
    let file: TableFile
    let isTemporary: Bool

    init(_ file: TableFile, isTemporary: Bool) { (self.file, self.isTemporary) = (file, isTemporary) }

    deinit { if isTemporary { try? FileManager.default.removeItem(atPath: file.path) } }
}

/// A table of a catalog: a version of a dataset, or the result of an operation that ``save(as:command:)`` makes one.
///
/// It is a `Dataset`: its rows are read by their number, by any number of threads.
public final class CatalogTable: Dataset {
    /// The catalog.
    public let catalog: Catalog
    /// The version that it is; nil where it was not saved.
    public let version: CatalogVersion?
    let owned: OwnedFile
    let origin: TableOrigin
    let coding: ValueCoding
    private let queue: DatabaseQueue
    private let blocks = Mutex(Blocks())

    private struct Blocks {
        var rows: [Int: [[StoredValue]]] = [:]
        /// The block that was read last at the end.
        var order: [Int] = []
    }

    private static let blockRows = 256
    private static let mostBlocks = 16

    init(catalog: Catalog, file: OwnedFile, version: CatalogVersion? = nil, origin: TableOrigin) throws {
        (self.catalog, owned, self.version, self.origin) = (catalog, file, version, origin)
        coding = ValueCoding(roots: catalog.roots)
        queue = try TableFile.translated(file.file.path) { try SQLSession.reader(file.file.path) }
    }

    var file: TableFile { owned.file }

    /// The number of rows.
    public var count: Int { file.count }
    /// What each row has a value for.
    public var columns: [DatasetColumn] { file.columns }
    /// The hash of rows and columns.
    public var content: String { file.content }

    /// Whether the rows are those that were written, by their hash; reads all of them.
    ///
    /// - Throws: ``CatalogError`` where the file cannot be read.
    public func isWhole() throws -> Bool { try file.computedContent() == content }

    /// What SQL calls it.
    var alias: String { version?.name.name ?? "rows" }

    /// What messages call it.
    public var title: String { version.map { "\($0.name)" } ?? "the table" }

    /// The row with this number, from 0.
    ///
    /// - Throws: `DatasetError` where the file is damaged.
    public func row(at index: Int) throws(DatasetError) -> DatasetRecord {
        let stored = try storedRow(at: index)
        let values = zip(columns, stored).map { column, value in coding.value(value, of: column.type) }
        return DatasetRecord(columns: columns, values: values)
    }

    /// A row as it is stored.
    func storedRow(at index: Int) throws(DatasetError) -> [StoredValue] {
        precondition(index >= 0 && index < count, "a row outside the table")
        let block = index / Self.blockRows
        let result: Result<[StoredValue], DatasetError> = blocks.withLock { blocks in
            Result { () throws(DatasetError) in
                if blocks.rows[block] == nil {
                    let rows = try read(block)
                    if blocks.order.count >= Self.mostBlocks { blocks.rows[blocks.order.removeFirst()] = nil }
                    blocks.rows[block] = rows
                    blocks.order.append(block)
                }
                guard
                    let row = blocks.rows[block].flatMap({ rows in
                        index % Self.blockRows < rows.count ? rows[index % Self.blockRows] : nil
                    })
                else {
                    throw DatasetError(
                        .malformed, path: file.path, place: "row \(index + 1)", "is missing although the file counts it"
                    )
                }
                return row
            }
        }
        return try result.get()
    }

    private func read(_ block: Int) throws(DatasetError) -> [[StoredValue]] {
        do {
            return try queue.read { db in
                let number = file.number
                let statement = try db.cachedStatement(
                    sql: "SELECT * FROM rows WHERE \(number) > ? AND \(number) <= ? ORDER BY \(number)")
                let first = block * Self.blockRows
                statement.arguments = [first, first + Self.blockRows]
                let raw = statement.sqliteStatement
                defer { sqlite3_reset(raw) }
                var rows: [[StoredValue]] = []
                var step = sqlite3_step(raw)
                while step == SQLITE_ROW {
                    rows.append((0..<Int32(columns.count)).map { StoredValue(raw, $0) })
                    step = sqlite3_step(raw)
                }
                guard step == SQLITE_DONE else { throw DatabaseError(resultCode: ResultCode(rawValue: step)) }
                return rows
            }
        } catch {
            throw DatasetError(.unreadable, path: file.path, "\(error)")
        }
    }

    /// The column of this name, letters' case left aside.
    ///
    /// - Throws: ``CatalogError`` where there is none.
    func column(_ name: String) throws(CatalogError) -> Int {
        if let index = columns.firstIndex(where: { $0.name == name }) { return index }
        if let index = columns.firstIndex(where: { $0.name.lowercased() == name.lowercased() }) { return index }
        let known = columns.prefix(30).map(\.name).joined(separator: ", ")
        throw CatalogError(.unknown, "\(title) has no column '\(name)'; it has \(known)")
    }

    /// A new table of a catalog's, from a file that was just written.
    func derived(_ file: TableFile, _ origin: TableOrigin) throws -> CatalogTable {
        try CatalogTable(catalog: catalog, file: OwnedFile(file, isTemporary: true), origin: origin)
    }
}
