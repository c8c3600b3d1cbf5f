internal import DiptychBasics

/// Rows of named, typed values that are read by their number.
///
///     let dataset = try DatasetFiles.open(["captions.jsonl", "more-{00..09}.parquet"])
///     for row in dataset.shuffled(seed: 7).slice(0..<1000).records { … }
///
/// A dataset keeps where its rows are and not what they hold: memory grows by some bytes a row, whatever the row's size.
/// Files must stay as they are while it is used. Any number of threads may read at a time.
public protocol Dataset: Sendable {
    /// The number of rows, with those that cannot be read.
    var count: Int { get }
    /// What each row has a value for; names differ.
    var columns: [DatasetColumn] { get }
    /// The row with this number, from 0. A number that the dataset does not have is the caller's mistake.
    ///
    /// - Throws: ``DatasetError`` where this row is damaged; others may still be read.
    func row(at index: Int) throws(DatasetError) -> DatasetRecord
    /// Where a row stands, for messages.
    func place(ofRow index: Int) -> DatasetPlace
}

extension Dataset {
    /// The rows of a range, in their order.
    ///
    /// - Throws: ``DatasetError`` of the first that cannot be read.
    public func rows(_ range: Range<Int>) throws(DatasetError) -> [DatasetRecord] {
        var rows: [DatasetRecord] = []
        rows.reserveCapacity(range.count)
        for index in range { rows.append(try row(at: index)) }
        return rows
    }

    /// All rows from front to back, or why one cannot be read in its place.
    public var records: some Sequence<Result<DatasetRecord, DatasetError>> {
        (0..<count).lazy.map { index in
            Result { () throws(DatasetError) in try row(at: index) }
        }
    }

    /// The rows of a range as a dataset; nothing is copied.
    public func slice(_ range: Range<Int>) -> any Dataset {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "rows outside the dataset")
        if let slice = self as? DatasetSlice {
            let start = slice.range.lowerBound
            return DatasetSlice(
                base: slice.base, range: start + range.lowerBound..<start + range.upperBound)
        }
        return DatasetSlice(base: self, range: range)
    }

    /// All rows in an order that follows from `seed`, the same on every machine; four or eight bytes a row are kept.
    public func shuffled(seed: UInt64) -> any Dataset {
        selecting(DatasetOrder.shuffled(count: count, seed: seed))
    }

    /// Some rows by their numbers, in that order, which may name one several times.
    public func selecting(_ indices: [Int]) -> any Dataset { DatasetSelection(base: self, indices: indices) }
}

/// Orders of rows.
public enum DatasetOrder {
    /// The numbers below `count` in an order that follows from `seed` (Fisher and Yates; numbers by SplitMix64).
    public static func shuffled(count: Int, seed: UInt64) -> [Int] {
        var order = Array(0..<count)
        var generator = SplitMix64(seed: seed)
        var left = count
        while left > 1 {
            // The remainder's bias is at most count / 2⁶⁴.
            let other = Int(generator.next() % UInt64(left))
            left -= 1
            order.swapAt(left, other)
        }
        return order
    }
}

/// A range of another dataset's rows.
struct DatasetSlice: Dataset {
    let base: any Dataset
    let range: Range<Int>

    var count: Int { range.count }
    var columns: [DatasetColumn] { base.columns }

    func row(at index: Int) throws(DatasetError) -> DatasetRecord {
        precondition(index >= 0 && index < range.count, "a row outside the dataset")
        return try base.row(at: range.lowerBound + index)
    }

    func place(ofRow index: Int) -> DatasetPlace { base.place(ofRow: range.lowerBound + index) }
}

/// Some of another dataset's rows in an order.
struct DatasetSelection: Dataset {
    let base: any Dataset
    let indices: [Int]

    init(base: any Dataset, indices: [Int]) {
        let count = base.count
        precondition(indices.allSatisfy { $0 >= 0 && $0 < count }, "a row outside the dataset")
        self.base = base
        self.indices = indices
    }

