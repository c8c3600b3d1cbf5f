/// The parts of a split: `train:0.8,valid:0.1,test:0.1`.
public struct SplitParts: Sendable, Equatable {
    /// How large a part is.
    public enum Size: Sendable, Equatable {
        /// A share of all rows.
        case share(Double)
        /// A number of rows.
        case count(Int)
        /// The rows that the others leave.
        case rest
    }

    /// Names and sizes.
    public let parts: [(name: String, size: Size)]
    /// Said where shares do not sum to 1 and were scaled.
    public let note: String?

    /// Compares all facts.
    public static func == (a: SplitParts, b: SplitParts) -> Bool {
        a.parts.elementsEqual(b.parts, by: ==) && a.note == b.note
    }

    /// Reads `NAME:SIZE` with commas between them: a share such as 0.8, a number of rows such as 500, or `rest`. Three or two
    /// sizes with colons between them, as `0.8:0.1:0.1`, are those of train, valid and test.
    ///
    /// - Throws: ``CatalogError``.
    public init(_ text: String) throws(CatalogError) {
        func invalid(_ reason: String) -> CatalogError {
            CatalogError(.invalid, "'\(text)': \(reason); parts are written as train:0.8,valid:0.1,test:0.1")
        }
        var entries = text.split(separator: ",", omittingEmptySubsequences: false).map {
            $0.split(separator: ":", omittingEmptySubsequences: false).map { String($0) }
        }
        if entries.count == 1, entries[0].count >= 2, entries[0].allSatisfy({ Double($0) != nil }) {
            guard entries[0].count <= 3 else { throw invalid("has more sizes than train, valid and test") }
            entries = zip(["train", "valid", "test"], entries[0]).map { [$0, $1] }
        }
        var parts: [(name: String, size: Size)] = []
        for entry in entries {
            guard entry.count == 2 else { throw invalid("'\(entry.joined(separator: ":"))' is not NAME:SIZE") }
            let name = entry[0].trimmingSpaces, size = entry[1].trimmingSpaces
            guard !name.isEmpty, !parts.contains(where: { $0.name == name }) else {
                throw invalid(name.isEmpty ? "a part has no name" : "'\(name)' stands there twice")
            }
            if size == "rest" {
                parts.append((name, .rest))
            } else if let count = Int(size), count >= 0 {
                parts.append((name, .count(count)))
            } else if let share = Double(size), share.isFinite, share >= 0 {
                parts.append((name, .share(share)))
            } else {
                throw invalid("'\(size)' is neither a share, a number of rows nor rest")
            }
        }
        guard parts.count >= 2 else { throw invalid("a split has two parts at least") }
        guard parts.count(where: { $0.size == .rest }) <= 1 else { throw invalid("one part may be the rest") }
        (self.parts, note) = try Self.scaled(parts, invalid)
    }

    /// Makes shares sum to 1 where nothing else takes what they leave.
    private static func scaled(
        _ parts: [(name: String, size: Size)], _ invalid: (String) -> CatalogError
    ) throws(CatalogError) -> ([(name: String, size: Size)], String?) {
        // `train:1,test:0.25`, `8:1:1`: whole numbers among shares, and such that sum to little, are shares.
        let hasShares = parts.contains { if case .share = $0.size { true } else { false } }
        var sum = 0.0
        var hasCounts = false
        let read = parts.map { part -> (name: String, size: Size) in
            if hasShares, case .count(let count) = part.size, count <= 1 {
                sum += Double(count)
                return (part.name, .share(Double(count)))
            }
            if case .share(let share) = part.size { sum += share }
            if case .count = part.size { hasCounts = true }
            return part
        }
        guard hasShares else { return (read, nil) }
        guard !hasCounts else {
            throw invalid("shares and numbers of rows stand side by side; write one kind, or rest")
        }
        let hasRest = read.contains { $0.size == .rest }
        guard sum > 0, sum.isFinite else { throw invalid("the shares sum to \(sum)") }
        if hasRest {
            guard sum <= 1 + 1e-9 else { throw invalid("the shares sum to \(sum), and leave no rest") }
            return (read, nil)
        }
        guard abs(sum - 1) > 1e-9 else { return (read, nil) }
        let scaled = read.map { part -> (name: String, size: Size) in
            if case .share(let share) = part.size { (part.name, .share(share / sum)) } else { part }
        }
        let list = scaled.map { part -> String in
            guard case .share(let share) = part.size else { return part.name }
            return "\(part.name) \((share * 10_000).rounded() / 10_000)"
        }.joined(separator: ", ")
        return (scaled, "the parts sum to \((sum * 10_000).rounded() / 10_000), and are scaled: \(list)")
    }

    /// The number of rows of each part, of `count` rows: together all of them, unless numbers of rows leave some.
    func counts(of count: Int) throws(CatalogError) -> [Int] {
        var counts = [Int](repeating: 0, count: parts.count)
        var (left, exact): (Int, [Double]) = (count, [])
        for (index, part) in parts.enumerated() {
            switch part.size {
            case .count(let wanted):
                guard wanted <= left else {
                    throw CatalogError(.invalid, "the parts have more rows than the \(count) that there are")
                }
                (counts[index], left) = (wanted, left - wanted)
                exact.append(0)
            case .share(let share): exact.append(share * Double(count))
            case .rest: exact.append(0)
            }
        }
        for index in parts.indices where exact[index] > 0 { counts[index] = Int(exact[index].rounded(.down)) }
        // The largest remainders get what rounding left.
        let shares = parts.indices.filter { if case .share = parts[$0].size { true } else { false } }
        let wanted = Int(shares.reduce(0.0) { $0 + exact[$1] }.rounded())
        var missing = min(wanted, count) - shares.reduce(0) { $0 + counts[$1] }
        for index in shares.sorted(by: { (counts[$0].remainder(exact[$0]), $1) > (counts[$1].remainder(exact[$1]), $0) }
        ) where missing > 0 {
            counts[index] += 1
            missing -= 1
        }
        if let rest = parts.firstIndex(where: { $0.size == .rest }) {
            counts[rest] = count - counts.reduce(0, +)
        }
        return counts
    }
}

extension Int {
    /// What rounding down left.
    fileprivate func remainder(_ exact: Double) -> Double { exact - Double(self) }
}

extension String {
    fileprivate var trimmingSpaces: String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
