/// Tags, entities, part-of-speech tags and characters without a shape that stand within texts.
enum Markup {
    /// What is in a text that belongs to no caption; nil where nothing is.
    static func fault(in text: String) -> String? {
        if let found = firstHidden(in: text) { return found }
        if let tag = firstTag(in: Array(text.unicodeScalars)) { return "the tag \(tag)" }
        if let entity = text.firstMatch(of: entity) { return "the entity \(entity.output.0)" }
        if let escape = text.firstMatch(of: escape) { return "the escape \(escape.output)" }
        if WordTags.areIn(text) { return "part-of-speech tags" }
        return nil
    }

    /// The text without them.
    static func cleaned(_ text: String) -> String {
        var text = text
        // Entities may hold tags, and entities.
        for _ in 0..<4 {
            let before = text
            text = once(text)
            if text == before { break }
        }
        return text
    }

    private static func once(_ text: String) -> String {
        var text = text.replacing(entity) { match in
            Entities.text(of: String(match.output.1 ?? match.output.2 ?? "")) ?? ""
        }
        text = text.replacing(escape) { match in
            UInt32(match.output.dropFirst(2), radix: 16).flatMap(Unicode.Scalar.init).map { String($0) } ?? ""
        }
        var kept = String.UnicodeScalarView()
        let scalars = Array(text.unicodeScalars)
        var place = 0
        while place < scalars.count {
            if let end = tagEnd(scalars, from: place) {
                kept.append(" ")
                place = end
                continue
            }
            if !isHidden(scalars[place]) { kept.append(scalars[place]) }
            place += 1
        }
        text = String(kept)
        if WordTags.areIn(text) { text = WordTags.removed(from: text) }
        return text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    // Named entities that captions from the web have, with or without their end, and all by number.
    nonisolated(unsafe) private static let entity =
        #/&(?:(amp|lt|gt|quot|apos|nbsp|copy|reg|trade|hellip|mdash|ndash|lsquo|rsquo|ldquo|rdquo|middot|bull|times|deg|eacute|egrave|agrave|uuml|ouml|auml|euro|pound|yen)\b;?|(#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6});)/#
    nonisolated(unsafe) private static let escape = #/\\u[0-9a-fA-F]{4}/#

    private static func firstHidden(in text: String) -> String? {
        guard let scalar = text.unicodeScalars.first(where: isHidden) else { return nil }
        let code = String(scalar.value, radix: 16, uppercase: true)
        let name = "U+" + String(repeating: "0", count: max(0, 4 - code.count)) + code
        return scalar.value == 0xFEFF ? "the byte order mark \(name)" : "the control character \(name)"
    }

    /// Control characters other than tabs and line ends, marks of byte order and writing direction, and separators.
    private static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09, 0x0A, 0x0D: false
        case 0..<0x20, 0x7F..<0xA0, 0xFEFF, 0x200B, 0x200E, 0x200F, 0x2028, 0x2029, 0x202A...0x202E, 0x2066...0x2069:
            true
        default: false
        }
    }

    private static func firstTag(in scalars: [Unicode.Scalar]) -> String? {
        for place in scalars.indices where scalars[place] == "<" || scalars[place] == "[" {
            guard let end = tagEnd(scalars, from: place) else { continue }
            var tag = String.UnicodeScalarView()
            tag.append(contentsOf: scalars[place..<min(end, place + 40)])
            return String(tag)
        }
        return nil
    }

    /// The longest tag that is taken for one.
    private static let longest = 400
    /// Tokens of tokenizers that were written out.
    private static let special: Set<String> = ["CLS", "SEP", "PAD", "UNK", "MASK"]

    /// Where a tag ends that begins at `start`: `<b>`, `</b>`, `<br/>`, `<img src="…">`, `<!-- … -->`, `<|endoftext|>`, `[SEP]`.
    private static func tagEnd(_ scalars: [Unicode.Scalar], from start: Int) -> Int? {
        let isAngle = scalars[start] == "<"
        guard isAngle || scalars[start] == "[" else { return nil }
        let close: Unicode.Scalar = isAngle ? ">" : "]"
        let last = min(scalars.count, start + longest)
        guard start + 1 < last, let end = scalars[(start + 1)..<last].firstIndex(of: close) else { return nil }
        let inner = scalars[(start + 1)..<end]
        guard isAngle else {
            return special.contains(String(String.UnicodeScalarView(inner))) ? end + 1 : nil
        }
        guard !inner.contains("<"), let first = inner.first else { return nil }
        if first == "!" || first == "|" || first == "?" { return end + 1 }
        let name = inner.drop { $0 == "/" }.prefix {
            isLatin($0) || (0x30...0x39).contains($0.value) || $0 == "_" || $0 == "-"
        }
        guard let head = name.first, isLatin(head), name.count <= 20 else { return nil }
        // Behind the name: nothing, the end of an empty tag, or attributes.
        guard let next = inner.dropFirst(name.endIndex - inner.startIndex).first else { return end + 1 }
        return next == "/" || next.properties.isWhitespace ? end + 1 : nil
    }

    private static func isLatin(_ scalar: Unicode.Scalar) -> Bool {
        (0x41...0x5A).contains(scalar.value) || (0x61...0x7A).contains(scalar.value)
    }
}

/// What entities stand for.
private enum Entities {
    private static let named: [String: String] = [
        "amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'", "nbsp": " ", "copy": "©", "reg": "®", "trade": "™",
        "hellip": "…", "mdash": "—", "ndash": "–", "lsquo": "‘", "rsquo": "’", "ldquo": "“", "rdquo": "”",
        "middot": "·",
        "bull": "•", "times": "×", "deg": "°", "eacute": "é", "egrave": "è", "agrave": "à", "uuml": "ü", "ouml": "ö",
        "auml": "ä", "euro": "€", "pound": "£", "yen": "¥",
    ]

    static func text(of name: String) -> String? {
        guard name.hasPrefix("#") else { return named[name] }
        let digits = name.dropFirst()
        let number = digits.lowercased().hasPrefix("x") ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits)
        return number.flatMap(Unicode.Scalar.init).map { String($0) }
    }
}