    var count: Int { indices.count }
    var columns: [DatasetColumn] { base.columns }
    func row(at index: Int) throws(DatasetError) -> DatasetRecord { try base.row(at: indices[index]) }
    func place(ofRow index: Int) -> DatasetPlace { base.place(ofRow: indices[index]) }
}

/// Rows in memory: small tables, and what a stream of rows gave.
public struct MemoryDataset: Dataset {
    /// What each row has a value for.
    public let columns: [DatasetColumn]
    private let values: [[DatasetValue]]

    /// Rows of values, as many as columns.
    public init(columns: [DatasetColumn], rows: [[DatasetValue]]) {
        precondition(rows.allSatisfy { $0.count == columns.count }, "rows of other columns")
        self.columns = columns
        values = rows
    }

    /// The rows of a stream, in the columns `image`, `text` and those of their attributes.
    ///
    /// - Throws: ``DatasetError`` of the first row that is none.
    public init(_ stream: some Sequence<Result<DatasetRow, DatasetError>>) throws(DatasetError) {
        var scan = ColumnScan()
        var rows: [[DatasetValue.Member]] = []
        for result in stream {
            let row = try result.get()
            let members = row.members
            for member in members {
                guard scan.add(member.name, DatasetType(of: member.value)) else {
                    throw DatasetError(.tooLarge, path: row.locator, "has more than \(ColumnScan.limit) columns")
                }
            }
            rows.append(members)
        }
        let columns = scan.columns
        self.columns = columns
        values = rows.map { members in
            columns.map { column in
                (members.last { $0.name == column.name }?.value ?? .null).converted(to: column.type)
            }
        }
    }

    /// The number of rows.
    public var count: Int { values.count }

    /// The row with this number.
    public func row(at index: Int) throws(DatasetError) -> DatasetRecord {
        DatasetRecord(columns: columns, values: values[index])
    }
}

extension DatasetRow {
    /// The row as named values: `image`, `text`, and its attributes.
    var members: [DatasetValue.Member] {
        var members = [DatasetValue.Member("image", .image(image))]
        if let caption { members.append(DatasetValue.Member("text", .text(caption))) }
        return members
            + attributes.filter { $0.name != "image" && (caption == nil || $0.name != "text") }
            .map { DatasetValue.Member($0.name, DatasetValue($0.value)) }
    }
}

/// Several datasets one after the other, with the columns of all.
struct JoinedDataset: Dataset {
    let columns: [DatasetColumn]
    private let parts: [any Dataset]
    /// The number of rows before each part, and behind the last.
    private let starts: [Int]

    init(_ parts: [any Dataset]) {
        self.parts = parts
        starts = parts.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.count) }
        columns = parts.reduce(into: []) { columns, part in
            for column in part.columns { columns.merge(column.name, column.type) }
        }
    }

    var count: Int { starts[starts.count - 1] }

    func row(at index: Int) throws(DatasetError) -> DatasetRecord {
        let part = part(of: index)
        return try parts[part].row(at: index - starts[part]).arranged(as: columns)
    }

    func place(ofRow index: Int) -> DatasetPlace {
        let part = part(of: index)
        return parts[part].place(ofRow: index - starts[part])
    }

    private func part(of index: Int) -> Int {
        precondition(index >= 0 && index < count, "a row outside the dataset")
        var (low, high) = (0, parts.count - 1)
        while low < high {
            let middle = (low + high + 1) / 2
            if starts[middle] <= index { low = middle } else { high = middle - 1 }
        }
        return low
    }
}

/// A dataset with one more column that has the same value in each row, such as the split that a file is.
struct ConstantColumn: Dataset {
    let base: any Dataset
    let column: DatasetColumn
    let value: DatasetValue

    var count: Int { base.count }
    var columns: [DatasetColumn] { base.columns.filter { $0.name != column.name } + [column] }

    func row(at index: Int) throws(DatasetError) -> DatasetRecord {
        let row = try base.row(at: index)
        let kept = zip(row.columns, row.values).filter { $0.0.name != column.name }
        return DatasetRecord(columns: columns, values: kept.map(\.1) + [value])
    }

    func place(ofRow index: Int) -> DatasetPlace { base.place(ofRow: index) }
}
