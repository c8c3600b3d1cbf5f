internal import DiptychDatasets

/// What looking at a text gave.
struct TextFacts {
    var faults: [Fault] = []
    /// The text as a repair writes it; nil where it cannot be mended.
    var repaired: String?
    /// Of the text as it would be compared: without markup, with single spaces, in lower case.
    var hash: ContentHash?
}

/// Looks at texts, on one thread.
struct TextInspector {
    let length: TextLength
    private let mojibake = Mojibake()
    /// The longest text that is looked at as a whole, in bytes.
    private static let longest = 1 << 17

    init(length: TextLength) { self.length = length }

    /// - Parameter encoding: the one in which it was read, where the file is in another.
    func facts(_ text: String, encoding: TextFileEncoding?) -> TextFacts {
        var facts = TextFacts()
        var (current, isLost) = (text, false)
        // The beginning says what a text of any length is, and all that a model reads of it.
        if text.utf8.count > Self.longest {
            facts.faults.append(
                Fault(kind: .longText, detail: "\(text.utf8.count) bytes: \(Self.shown(String(text.prefix(80))))"))
            current = length.cut(String(text.unicodeScalars.prefix(Self.longest / 16)))
        }
        if let encoding {
            facts.faults.append(
                Fault(
                    kind: .wrongEncoding, detail: "is not UTF-8; it reads as \(encoding.rawValue): \(Self.shown(text))")
            )
        }
        guard !Self.isBlank(current) else {
            facts.faults.append(Fault(kind: .emptyText, detail: "the text is empty"))
            return facts
        }
        switch mojibake.finding(current) {
        case .sound: break
        case .mended(let mended, let how):
            facts.faults.append(Fault(kind: .wrongEncoding, detail: "\(how): \(Self.shown(text))"))
            current = mended
        case .lost(let why):
            facts.faults.append(Fault(kind: .wrongEncoding, detail: "\(why): \(Self.shown(text))"))
            isLost = true
        }
        if let fault = Markup.fault(in: current) {
            facts.faults.append(Fault(kind: .gluedMarkup, detail: "\(fault) in \(Self.shown(current))"))
            current = Markup.cleaned(current)
        }
        guard !Self.isBlank(current) else {
            return facts
        }
        if let (count, limit) = length.excess(current) {
            let least = length.tokenizer == nil ? "at least " : ""
            facts.faults.append(
                Fault(kind: .longText, detail: "\(least)\(count) tokens for \(limit): \(Self.shown(current))"))
            current = length.cut(current)
        }
        facts.hash = ContentHash(Self.compared(current).utf8)
        if !isLost, !Self.isBlank(current) { facts.repaired = current }
        return facts
    }

    /// Whether a text has nothing to be seen.
    private static func isBlank(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy {
            $0.properties.isWhitespace || $0.properties.isDefaultIgnorableCodePoint
                || $0.properties.generalCategory == .control
        }
    }

    private static func compared(_ text: String) -> String {
        text.lowercased().split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    /// The beginning of a text for messages.
    static func shown(_ text: String) -> String { text.count > 60 ? text.prefix(60) + "…" : text }
}
