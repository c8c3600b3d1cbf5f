import Foundation

/// Numbers as columns of text for people.
enum Columns {
    /// A place in a ranking.
    static func rank(_ rank: Int) -> String { right(String(rank), 3) }

    /// A cosine or a probability.
    static func score(_ score: Float) -> String { right(String(format: "%.4f", score), 7) }

    /// A number with thousands apart, as in "151 277 313".
    static func grouped(_ number: Int) -> String {
        var groups: [String] = []
        var rest = String(number)
        while rest.count > 3 {
            groups.insert(String(rest.suffix(3)), at: 0)
            rest = String(rest.dropLast(3))
        }
        return ([rest] + groups).joined(separator: " ")
    }

    /// So many things, as in "1 row" and "2 rows".
    static func counted(_ number: Int, _ one: String, _ many: String? = nil) -> String {
        "\(number) \(number == 1 ? one : many ?? one + "s")"
    }

    /// A number of bytes, as in "605 MB".
    static func bytes(_ count: Int) -> String {
        let units = ["kB", "MB", "GB", "TB"]
        var (value, unit) = (Double(count) / 1000, 0)
        while value >= 999.5, unit < units.count - 1 {
            value /= 1000
            unit += 1
        }
        return count < 1000 ? "\(count) B" : String(format: value < 9.95 ? "%.1f " : "%.0f ", value) + units[unit]
    }

    /// Text filled up with spaces on the left.
    static func right(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }

    /// Text filled up with spaces on the right.
    static func left(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}
