internal import DiptychDatasets

/// Days, moments and decimal numbers of a table, which SQL has as texts, as the whole numbers that Parquet keeps.
struct ParquetMoments {
    let meaning: ParquetMeaning
    private let type: DatasetType

    /// Looks at all values of a column.
    ///
    /// - Returns: nil where the type is another, or one form does not hold them all: they stay texts then.
    init?(_ index: Int, of table: CatalogTable) throws(DatasetError) {
        type = table.columns[index].type
        guard [.date, .timestamp, .decimal].contains(type) else { return nil }
        var (hasValues, isUTC, hasNanoseconds, whole, scale) = (false, false, false, 1, 0)
        for row in 0..<table.count {
            let stored = try table.storedRow(at: row)[index]
            if stored == .null { continue }
            guard case .text(let text) = stored else { return nil }
            switch type {
            case .date:
                guard Self.day(text) != nil else { return nil }
            case .timestamp:
                guard case .timestamp(let moment)? = DatasetValue(moment: text, .timestamp),
                    !hasValues || isUTC == moment.isUTC
                else { return nil }
                isUTC = moment.isUTC
                hasNanoseconds = hasNanoseconds || moment.nanoseconds % 1000 != 0
                guard
                    Self.number(moment, perSecond: 1_000_000_000) != nil
                        || Self.number(moment, perSecond: 1_000_000) != nil && !hasNanoseconds
                else { return nil }
            default:
                guard let digits = Digits(text) else { return nil }
                (whole, scale) = (max(whole, digits.whole.count), max(scale, digits.fraction.count))
                guard whole + scale <= Self.mostDigits else { return nil }
            }
            hasValues = true
        }
        guard hasValues else { return nil }
        switch type {
        case .date: meaning = .date
        case .timestamp: meaning = .timestamp(isUTC: isUTC, hasNanoseconds: hasNanoseconds)
        default: meaning = .decimal(precision: whole + scale, scale: scale)
        }
    }

    /// Those of a number of 64 bits.
    private static let mostDigits = 18

    /// The number for a text; nil where it is none.
    func number(_ text: String) -> Int64? {
        switch meaning {
        case .date: Self.day(text)
        case .timestamp(_, let hasNanoseconds):
            if case .timestamp(let moment)? = DatasetValue(moment: text, .timestamp) {
                Self.number(moment, perSecond: hasNanoseconds ? 1_000_000_000 : 1_000_000)
            } else {
                nil
            }
        case .decimal(_, let scale): Digits(text)?.number(scale: scale)
        }
    }

    private static func day(_ text: String) -> Int64? {
        guard case .date(let day)? = DatasetValue(moment: text, .date), Int32(exactly: day) != nil else { return nil }
        return day
    }

    private static func number(_ moment: DatasetTimestamp, perSecond: Int64) -> Int64? {
        let (whole, isTooLarge) = moment.seconds.multipliedReportingOverflow(by: perSecond)
        guard !isTooLarge else { return nil }
        let (sum, overflow) = whole.addingReportingOverflow(Int64(moment.nanoseconds) / (1_000_000_000 / perSecond))
        return overflow ? nil : sum
    }

    /// A decimal number's digits.
    private struct Digits {
        let isNegative: Bool
        let whole: Substring
        let fraction: Substring

        /// nil where a text is no such number.
        init?(_ text: String) {
            isNegative = text.hasPrefix("-")
            let parts = text.dropFirst(isNegative ? 1 : 0).split(separator: ".", omittingEmptySubsequences: false)
            guard (1...2).contains(parts.count), !parts[0].isEmpty,
                parts.allSatisfy({ $0.utf8.allSatisfy { (0x30...0x39).contains($0) } })
            else { return nil }
            (whole, fraction) = (parts[0], parts.count == 2 ? parts[1] : "")
        }

        /// The number times ten to the power of `scale`, which is as many digits as the fraction has at least.
        func number(scale: Int) -> Int64? {
            let zeros = String(repeating: "0", count: max(0, scale - fraction.count))
            return Int64((isNegative ? "-" : "") + whole + fraction + zeros)
        }
    }
}
