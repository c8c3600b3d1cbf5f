internal import DiptychBasics
internal import Synchronization

/// The rows of a Parquet file by their numbers.
///
/// Rows are decoded a block at a time, and the blocks read last are kept. The way to a block passes over pages without
/// unpacking them, so that any order of rows takes about the time of the blocks that it touches.
final class ParquetDataset: Dataset {
    let columns: [DatasetColumn]
    private let file: ParquetFile
    /// The first row of each group, and the number of all.
    private let starts: [Int]
    /// The rows of a block, for each group: about ``blockBytes``.
    private let blockRows: [Int]
    private let state: Mutex<State>

    private struct State {
        var blocks: [Int: ParquetBlock] = [:]
        /// The first rows of the blocks, the one that was used last at the end.
        var order: [Int] = []
        /// Where decoding can go on.
        var rows: ParquetRows?
        var next = -1
    }

    private static let blockBytes = 1 << 20
    private static let mostBlocks = 32

    init(path: String) throws(DatasetError) {
        file = try ParquetFile(path: path)
        var (starts, blockRows): ([Int], [Int]) = ([0], [])
        for group in file.rowGroups {
            let (end, overflow) = starts[starts.count - 1].addingReportingOverflow(group.rowCount)
            guard group.rowCount >= 0, !overflow else {
                throw DatasetError(.malformed, path: path, "has a row group of \(group.rowCount) rows")
            }
            starts.append(end)
            let bytes = group.chunks.values.reduce(0.0) { $0 + Double(max(0, $1.compressedSize)) }
            let rows = Double(Self.blockBytes) * Double(max(1, group.rowCount)) / max(1, bytes)
            blockRows.append(Int(max(1, min(1024, rows))))
        }
        (self.starts, self.blockRows) = (starts, blockRows)
        columns = file.columns.map { DatasetColumn($0.name, $0.datasetType) }
        state = Mutex(State())
    }

    var count: Int { starts[starts.count - 1] }

    func place(ofRow index: Int) -> DatasetPlace { DatasetPlace(file: file.path, place: "row \(index + 1)") }

    func row(at index: Int) throws(DatasetError) -> DatasetRecord {
        precondition(index >= 0 && index < count, "a row outside the dataset")
        var (low, high) = (0, blockRows.count - 1)
        while low < high {
            let middle = (low + high + 1) / 2
            if starts[middle] <= index { low = middle } else { high = middle - 1 }
        }
        let inGroup = (index - starts[low]) / blockRows[low] * blockRows[low]
        let first = starts[low] + inGroup
        let length = min(blockRows[low], starts[low + 1] - first)
        let cells = state.withLock { state in
            Result { () throws(DatasetError) in
                try block(first, length: length, group: low, &state).row(index - first)
            }
        }
        let values = zip(file.columns, try cells.get()).map { $0.value($1) }
        return DatasetRecord(columns: columns, values: values)
    }

    private func block(
        _ first: Int, length: Int, group: Int, _ state: inout State
    ) throws(DatasetError) -> ParquetBlock {
        if let known = state.blocks[first] {
            if state.order.last != first, let place = state.order.firstIndex(of: first) {
                state.order.append(state.order.remove(at: place))
            }
            return known
        }
        var rows: ParquetRows
        if state.next == first, let open = state.rows {
            rows = open
        } else {
            rows = file.rows(of: file.columns)
            try rows.seek(group: group, row: first - starts[group], number: first)
        }
        state.rows = nil
        var block: ParquetBlock
        do throws(DatasetError) { block = try rows.block(length) } catch {
            block = ParquetBlock()
            block.failure = error
        }
        if block.failure == nil, block.count < length {
            block.failure = DatasetError(
                .malformed, path: file.path, place: "row \(first + block.count + 1)",
                "is missing although the file counts it")
        }
        if block.failure == nil { (state.rows, state.next) = (rows, first + length) } else { state.next = -1 }
        if state.order.count >= Self.mostBlocks { state.blocks[state.order.removeFirst()] = nil }
        state.order.append(first)
        state.blocks[first] = block
        return block
    }
}

extension ParquetColumn {
    /// The type of its values in a dataset.
    var datasetType: DatasetType { shape.datasetType(leaves) }

    /// A cell as a dataset has it.
    func value(_ cell: ParquetValue) -> DatasetValue { shape.value(cell, leaves) }
}

extension ParquetShape {
    func datasetType(_ leaves: [ParquetLeaf]) -> DatasetType {
        switch form {
        case .leaf: leaves[self.leaves.lowerBound].datasetType
        case .structure(let members): .structure(members.map { DatasetColumn($0.name, $0.shape.datasetType(leaves)) })
        case .list(let element): .list(element.datasetType(leaves))
        case .map(let key, nil): .list(key.datasetType(leaves))
        // A structure whose members differ from row to row, or a list of pairs.
        case .map: .any
        }
    }

