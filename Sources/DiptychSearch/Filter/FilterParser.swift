extension Filter {
    /// Reads a filter in the language that Documentation/filters.md describes.
    ///
    /// Nothing of the text reaches a database but as a value.
    ///
    /// - Throws: ``FilterError`` with the place.
    public init(_ text: String) throws(FilterError) {
        var parser = FilterParser(tokens: try FilterLexer.tokens(of: text))
        self = try parser.filter()
    }
}

/// Reads a filter by recursive descent.
private struct FilterParser {
    private let tokens: [FilterToken]
    private var place = 0
    private var depth = 0
    private var terms = 0

    /// The most levels of parentheses and `not`.
    private static let depthLimit = 64
    /// The most comparisons and listed values.
    private static let termLimit = 5_000

    init(tokens: [FilterToken]) { self.tokens = tokens }

    private var token: FilterToken { tokens[place] }

    mutating func filter() throws(FilterError) -> Filter {
        let filter = try alternatives()
        guard token.kind == .end else { throw FilterError(column: token.column, "expected 'and', 'or' or the end") }
        return filter
    }

    private func isWord(_ word: String) -> Bool {
        if case .word(let found) = token.kind { return found.lowercased() == word }
        return false
    }

    /// Goes past the word if it is the next.
    private mutating func take(_ word: String) -> Bool {
        guard isWord(word) else { return false }
        place += 1
        return true
    }

    private mutating func take(sign: String) -> Bool {
        guard token.kind == .sign(sign) else { return false }
        place += 1
        return true
    }

    private mutating func expect(sign: String) throws(FilterError) {
        guard take(sign: sign) else { throw FilterError(column: token.column, "expected '\(sign)'") }
    }

    private mutating func alternatives() throws(FilterError) -> Filter {
        var filters = [try conjunction()]
        while take("or") { filters.append(try conjunction()) }
        return filters.count == 1 ? filters[0] : .any(filters)
    }

    private mutating func conjunction() throws(FilterError) -> Filter {
        var filters = [try negation()]
        while take("and") { filters.append(try negation()) }
        return filters.count == 1 ? filters[0] : .all(filters)
    }

    private mutating func negation() throws(FilterError) -> Filter {
        let column = token.column
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.depthLimit else {
            throw FilterError(column: column, "conditions stand more than \(Self.depthLimit) levels deep")
        }
        if take("not") { return .not(try negation()) }
        if take(sign: "(") {
            let filter = try alternatives()
            try expect(sign: ")")
            return filter
        }
        return try test()
    }

    private mutating func countTerm() throws(FilterError) {
        terms += 1
        guard terms <= Self.termLimit else {
            throw FilterError(column: token.column, "there are more than \(Self.termLimit) conditions and values")
        }
    }

    /// A field and what is said of it.
    private mutating func test() throws(FilterError) -> Filter {
        try countTerm()
        if take("exists") { return .exists(try field()) }
        let column = token.column
        if isWord("location") {
            place += 1
            guard take("within") else { throw FilterError(column: token.column, "expected 'within' after location") }
            return .within(try box())
        }
        let field = try field()
        if case .sign(let sign) = token.kind, let comparison = Filter.Comparison(rawValue: sign) {
            place += 1
            return try compare(field, comparison, try value(for: field))
        }
        let isNegated = take("not")
        let filter: Filter
        if take("in") {
            filter = try list(field)
        } else if take("like") {
            guard field.kind == .text || field.kind == .any else {
                throw FilterError(column: column, "\(field.name) is no text; 'like' compares texts")
            }
            filter = .like(field, try pattern())
        } else if take("has") {
            filter = try compare(field, .equal, try value(for: field))
        } else if take("under") {
            guard field == .path || field == .folder else {
                throw FilterError(column: column, "only path and folder lie 'under' a folder, not \(field.name)")
            }
            filter = .under(Self.withoutLastSlash(try text("a folder")))
        } else if take("matches") {
            guard field == .caption else {
                throw FilterError(column: column, "only caption has words to match, not \(field.name)")
            }
            filter = try phrases()
        } else {
            throw FilterError(
                column: token.column,
                "expected a comparison, 'in', 'like', 'has', 'under' or 'matches' after \(field.name)")
        }
        return isNegated ? .not(filter) : filter
    }

    private mutating func field() throws(FilterError) -> FilterField {
        defer { place += 1 }
        switch token.kind {
        case .word(let name) where !["and", "or", "not", "in"].contains(name.lowercased()):
            return FilterField(named: name)
        case .quotedName(let name) where !name.isEmpty: return .attribute(name)
        default: throw FilterError(column: token.column, "expected a field, such as width, taken, tags or caption")
        }
    }

    private mutating func text(_ what: String) throws(FilterError) -> String {
        guard case .text(let text) = token.kind else {
            throw FilterError(column: token.column, "expected \(what) in quotes")
        }
        place += 1
        return text
    }

