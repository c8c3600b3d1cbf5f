/// Collects the cells of an optional column of a row group and cuts them into pages.
struct PageBuilder {
    struct Page {
        let valueCount: Int
        /// Definition levels and values, before compression.
        let bytes: [UInt8]
    }

    let kind: ParquetValueKind
    private(set) var byteCount = 0
    private var finished: [Page] = []
    /// Runs of equal definition levels: whether there is a value, and for how many cells.
    private var runs: [(isThere: Bool, count: Int)] = []
    private var values: [UInt8] = []
    private var truths: [Bool] = []
    private var count = 0

    private static let bytesPerPage = 1 << 20
    private static let valuesPerPage = 1 << 16

    init(kind: ParquetValueKind) { self.kind = kind }

    /// Adds a cell.
    ///
    /// - Returns: whether it is of the column's kind.
    mutating func append(_ value: ParquetValue) -> Bool {
        switch (kind, value) {
        case (_, .null): break
        case (.bool, .bool(let value)): truths.append(value)
        case (.int, .int(let value)): append(UInt64(bitPattern: value), bytes: 8)
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
        let isThere = value != .null
        if let last = runs.last, last.isThere == isThere {
            runs[runs.count - 1].count += 1
        } else {
            runs.append((isThere, 1))
        }
        count += 1
        if values.count >= Self.bytesPerPage || count >= Self.valuesPerPage { endPage() }
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
        // Runs of one-bit levels; a run's value takes a whole byte.
        var levels = ThriftWriter()
        for run in runs {
            levels.unsigned(UInt64(run.count) << 1)
            levels.unsigned(run.isThere ? 1 : 0)
        }
        for start in stride(from: 0, to: truths.count, by: 8) {
            let bits = truths[start..<min(start + 8, truths.count)].enumerated()
            values.append(bits.reduce(0) { $0 | ($1.element ? 1 << UInt8($1.offset) : 0) })
        }
        let size = (0..<4).map { UInt8(truncatingIfNeeded: levels.bytes.count >> (8 * $0)) }
        let page = Page(valueCount: count, bytes: size + levels.bytes + values)
        finished.append(page)
        byteCount += page.bytes.count
        (runs, values, truths, count) = ([], [], [], 0)
    }
}
