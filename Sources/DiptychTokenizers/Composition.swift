/// Unicode normalisation forms C and D (Unicode Standard Annex 15).
///
/// Foundation's own on Linux has older data and composes some characters beyond U+FFFF wrongly, so this one is used. Its
/// data is ``CompositionTable`` and, for combining classes, the standard library's.
struct Composition: Sendable {
    static let shared = Composition()

    private var decompositions: [UInt32: [UInt32]] = [:]
    private var compositions: [UInt64: UInt32] = [:]

    // Hangul syllables are composed by arithmetic (Unicode Standard, section 3.12).
    private static let syllables: Range<UInt32> = 0xAC00..<0xD7A4
    private static let leading: Range<UInt32> = 0x1100..<0x1113
    private static let vowels: Range<UInt32> = 0x1161..<0x1176
    private static let trailing: Range<UInt32> = 0x11A8..<0x11C3

    private init() {
        decompositions.reserveCapacity(2100)
        compositions.reserveCapacity(1000)
        TableText.forEachWord(CompositionTable.text) { word in
            let numbers = TableText.numbers(word)
            let parts = Array(numbers.dropFirst())
            decompositions[numbers[0]] = parts
            if word.last != UInt8(ascii: "!") { compositions[Self.key(parts[0], parts[1])] = numbers[0] }
        }
        // A pair's first part may be composed itself: expand it, so that one look-up decomposes fully.
        for (composed, parts) in decompositions {
            guard let first = decompositions[parts[0]] else { continue }
            var whole = first + parts.dropFirst()
            while let more = decompositions[whole[0]] { whole.replaceSubrange(0...0, with: more) }
            decompositions[composed] = whole
        }
    }

    /// The composed form of some scalars.
    ///
    /// - Parameters:
    ///   - scalars: the text.
    ///   - newestMarks: the last major version of Unicode whose combining marks are put in order.
    func compose(_ scalars: some Sequence<UInt32>, newestMarks: Int = .max) -> [UInt32] {
        let (text, classes) = decomposeAndOrder(scalars, newestMarks: newestMarks)
        var output: [UInt32] = []
        output.reserveCapacity(text.count)
        var starter: Int?
        var lastClass: UInt8 = 0
        for (scalar, kind) in zip(text, classes) {
            let adjacent = starter.map { $0 == output.count - 1 } ?? false
            if let place = starter, adjacent || (lastClass != 0 && lastClass < kind),
                let composed = composed(output[place], scalar)
            {
                output[place] = composed
                continue
            }
            if kind == 0 { starter = output.count }
            lastClass = kind
            output.append(scalar)
        }
        return output
    }

    /// The decomposed form, D, of some scalars; the parameters are those of ``compose(_:newestMarks:)``.
    func decompose(_ scalars: some Sequence<UInt32>, newestMarks: Int = .max) -> [UInt32] {
        decomposeAndOrder(scalars, newestMarks: newestMarks).text
    }

    private func decomposeAndOrder(
        _ scalars: some Sequence<UInt32>, newestMarks: Int
    ) -> (text: [UInt32], classes: [UInt8]) {
        var text: [UInt32] = []
        for scalar in scalars { decompose(scalar, into: &text) }
        let classes = order(&text, newestMarks: newestMarks)
        return (text, classes)
    }

    private func decompose(_ scalar: UInt32, into text: inout [UInt32]) {
        if scalar < 0xC0 {
            text.append(scalar)
        } else if Self.syllables.contains(scalar) {
            let index = scalar - 0xAC00
            text.append(0x1100 + index / 588)
            text.append(0x1161 + index % 588 / 28)
            if index % 28 != 0 { text.append(0x11A7 + index % 28) }
        } else if let parts = decompositions[scalar] {
            text.append(contentsOf: parts)
        } else {
            text.append(scalar)
        }
    }

    /// Sorts each run of combining marks by class, and gives the classes of the result.
    private func order(_ text: inout [UInt32], newestMarks: Int) -> [UInt8] {
        var classes = text.map { value -> UInt8 in
            guard value >= 0x300, let properties = Unicode.Scalar(value)?.properties else { return 0 }
            let kind = properties.canonicalCombiningClass.rawValue
            return kind == 0 || properties.age?.major ?? 0 <= newestMarks ? kind : 0
        }
        var start = 0
        while start < text.count {
            guard classes[start] != 0 else {
                start += 1
                continue
            }
            var end = start
            var sorted = true
            while end < text.count, classes[end] != 0 {
                if end > start, classes[end] < classes[end - 1] { sorted = false }
                end += 1
            }
            if !sorted {
                let run = (start..<end).sorted { (classes[$0], $0) < (classes[$1], $1) }
                let values = run.map { text[$0] }
                let kinds = run.map { classes[$0] }
                text.replaceSubrange(start..<end, with: values)
                classes.replaceSubrange(start..<end, with: kinds)
            }
            start = end
        }
        return classes
    }

    private func composed(_ first: UInt32, _ second: UInt32) -> UInt32? {
        if Self.leading.contains(first), Self.vowels.contains(second) {
            return 0xAC00 + (first - 0x1100) * 588 + (second - 0x1161) * 28
        }
        if Self.syllables.contains(first), (first - 0xAC00) % 28 == 0, Self.trailing.contains(second) {
            return first + second - 0x11A7
        }
        return compositions[Self.key(first, second)]
    }

    private static func key(_ first: UInt32, _ second: UInt32) -> UInt64 { UInt64(first) << 32 | UInt64(second) }
}
