/// Sets of the characters that occur in mojibake, by their role there.
struct MojibakeClasses: OptionSet, Sendable {
    let rawValue: UInt32

    static let common = Self(named: 0)
    static let c1 = Self(named: 1)
    static let bad = Self(named: 2)
    static let law = Self(named: 3)
    static let currency = Self(named: 4)
    static let startPunctuation = Self(named: 5)
    static let endPunctuation = Self(named: 6)
    static let numeric = Self(named: 7)
    static let kaomoji = Self(named: 8)
    static let upperAccented = Self(named: 9)
    static let lowerAccented = Self(named: 10)
    static let upperCommon = Self(named: 11)
    static let lowerCommon = Self(named: 12)
    static let box = Self(named: 13)
    static let firstOfTwo = Self(named: 14)
    static let firstOfThree = Self(named: 15)
    static let firstOfFour = Self(named: 16)
    static let continuation = Self(named: 17)
    static let strictContinuation = Self(named: 18)

    /// The names that the tables have for the sets, in the order of the bits.
    private static let names = [
        "common", "c1", "bad", "law", "currency", "start_punctuation", "end_punctuation", "numeric", "kaomoji",
        "upper_accented", "lower_accented", "upper_common", "lower_common", "box", "utf8_first_of_2", "utf8_first_of_3",
        "utf8_first_of_4", "utf8_continuation", "utf8_continuation_strict",
    ]

    /// The sets of each character of the Basic Multilingual Plane.
    private static let table: [MojibakeClasses] = {
        var table = [MojibakeClasses](repeating: [], count: 0x10000)
        for text in [MojibakeTable.categories, MojibakeTable.clues] {
            for (name, words) in TableText.sections(text) {
                guard let bit = names.firstIndex(of: name) else { continue }
                for range in words {
                    guard let first = range.first, let last = range.last, first <= last, last < 0x10000 else {
                        continue
                    }
                    for value in first...last { table[Int(value)].insert(Self(named: bit)) }
                }
            }
        }
        return table
    }()

    init(rawValue: UInt32) { self.rawValue = rawValue }

    private init(named bit: Int) { rawValue = 1 << UInt32(bit) }

    /// The sets that a character is in.
    static func of(_ text: [UInt32]) -> [MojibakeClasses] {
        let table = table
        return text.map { $0 < 0x10000 ? table[Int($0)] : [] }
    }

    func meets(_ other: MojibakeClasses) -> Bool { rawValue & other.rawValue != 0 }
}
