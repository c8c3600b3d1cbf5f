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

    /// Text filled up with spaces on the left.
    static func right(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }

    /// Text filled up with spaces on the right.
    static func left(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}
