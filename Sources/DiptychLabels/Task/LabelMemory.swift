internal import Foundation

/// The labels that were used, found again by how they begin: by any of their words, by the pinyin of Chinese ones, and by initials.
///
///     memory.used("红色的汽车", at: now)
///     memory.matches("hong", limit: 8)      // also "hsdqc", "红"
///
/// Of those that match, the ones that were used lately and often come first.
public struct LabelMemory: Sendable {
    private struct Entry: Sendable {
        let label: String
        /// What a query may be the beginning of, the closest first.
        let keys: [String]
        var uses = 0
        var last = 0.0
    }

    private var entries: [Entry] = []
    private var places: [String: Int] = [:]

    /// Remembers nothing yet.
    public init() {}

    /// The number of labels.
    public var count: Int { entries.count }

    /// Knows a label that nobody has used yet.
    public mutating func add(_ label: String) { _ = place(of: label) }

    /// Counts a use of a label.
    ///
    /// - Parameter time: seconds since 1970.
    public mutating func used(_ label: String, at time: Double) {
        let place = place(of: label)
        entries[place].uses += 1
        entries[place].last = max(entries[place].last, time)
    }

    /// Takes a use back.
    public mutating func unused(_ label: String) {
        guard let place = places[label] else { return }
        entries[place].uses = max(0, entries[place].uses - 1)
    }

    private mutating func place(of label: String) -> Int {
        if let place = places[label] { return place }
        places[label] = entries.count
        entries.append(Entry(label: label, keys: Self.keys(of: label)))
        return entries.count - 1
    }

    /// A label that a query finds.
    public struct Match: Sendable, Equatable {
        /// The label.
        public let label: String
        /// How often it is in use.
        public let uses: Int
        /// When it was used last, in seconds since 1970; 0 for never.
        public let last: Double
    }

    /// The labels that a query is a beginning of, the best first; for an empty query, those that were used last.
    public func matches(_ query: String, limit: Int) -> [Match] {
        let wanted = Self.folded(query).filter { !$0.isWhitespace }
        var found: [(rank: Int, place: Int)] = []
        for (place, entry) in entries.enumerated() {
            if wanted.isEmpty {
                found.append((0, place))
            } else if let rank = entry.keys.firstIndex(where: { $0.hasPrefix(wanted) }) {
                // All that match by their own beginning are alike; those that match by others come behind them.
                found.append((min(rank, 1), place))
            }
        }
        let sorted = found.sorted { a, b in
            let (one, other) = (entries[a.place], entries[b.place])
            if a.rank != b.rank { return a.rank < b.rank }
            if one.last != other.last, wanted.isEmpty { return one.last > other.last }
            if one.uses != other.uses { return one.uses > other.uses }
            if one.last != other.last { return one.last > other.last }
            return a.place < b.place
        }
        return sorted.prefix(max(0, limit)).map { _, place in
            Match(label: entries[place].label, uses: entries[place].uses, last: entries[place].last)
        }
    }

    /// A text without case, accents and width.
    static func folded(_ text: String) -> String {
        text.folding(options: [.caseInsensitive, .diacriticInsensitive, .widthInsensitive], locale: nil)
    }

    /// What a query may be the beginning of: the label, it from each further word on, its pinyin, and its initials.
    static func keys(of label: String) -> [String] {
        let plain = folded(label)
        let words = plain.split { $0.isWhitespace || "-_/".contains($0) }.map(String.init)
        var keys = [plain.filter { !$0.isWhitespace }]
        if words.count > 1 {
            for start in 1..<words.count { keys.append(words[start...].joined()) }
            keys.append(words.compactMap(\.first).map(String.init).joined())
        }
        if plain.unicodeScalars.contains(where: isHan) {
            let spelt = plain.applyingTransform(.mandarinToLatin, reverse: false) ?? plain
            // ü is typed as v.
            for vowel in ["u", "v"] {
                let syllables = folded(
                    spelt.precomposedStringWithCanonicalMapping.map { "üǖǘǚǜ".contains($0) ? vowel : String($0) }
                        .joined()
                ).split { !$0.isLetter && !$0.isNumber }.map(String.init)
                keys.append(syllables.joined())
                if syllables.count > 1 {
                    for start in 1..<syllables.count { keys.append(syllables[start...].joined()) }
                }
                keys.append(syllables.compactMap(\.first).map(String.init).joined())
            }
        }
        var seen: Set<String> = []
        return keys.filter { !$0.isEmpty && seen.insert($0).inserted }
    }

    static func isHan(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xF900...0xFAFF, 0x20000...0x3FFFF: true
        default: false
        }
    }
}