    /// A pattern short enough for every database, and with few enough stars that none makes comparing slow.
    private mutating func pattern() throws(FilterError) -> String {
        let column = token.column
        let pattern = try text("a pattern such as 'IMG_*'")
        guard pattern.utf8.count <= 1_000, pattern.utf8.count(where: { $0 == UInt8(ascii: "*") }) <= 8 else {
            throw FilterError(column: column, "a pattern may have 1000 bytes and 8 stars")
        }
        return pattern
    }

    /// A literal: what the field's values are compared with.
    private enum Literal {
        case value(FilterValue)
        case date(FilterDate)
    }

    private mutating func value(for field: FilterField) throws(FilterError) -> Literal {
        let column = token.column
        let literal: Literal
        switch token.kind {
        case .text(let text):
            if field.kind == .time, let date = FilterDate(text) {
                literal = .date(date)
            } else {
                literal = .value(.text(text))
            }
        case .number(let number): literal = .value(number)
        // Texts in this form come in the order of time, so that a comparison with such an attribute makes sense.
        case .date(let date): literal = field.kind == .time ? .date(date) : .value(.text(date.text))
        case .word(let word) where ["true", "false"].contains(word.lowercased()):
            literal = .value(.bool(word.lowercased() == "true"))
        default:
            throw FilterError(column: column, "expected a value; texts stand in quotes, dates look like 2024-05-31")
        }
        switch (field.kind, literal) {
        case (.any, _), (.text, .value(.text)), (.number, .value(.integer)), (.number, .value(.number)),
            (.time, .date), (.time, .value(.integer)), (.time, .value(.number)):
            break
        case (.text, _): throw FilterError(column: column, "\(field.name) is a text; write the value in quotes")
        case (.number, _): throw FilterError(column: column, "\(field.name) is a number")
        case (.time, _): throw FilterError(column: column, "\(field.name) is a time; write a date such as 2024-05-31")
        }
        place += 1
        return literal
    }

    /// A day and a month last some time: equal is what lies within, less what lies before, greater what lies after.
    private func compare(
        _ field: FilterField, _ comparison: Filter.Comparison, _ literal: Literal
    ) throws(FilterError) -> Filter {
        switch literal {
        case .value(let value): return .compare(field, comparison, value)
        case .date(let date):
            func bound(_ comparison: Filter.Comparison, _ seconds: Double) -> Filter {
                .compare(field, comparison, .number(seconds))
            }
            guard date.end > date.start else { return bound(comparison, date.start) }
            switch comparison {
            case .equal: return .all([bound(.greaterOrEqual, date.start), bound(.less, date.end)])
            case .notEqual: return .any([bound(.less, date.start), bound(.greaterOrEqual, date.end)])
            case .less: return bound(.less, date.start)
            case .lessOrEqual: return bound(.less, date.end)
            case .greater: return bound(.greaterOrEqual, date.end)
            case .greaterOrEqual: return bound(.greaterOrEqual, date.start)
            }
        }
    }

    private mutating func list(_ field: FilterField) throws(FilterError) -> Filter {
        try expect(sign: "(")
        var values: [FilterValue] = []
        var spans: [Filter] = []
        repeat {
            try countTerm()
            let literal = try value(for: field)
            if case .value(let value) = literal {
                values.append(value)
            } else {
                spans.append(try compare(field, .equal, literal))
            }
        } while take(sign: ",")
        try expect(sign: ")")
        guard !spans.isEmpty else { return .oneOf(field, values) }
        return .any(spans + (values.isEmpty ? [] : [.oneOf(field, values)]))
    }

    private mutating func box() throws(FilterError) -> GeoBox {
        let column = token.column
        try expect(sign: "(")
        var edges: [Double] = []
        repeat {
            switch token.kind {
            case .number(.integer(let value)): edges.append(Double(value))
            case .number(.number(let value)): edges.append(value)
            default: throw FilterError(column: token.column, "expected degrees, such as 47.3")
            }
            place += 1
        } while edges.count < 4 && take(sign: ",")
        try expect(sign: ")")
        guard edges.count == 4, let box = GeoBox(south: edges[0], west: edges[1], north: edges[2], east: edges[3])
        else {
            throw FilterError(
                column: column, "expected (south, west, north, east) in degrees, the south no further north")
        }
        return box
    }

    private mutating func phrases() throws(FilterError) -> Filter {
        let column = token.column
        let text = try text("words")
        var phrases: [CaptionPhrase] = []
        for term in text.split(whereSeparator: \.isWhitespace) {
            try countTerm()
            let words = CaptionWords.split(String(term))
            if !words.isEmpty { phrases.append(CaptionPhrase(words: words, isPrefix: term.hasSuffix("*"))) }
        }
        guard !phrases.isEmpty else { throw FilterError(column: column, "'\(text)' has no words to look for") }
        return .matches(phrases)
    }

    private static func withoutLastSlash(_ path: String) -> String {
        path.utf8.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    }
}
