/// Collects the cells of an optional column of a row group and cuts them into pages.
struct PageBuilder {
    struct Page {
        let valueCount: Int
        /// Levels and values, before compression.
        let bytes: [UInt8]
    }

    let kind: ParquetValueKind
    private(set) var byteCount = 0
    private var finished: [Page] = []
    private let maximumDefinition: Int
    private let maximumRepetition: Int
    private let intBytes: Int
    /// Runs of equal levels.
    private var definitions: [(level: Int, count: Int)] = []
    private var repetitions: [(level: Int, count: Int)] = []
    private var values: [UInt8] = []
    private var truths: [Bool] = []
    private var count = 0

    private static let bytesPerPage = 1 << 20
    private static let valuesPerPage = 1 << 16

    /// - Parameter intBytes: the bytes of a whole number, 8 or 4.
    init(kind: ParquetValueKind, maximumDefinition: Int = 1, maximumRepetition: Int = 0, intBytes: Int = 8) {
        self.intBytes = intBytes
        self.kind = kind
        (self.maximumDefinition, self.maximumRepetition) = (maximumDefinition, maximumRepetition)
    }

    /// Adds a value, or a level at which there is none.
    ///
    /// - Returns: whether it is of the column's kind.
    private mutating func add(_ value: ParquetValue, definition: Int, repetition: Int) -> Bool {
        switch (kind, value) {
        case (_, .null): break
        case (.bool, .bool(let value)): truths.append(value)
        case (.int, .int(let value)):
            guard intBytes == 8 || Int32(exactly: value) != nil else { return false }
            append(UInt64(bitPattern: value), bytes: intBytes)
        case (.float, .float(let value)): append(UInt64(value.bitPattern), bytes: 4)
        case (.double, .double(let value)): append(value.bitPattern, bytes: 8)
        case (.double, .float(let value)): append(Double(value).bitPattern, bytes: 8)
        case (.double, .int(let value)): append(Double(value).bitPattern, bytes: 8)
        case (.string, .string(let text)):
            guard text.utf8.count < PageReader.maximumPageBytes else { return false }
            append(UInt64(text.utf8.count), bytes: 4)
            values.append(contentsOf: text.utf8)
        case (.bytes, .bytes(let bytes)):
            guard bytes.count < PageReader.maximumPageBytes else { return false }
            append(UInt64(bytes.count), bytes: 4)
            values.append(contentsOf: bytes)
        default: return false
        }
        Self.extend(&definitions, definition)
        if maximumRepetition > 0 { Self.extend(&repetitions, repetition) }
        count += 1
        return true
    }

    private static func extend(_ runs: inout [(level: Int, count: Int)], _ level: Int) {
        if let last = runs.last, last.level == level {
            runs[runs.count - 1].count += 1
        } else {
            runs.append((level, 1))
        }
    }

    /// Adds a cell.
    ///
    /// - Returns: whether it is of the column's kind.
    mutating func append(_ value: ParquetValue) -> Bool {
        let isRight: Bool
        if maximumRepetition > 0 {
            isRight = append(list: value)
        } else {
            // Of a structure's member, the structure itself is always there.
            let isMissing = value == .null
            isRight = add(
                value, definition: isMissing ? maximumDefinition - 1 : maximumDefinition, repetition: 0)
        }
        if values.count >= Self.bytesPerPage || count >= Self.valuesPerPage { endPage() }
        return isRight
    }

    private mutating func append(list value: ParquetValue) -> Bool {
        let elements: [ParquetValue]
        switch value {
        case .null: return add(.null, definition: 0, repetition: 0)
        case .list(let values): elements = values
        case .floats(let values): elements = values.map(ParquetValue.float)
        default: return false
        }
        guard !elements.isEmpty else { return add(.null, definition: 1, repetition: 0) }
        for (index, element) in elements.enumerated() {
            guard add(element, definition: element == .null ? 2 : 3, repetition: index == 0 ? 0 : 1) else {
                return false
            }
        }
        return true
    }

    private mutating func append(_ bits: UInt64, bytes: Int) {
        for index in 0..<bytes { values.append(UInt8(truncatingIfNeeded: bits >> UInt64(8 * index))) }
    }

    /// The pages of the cells.
    func pages() -> [Page] {
        var copy = self
        if copy.count > 0 { copy.endPage() }
        return copy.finished
    }

    private mutating func endPage() {
        // Runs of levels; a run's value takes a whole byte.
        func block(_ runs: [(level: Int, count: Int)]) -> [UInt8] {
            var levels = ThriftWriter()
            for run in runs {
                levels.unsigned(UInt64(run.count) << 1)
                levels.unsigned(UInt64(run.level))
            }
            return (0..<4).map { UInt8(truncatingIfNeeded: levels.bytes.count >> (8 * $0)) } + levels.bytes
        }
        for start in stride(from: 0, to: truths.count, by: 8) {
            let bits = truths[start..<min(start + 8, truths.count)].enumerated()
            values.append(bits.reduce(0) { $0 | ($1.element ? 1 << UInt8($1.offset) : 0) })
        }
        let levels = (maximumRepetition > 0 ? block(repetitions) : []) + block(definitions)
        let page = Page(valueCount: count, bytes: levels + values)
        finished.append(page)
        byteCount += page.bytes.count
        (definitions, repetitions, values, truths, count) = ([], [], [], [], 0)
    }
}