    func value(_ cell: ParquetValue, _ leaves: [ParquetLeaf]) -> DatasetValue {
        switch (form, cell) {
        case (_, .null): .null
        case (.leaf, _): leaves[self.leaves.lowerBound].value(cell)
        case (.list, .floats(let values)): .floats(values)
        case (.list(let element), .list(let values)), (.map(let element, nil), .list(let values)):
            .list(values.map { element.value($0, leaves) })
        case (.structure(let shapes), .object(let members)):
            .structure(zip(shapes, members).map { DatasetValue.Member($1.name, $0.shape.value($1.value, leaves)) })
        case (.map(_, let value?), .object(let members)):
            .structure(members.map { DatasetValue.Member($0.name, value.value($0.value, leaves)) })
        case (.map(let key, let value?), .list(let pairs)):
            .list(
                pairs.map { pair in
                    guard case .list(let parts) = pair, parts.count == 2 else { return .null }
                    return .list([key.value(parts[0], leaves), value.value(parts[1], leaves)])
                })
        default: .null
        }
    }
}

extension ParquetLeaf {
    var datasetType: DatasetType {
        switch meaning {
        case .bool: .boolean
        case .int: .integer
        // Those of 64 bits may be beyond a signed number.
        case .unsigned: type == .int64 ? .any : .integer
        case .float, .half: .float
        case .double: .double
        case .decimal: .decimal
        case .date: .date
        case .timestamp: .timestamp
        case .time, .string, .uuid: .text
        case .bytes: .bytes
        case .nothing: .null
        }
    }

    func value(_ cell: ParquetValue) -> DatasetValue {
        switch (meaning, cell) {
        case (_, .null): .null
        case (.decimal, .int(let value)): .decimal(String(value))
        case (.decimal, .double(let value)): .decimal(Self.digits(value))
        case (.decimal, .string(let digits)), (.unsigned, .string(let digits)): .decimal(digits)
        case (.date, .string(let text)): ISODate(text[...]).map { .date(day: $0.day) } ?? .text(text)
        case (.timestamp, .string(let text)): DatasetTimestamp(text).map(DatasetValue.timestamp) ?? .text(text)
        case (_, .bool(let value)): .boolean(value)
        case (_, .int(let value)): .integer(value)
        case (_, .float(let value)): .float(value)
        case (_, .double(let value)): .double(value)
        case (_, .string(let value)): .text(value)
        case (_, .bytes(let value)): .bytes(value)
        default: .null
        }
    }

    /// The digits of a number of fifteen at most, without an exponent.
    private static func digits(_ value: Double) -> String {
        let text = value.description
        guard let mark = text.firstIndex(of: "e"), let exponent = Int(text[text.index(after: mark)...]) else {
            return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
        }
        let isNegative = text.hasPrefix("-")
        let digits = text[..<mark].filter { $0 != "." && $0 != "-" }
        let whole = text[..<mark].drop { $0 == "-" }.prefix { $0 != "." }.count + exponent
        let made: String
        if whole <= 0 {
            made = "0." + String(repeating: "0", count: -whole) + digits
        } else {
            let filled = digits + String(repeating: "0", count: max(0, whole - digits.count))
            let fraction = filled.dropFirst(whole).reversed().drop { $0 == "0" }.reversed()
            made = String(filled.prefix(whole)) + (fraction.isEmpty ? "" : "." + String(fraction))
        }
        return (isNegative ? "-" : "") + made
    }
}

/// A day by its text.
struct ISODate {
    let day: Int64

    /// Reads what ``ParquetTime/date(_:)`` writes.
    init?(_ text: Substring) {
        var rest = text[...]
        let isNegative = rest.first == "-"
        if isNegative || rest.first == "+" { rest = rest.dropFirst() }
        let parts = rest.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, let year = Int64(parts[0]), let month = Int64(parts[1]), let date = Int64(parts[2]),
            year <= 1 << 40, (1...12).contains(month), (1...31).contains(date)
        else { return nil }
        // As in ParquetTime, the other way round.
        let shifted = (isNegative ? -year : year) - (month <= 2 ? 1 : 0)
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + date - 1
        day = era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}

extension DatasetTimestamp {
    /// Reads what ``ParquetTime`` writes.
    init?(_ text: String) {
        let halves = text.split(separator: "T")
        guard halves.count == 2, let date = ISODate(halves[0]) else { return nil }
        let isUTC = halves[1].hasSuffix("Z")
        let clock = (isUTC ? halves[1].dropLast() : halves[1]).split(separator: ".")
        let parts = (clock.first ?? "").split(separator: ":").compactMap { Int64($0) }
        guard parts.count == 3, clock.count <= 2, parts.allSatisfy({ (0...99).contains($0) }), abs(date.day) < 1 << 46
        else { return nil }
        let digits = clock.count == 2 ? String(clock[1].prefix(9)) : ""
        let fraction = Int32(digits + String(repeating: "0", count: 9 - digits.count)) ?? 0
        self.init(
            seconds: date.day * 86_400 + parts[0] * 3600 + parts[1] * 60 + parts[2], nanoseconds: fraction, isUTC: isUTC
        )
    }
}
