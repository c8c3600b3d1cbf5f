/// A Parquet file (parquet.apache.org) that is read row by row, holding one page of each column.
///
/// What is read: columns of every type, lists, maps and structures of them to any depth; data pages of both versions; every
/// encoding of the format; pages without compression, with Snappy, gzip, Zstandard, Brotli and LZ4. Everything is
/// bounds-checked: a damaged or hostile file gives an error.
public final class ParquetFile: Sendable {
    /// The file.
    public let path: String
    /// The columns that can be read, in the file's order.
    public let columns: [ParquetColumn]
    /// The columns that cannot, each with the reason.
    public let unsupportedColumns: [(name: String, reason: String)]
    /// The number of rows that the file says it has.
    public let rowCount: Int

    let file: InputFile
    let rowGroups: [ParquetMetadata.RowGroup]

    /// Footers beyond this are refused.
    private static let maximumFooterBytes = 64 << 20

    /// Opens the file at `path` and reads its footer.
    ///
    /// - Throws: ``DatasetError`` when it is missing, is no Parquet file, or is damaged.
    public init(path: String) throws(DatasetError) {
        self.path = path
        file = try InputFile(path: path)
        func malformed(_ reason: String) -> DatasetError { DatasetError(.malformed, path: path, reason) }
        guard file.size >= 12, try file.read(at: 0, count: 4) == ParquetFormat.magic else {
            throw malformed("is not a Parquet file")
        }
        let tail = try file.read(at: file.size - 8, count: 8)
        guard tail[4...].elementsEqual(ParquetFormat.magic) else {
            throw malformed("has no footer; it is cut short, or encrypted")
        }
        let length = tail[..<4].reversed().reduce(0) { $0 << 8 | Int($1) }
        guard length <= file.size - 12 else { throw malformed("has a footer that is longer than the file") }
        guard length <= Self.maximumFooterBytes else {
            throw DatasetError(.tooLarge, path: path, "has a footer of \(length) bytes")
        }
        let footer = try file.read(at: file.size - 8 - length, count: length)
        do throws(ParquetFault) {
            let metadata = try ParquetMetadata(footer)
            let schema = try ParquetSchema(metadata.elements)
            columns = schema.columns
            unsupportedColumns = schema.unsupported
            rowCount = metadata.rowCount
            rowGroups = metadata.rowGroups
        } catch { throw DatasetError(error.kind, path: path, error.reason) }
    }

    /// The rows, with the cells of `columns` in that order.
    ///
    /// - Parameter columns: some of ``columns``.
    public func rows(of columns: [ParquetColumn]) -> ParquetRows { ParquetRows(file: self, columns: columns) }

    /// The same, with nulls in columns whose encoding or compression is not read.
    func rowsLeavingOut(of columns: [ParquetColumn]) -> ParquetRows {
        ParquetRows(file: self, columns: columns, leavesOut: true)
    }

    /// The columns of these names, in their order.
    ///
    /// - Throws: ``DatasetError`` when there is none of a name.
    public func columns(_ names: [String]) throws(DatasetError) -> [ParquetColumn] {
        var found: [ParquetColumn] = []
        for name in names {
            guard let column = columns.first(where: { $0.name == name }) else {
                let known = columns.prefix(20).map(\.name).joined(separator: ", ")
                throw DatasetError(.incomplete, path: path, "has no column '\(name)'; it has \(known)")
            }
            found.append(column)
        }
        return found
    }
}

/// Goes through the rows of a Parquet file.
public struct ParquetRows {
    private let file: ParquetFile
    private let columns: [ParquetColumn]
    private var group = -1
    private var left = 0
    private var cursors: [Cursor] = []
    private var isDone = false
    /// Whether a column whose encoding is not read gives nulls instead of an error.
    private let leavesOut: Bool
    /// The columns that were given up, by their index, with the reason.
    private(set) var leftOut: [Int: ParquetFault] = [:]

    private enum Cursor {
        case flat(ColumnCursor)
        case nested(NestedCursor)
        case missing

        mutating func skip(_ count: Int) throws(ParquetFault) {
            switch self {
            case .flat(var cursor):
                self = .missing
                try cursor.skip(count)
                self = .flat(cursor)
            case .nested(var cursor):
                self = .missing
                try cursor.skip(count)
                self = .nested(cursor)
            case .missing: return
            }
        }

        /// Gives the next cells one after the other.
        mutating func each(
            _ count: Int, _ body: (ParquetValue) throws(ParquetFault) -> Void
        ) throws(ParquetFault) {
            // Out of the enumeration once for all: moving a cursor takes longer than a number.
            switch self {
            case .flat(var cursor):
                self = .missing
                for _ in 0..<count { try body(try cursor.next()) }
                self = .flat(cursor)
            case .nested(var cursor):
                self = .missing
                for _ in 0..<count { try body(try cursor.next()) }
                self = .nested(cursor)
            case .missing: for _ in 0..<count { try body(.null) }
            }
        }

        mutating func next() throws(ParquetFault) -> ParquetValue {
            switch self {
            case .flat(var cursor):
                // Out of the enumeration while it changes, so that its bytes are not copied.
                self = .missing
                let value = try cursor.next()
                self = .flat(cursor)
                return value
            case .nested(var cursor):
                self = .missing
                let value = try cursor.next()
                self = .nested(cursor)
                return value
            case .missing: return .null
            }
        }
    }

