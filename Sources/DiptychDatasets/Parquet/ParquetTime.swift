/// What times are counted in.
enum ParquetTimeUnit: Int {
    case milliseconds = 1
    case microseconds, nanoseconds

    /// How many a second has.
    var perSecond: Int64 {
        switch self {
        case .milliseconds: 1000
        case .microseconds: 1_000_000
        case .nanoseconds: 1_000_000_000
        }
    }

    var digits: Int { 3 * rawValue }
}

/// Dates and times as ISO 8601 writes them.
enum ParquetTime {
    private static let secondsPerDay: Int64 = 86_400

    /// A day by its number from 1 January 1970.
    static func date(_ day: Int64) -> String {
        // Days from 1 March of the year 0, in eras of 400 years (Howard Hinnant, "chrono-compatible low-level date
        // algorithms"). A day is at most 2⁶³ / 86,400 000 here, or 2³¹: nothing overflows.
        let shifted = day + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let dayOfMonth = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        let sign = year < 0 ? "-" : year > 9999 ? "+" : ""
        return "\(sign)\(padded(year.magnitude, 4))-\(padded(month.magnitude, 2))-\(padded(dayOfMonth.magnitude, 2))"
    }

    /// A time of day; nil where it is none.
    static func time(_ value: Int64, _ unit: ParquetTimeUnit) -> String? {
        guard (0..<secondsPerDay * unit.perSecond).contains(value) else { return nil }
        let (seconds, rest) = (value / unit.perSecond, value % unit.perSecond)
        let clock = [seconds / 3600, seconds / 60 % 60, seconds % 60].map { padded($0.magnitude, 2) }
        return clock.joined(separator: ":") + (rest == 0 ? "" : "." + padded(rest.magnitude, unit.digits))
    }

    /// A time by its distance from the beginning of 1970.
    static func timestamp(_ value: Int64, _ unit: ParquetTimeUnit, isUTC: Bool) -> String {
        let perDay = secondsPerDay * unit.perSecond
        var (day, rest) = value.quotientAndRemainder(dividingBy: perDay)
        if rest < 0 { (day, rest) = (day - 1, rest + perDay) }
        return date(day) + "T" + (time(rest, unit) ?? "") + (isUTC ? "Z" : "")
    }

    /// A day by its Julian number, and nanoseconds of it: how Impala and Spark kept times. Nil where it is none.
    static func timestamp(julianDay: UInt32, nanoseconds: Int64) -> String? {
        time(nanoseconds, .nanoseconds).map { date(Int64(julianDay) - 2_440_588) + "T" + $0 }
    }

    private static func padded(_ number: UInt64, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}

/// Decimal numbers.
enum ParquetDecimal {
    /// The number `bytes`, a two's complement with the highest byte first, divided by `scale` powers of ten: as a number
    /// where that has the same digits, else as a text.
    static func value(_ bytes: some Collection<UInt8>, scale: Int) -> ParquetValue {
        let isNegative = bytes.first.map { $0 & 0x80 != 0 } ?? false
        // Digits from the lowest, nine in each limb.
        var limbs: [UInt64] = [0]
        for byte in bytes {
            var carry = UInt64(isNegative ? ~byte : byte)
            for index in limbs.indices {
                let sum = limbs[index] << 8 + carry
                (carry, limbs[index]) = sum.quotientAndRemainder(dividingBy: 1_000_000_000)
            }
            if carry > 0 { limbs.append(carry) }
        }
        if isNegative {
            // The complement is one short.
            var index = 0
            limbs[0] += 1
            while limbs[index] == 1_000_000_000 {
                limbs[index] = 0
                index += 1
                if index == limbs.count { limbs.append(0) }
                limbs[index] += 1
            }
        }
        var digits = String(limbs[limbs.count - 1])
        for limb in limbs.dropLast().reversed() {
            let part = String(limb)
            digits += String(repeating: "0", count: 9 - part.count) + part
        }
        return value(digits: digits, isNegative: isNegative, scale: scale)
    }

    private static func value(digits: String, isNegative: Bool, scale: Int) -> ParquetValue {
        let filled = String(repeating: "0", count: max(0, scale + 1 - digits.count)) + digits
        let sign = isNegative ? "-" : ""
        let whole = sign + filled.dropLast(scale)
        guard scale > 0 else { return Int64(whole).map(ParquetValue.int) ?? .string(whole) }
        let text = whole + "." + filled.suffix(scale)
        // Fifteen digits come back from a 64-bit float as they went in.
        let counted = filled.drop { $0 == "0" }.reversed().drop { $0 == "0" }.count
        return counted <= 15 ? Double(text).map(ParquetValue.double) ?? .string(text) : .string(text)
    }
}
