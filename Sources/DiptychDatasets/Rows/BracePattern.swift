/// File names with braces, as shells and WebDataset write them: `shards-{00000..00099}.tar`, `{train,val}.jsonl`.
public enum BracePattern {
    /// More names than these are refused, so that a slip of a digit does not fill the memory.
    public static let limit = 1_000_000

    /// The names that `pattern` stands for, in order; a name without braces stands for itself, and so does one whose
    /// braces hold neither a range nor a list.
    ///
    /// The numbers of a range are filled up with zeros to the width of its first one where that begins with a zero.
    ///
    /// - Throws: ``DatasetError`` when there would be more than ``limit``.
    public static func expand(_ pattern: String) throws(DatasetError) -> [String] {
        var names = [""]
        var rest = pattern[...]
        while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
            let inner = rest[rest.index(after: open)..<close]
            let head = String(rest[..<open])
            let choices = try choices(inner, pattern) ?? ["{\(inner)}"]
            guard names.count * choices.count <= limit else { throw tooMany(pattern) }
            names = names.flatMap { name in choices.map { name + head + $0 } }
            rest = rest[rest.index(after: close)...]
        }
        return names.map { $0 + rest }
    }

    private static func choices(_ inner: Substring, _ pattern: String) throws(DatasetError) -> [String]? {
        let ends = inner.split(separator: "..", omittingEmptySubsequences: false)
        if ends.count == 2, let first = number(ends[0]), let last = number(ends[1]), first <= last {
            guard last - first < limit else { throw tooMany(pattern) }
            let width = ends[0].hasPrefix("0") ? ends[0].count : 0
            return (first...last).map { number in
                let digits = String(number)
                return String(repeating: "0", count: max(0, width - digits.count)) + digits
            }
        }
        guard inner.contains(",") else { return nil }
        return inner.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }

    private static func number(_ text: Substring) -> Int? {
        text.utf8.count <= 15 && !text.isEmpty && text.utf8.allSatisfy { $0 &- 0x30 < 10 } ? Int(text) : nil
    }

    private static func tooMany(_ pattern: String) -> DatasetError {
        DatasetError(.tooLarge, path: pattern, "stands for more than \(limit) files; check the numbers in its braces")
    }
}