    /// The most values of a row, with those in lists.
    private static let mostValues = 1 << 22
    /// The number of rows given so far.
    public private(set) var count = 0

    init(file: ParquetFile, columns: [ParquetColumn], leavesOut: Bool = false) {
        self.file = file
        self.columns = columns
        self.leavesOut = leavesOut
    }

    /// The next row's cells; nil behind the last row.
    ///
    /// - Throws: ``DatasetError`` with the column and the row; there are no rows after it.
    public mutating func next() throws(DatasetError) -> [ParquetValue]? {
        while !isDone {
            if left > 0 {
                left -= 1
                var cells: [ParquetValue] = []
                cells.reserveCapacity(columns.count)
                var valueCount = 0
                for index in columns.indices {
                    do throws(ParquetFault) {
                        let cell = try cursors[index].next()
                        valueCount += cell.valueCount
                        guard valueCount <= Self.mostValues else {
                            throw ParquetFault("has a row of more than \(Self.mostValues) values", kind: .tooLarge)
                        }
                        cells.append(cell)
                    } catch {
                        try leaveOut(index, error)
                        cells.append(.null)
                    }
                }
                count += 1
                return cells
            }
            group += 1
            guard group < file.rowGroups.count else {
                isDone = true
                break
            }
            try open(file.rowGroups[group])
        }
        return nil
    }

    /// The next rows of a row group, column by column, which is several times as fast as row by row.
    ///
    /// - Parameter length: the most rows; they end where their group does.
    mutating func block(_ length: Int) throws(DatasetError) -> ParquetBlock {
        while left == 0 {
            group += 1
            guard !isDone, group < file.rowGroups.count else {
                isDone = true
                return ParquetBlock()
            }
            try open(file.rowGroups[group])
        }
        var block = ParquetBlock()
        block.count = min(length, left)
        var (sizes, fault) = ([Int](repeating: 0, count: block.count), (nil as (ParquetFault, Int)?))
        for index in columns.indices {
            var cells: [ParquetValue] = []
            cells.reserveCapacity(block.count)
            do throws(ParquetFault) {
                try cursors[index].each(block.count) { (cell) throws(ParquetFault) in
                    sizes[cells.count] += cell.valueCount
                    guard sizes[cells.count] <= Self.mostValues else {
                        throw ParquetFault("has a row of more than \(Self.mostValues) values", kind: .tooLarge)
                    }
                    cells.append(cell)
                }
            } catch {
                // Rows before it are whole, in columns behind it too.
                block.count = cells.count
                fault = (error, index)
            }
            block.columns.append(cells)
        }
        count += block.count
        left -= block.count
        if let fault { block.failure = failure(fault.0, columns[fault.1]) }
        return block
    }

    /// Goes to a row of a row group.
    ///
    /// - Parameter number: the row's number in the file.
    mutating func seek(group: Int, row: Int, number: Int) throws(DatasetError) {
        self.group = group
        count = number
        try open(file.rowGroups[group])
        for index in cursors.indices {
            do throws(ParquetFault) { try cursors[index].skip(row) } catch { throw failure(error, columns[index]) }
        }
        left = max(0, left - row)
    }

    private mutating func open(_ group: ParquetMetadata.RowGroup) throws(DatasetError) {
        cursors = []
        for (index, column) in columns.enumerated() {
            guard leftOut[index] == nil else {
                cursors.append(.missing)
                continue
            }
            do throws(ParquetFault) {
                var leaves: [ColumnCursor] = []
                for leaf in column.leaves {
                    guard let chunk = group.chunks[leaf.path] else {
                        throw ParquetFault("is missing in row group \(self.group)")
                    }
                    leaves.append(try ColumnCursor(file: file.file, chunk: chunk, leaf: leaf))
                }
                let cursor: Cursor =
                    column.isFlat ? .flat(leaves[0]) : .nested(NestedCursor(column: column, cursors: leaves))
                cursors.append(cursor)
            } catch {
                try leaveOut(index, error)
                cursors.append(.missing)
            }
        }
        left = columns.isEmpty ? 0 : group.rowCount
    }

    private mutating func leaveOut(_ index: Int, _ fault: ParquetFault) throws(DatasetError) {
        guard leavesOut, fault.kind == .unsupported else { throw failure(fault, columns[index]) }
        leftOut[index] = fault
        if index < cursors.count { cursors[index] = .missing }
    }

    private mutating func failure(_ fault: ParquetFault, _ column: ParquetColumn) -> DatasetError {
        isDone = true
        return DatasetError(
            fault.kind, path: file.path, place: "column \(column.name), row \(count + 1)", fault.reason)
    }
}

/// Rows one after the other, column by column.
struct ParquetBlock {
    /// The cells of each column: ``count`` of them, or some more.
    var columns: [[ParquetValue]] = []
    /// The number of rows.
    var count = 0
    /// Why those behind them cannot be read.
    var failure: DatasetError?

    /// A row's cells, or the failure that keeps it from being read.
    func row(_ index: Int) throws(DatasetError) -> [ParquetValue] {
        if let failure, index >= count { throw failure }
        return columns.map { $0[index] }
    }
}
