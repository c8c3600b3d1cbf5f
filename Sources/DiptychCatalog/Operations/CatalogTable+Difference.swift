internal import DiptychDatasets
internal import DiptychBasics

/// How the rows of two tables differ.
public struct TableDifference: Sendable, Equatable {
    /// Columns that only the second table has.
    public var addedColumns: [String] = []
    /// Columns that only the first has.
    public var removedColumns: [String] = []
    /// Columns that rows are told apart by; none where only whole rows are compared.
    public var keys: [String] = []
    /// Rows that only the second has.
    public var added = 0
    /// Rows that only the first has.
    public var removed = 0
    /// Rows of one key that differ.
    public var changed = 0
    /// Rows that are equal.
    public var equal = 0
    /// Some of them: what happened to a row, and its number in the table that has it, from 0.
    public var examples: [(kind: String, row: Int)] = []

    /// Compares all facts.
    public static func == (a: TableDifference, b: TableDifference) -> Bool {
        (a.addedColumns, a.removedColumns, a.keys, a.added, a.removed, a.changed)
            == (b.addedColumns, b.removedColumns, b.keys, b.added, b.removed, b.changed) && a.equal == b.equal
            && a.examples.elementsEqual(b.examples, by: ==)
    }

    /// Whether rows and columns are the same, the order of rows left aside.
    public var isEmpty: Bool { added + removed + changed == 0 && addedColumns.isEmpty && removedColumns.isEmpty }
}

extension CatalogTable {
    /// What another table has more, less and otherwise. Columns that both have are compared.
    ///
    /// - Parameters:
    ///   - keys: the columns that say which rows are the same one; without any, `file.path`, `image_id` or `id`, whichever both
    ///     tables have and no row shares with another, else all columns together.
    ///   - limit: the number of examples.
    /// - Throws: ``CatalogError`` for an unknown column.
    public func difference(from other: CatalogTable, by keys: [String] = [], limit: Int = 10) throws -> TableDifference
    {
        var difference = TableDifference()
        let (mine, theirs) = (Set(columns.map(\.name)), Set(other.columns.map(\.name)))
        difference.addedColumns = other.columns.map(\.name).filter { !mine.contains($0) }
        difference.removedColumns = columns.map(\.name).filter { !theirs.contains($0) }
        let shared = columns.map(\.name).filter(theirs.contains)
        guard !shared.isEmpty else {
            // Nothing can be the same.
            (difference.added, difference.removed) = (other.count, count)
            return difference
        }
        let (a, b): (RowIndex, RowIndex)
        if keys.isEmpty {
            (a, b, difference.keys) = try Self.indices(self, other, shared)
        } else {
            difference.keys = keys
            (a, b) = (try RowIndex(self, keys: keys, values: shared), try RowIndex(other, keys: keys, values: shared))
        }
        func note(_ kind: String, _ row: Int) {
            if difference.examples.count < limit { difference.examples.append((kind, row)) }
        }
        for key in b.order {
            let (new, old) = (b.rows[key] ?? [], a.rows[key] ?? [])
            let common = min(new.count, old.count)
            for place in 0..<common {
                if new[place].hash == old[place].hash {
                    difference.equal += 1
                } else {
                    difference.changed += 1
                    note("changed", new[place].row)
                }
            }
            for row in new.dropFirst(common) {
                difference.added += 1
                note("added", row.row)
            }
        }
        for key in a.order {
            for row in (a.rows[key] ?? []).dropFirst(b.rows[key]?.count ?? 0) {
                difference.removed += 1
                note("removed", row.row)
            }
        }
        return difference
    }

    private static func indices(
        _ a: CatalogTable, _ b: CatalogTable, _ shared: [String]
    ) throws -> (RowIndex, RowIndex, [String]) {
        for key in [["file.source", "file.path"], ["image_id"], ["id"], ["key"]] where key.allSatisfy(shared.contains) {
            let (first, second) = (
                try RowIndex(a, keys: key, values: shared), try RowIndex(b, keys: key, values: shared)
            )
            if first.isUnique, second.isUnique { return (first, second, key) }
        }
        return (try RowIndex(a, keys: shared, values: shared), try RowIndex(b, keys: shared, values: shared), [])
    }
}

/// A table's rows by a key.
private struct RowIndex {
    var rows: [ContentHash: [(hash: ContentHash, row: Int)]] = [:]
    var order: [ContentHash] = []
    var isUnique: Bool { order.count == rows.values.reduce(0) { $0 + $1.count } }

    init(_ table: CatalogTable, keys: [String], values: [String]) throws {
        let (keys, values) = (try keys.map { try table.column($0) }, try values.map { try table.column($0) })
        for index in 0..<table.count {
            let row = try table.storedRow(at: index)
            let key = Self.hash(keys.map { row[$0] })
            let hash = keys == values ? key : Self.hash(values.map { row[$0] })
            if rows[key] == nil { order.append(key) }
            rows[key, default: []].append((hash, index))
        }
    }

    private static func hash(_ values: [StoredValue]) -> ContentHash {
        var bytes: [UInt8] = []
        for value in values {
            switch value {
            case .null: bytes.append(0)
            case .integer(let number): bytes += [1] + "\(number)".utf8
            case .real(let number): bytes += [2] + "\(number)".utf8
            case .text(let text): bytes += [3] + "\(text.utf8.count):".utf8 + Array(text.utf8)
            case .blob(let blob): bytes += [4] + "\(blob.count):".utf8 + blob
            }
        }
        return ContentHash(bytes)
    }
}
