internal import Foundation

/// A year, a month, a day or a moment, in UTC: the time from ``start`` to before ``end``.
struct FilterDate: Equatable {
    /// As it was written.
    let text: String
    /// Seconds since 1970.
    let start: Double
    /// Seconds since 1970; the same as ``start`` for a moment.
    let end: Double

    /// Numbers that can only be seconds since 1970: from 1973 to 5138.
    static let plainSeconds = 1e8..<1e11

    /// How to write a time, for messages.
    static let advice =
        "write a year, month or day such as 2024, 2024-05 or 2024-05-31, or seconds since 1970 as 1717113600s"

    /// A whole year of four digits; nil for any other number.
    init?(year: Int64) {
        guard (1_000...9_999).contains(year), let year = Int(exactly: year) else { return nil }
        self.init(text: String(year), start: Self.seconds(year, 1, 1), end: Self.seconds(year + 1, 1, 1))
    }

    private init(text: String, start: Double, end: Double) {
        (self.text, self.start, self.end) = (text, start, end)
    }

    /// Reads `2024-05`, `2024-05-31`, `2024-05-31T23:59`, `2024-05-31T23:59:59` with `Z` or nothing after it, with a space for the
    /// `T` too; nil for anything else.
    ///
    /// - Parameter allowsYear: whether `2024` alone is a date.
    init?(_ text: String, allowsYear: Bool = false) {
        if allowsYear, text.utf8.count == 4, let year = Int64(text) {
            self.init(year: year)
            return
        }
        let sides = text.split(omittingEmptySubsequences: false) { "Tt ".contains($0) }
        guard sides.count <= 2, let day = Self.numbers(sides[0], "-", widths: [4, 2, 2]), day.count >= 2,
            (1...12).contains(day[1])
        else { return nil }
        let dayOfMonth = day.count == 3 ? day[2] : 1
        let start = Self.seconds(day[0], day[1], dayOfMonth)
        let nextMonth =
            day[1] == 12 ? Self.seconds(day[0] + 1, 1, 1) : Self.seconds(day[0], day[1] + 1, 1)
        guard dayOfMonth >= 1, start < nextMonth else { return nil }
        guard sides.count == 2 else {
            self.init(text: text, start: start, end: day.count == 3 ? start + 86_400 : nextMonth)
            return
        }
        let time = sides[1].hasSuffix("Z") || sides[1].hasSuffix("z") ? sides[1].dropLast() : sides[1]
        guard day.count == 3, let clock = Self.numbers(time, ":", widths: [2, 2, 2]), clock.count >= 2, clock[0] < 24,
            clock[1] < 60, clock.count == 2 || clock[2] < 60
        else { return nil }
        let moment = start + Double(clock[0] * 3600 + clock[1] * 60 + (clock.count == 3 ? clock[2] : 0))
        self.init(text: text, start: moment, end: moment)
    }

    private static func numbers(_ text: some StringProtocol, _ separator: Character, widths: [Int]) -> [Int]? {
        let parts = text.split(separator: separator, omittingEmptySubsequences: false)
        guard parts.count <= widths.count else { return nil }
        var numbers: [Int] = []
        for (part, width) in zip(parts, widths) {
            guard part.utf8.count == width, part.utf8.allSatisfy({ (48...57).contains($0) }), let number = Int(part)
            else { return nil }
            numbers.append(number)
        }
        return numbers
    }

    private static func seconds(_ year: Int, _ month: Int, _ day: Int) -> Double {
        var parts = tm()
        parts.tm_year = Int32(year - 1900)
        parts.tm_mon = Int32(month - 1)
        parts.tm_mday = Int32(day)
        return Double(timegm(&parts))
    }
}
