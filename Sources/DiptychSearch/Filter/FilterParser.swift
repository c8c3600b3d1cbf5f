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
struct FilterParser {
    /// The attributes that the text names without brackets, with what each is compared to; a store can tell whether it has them.
    private(set) var attributes: [AttributeUse] = []
    /// The paths and folders that the text names, with their places.
    private(set) var paths: [PathUse] = []

    /// An attribute in the text of a filter.
    struct AttributeUse {
        let name: String
        let column: Int
        /// What it is compared to; nil where that is said of any value.
        var kind: FilterField.Kind?
    }

    /// A path or folder in the text of a filter.
    struct PathUse {
        let path: String
        let column: Int
        let isFolder: Bool
    }

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
        if take("exists") {
            // A location is a field that has no single value.
            if take("location") { return .all([.exists(.latitude), .exists(.longitude)]) }
            return .exists(try field())
        }
        let column = token.column
        if isWord("location") {
            place += 1
            guard take("within") else {
                throw FilterError(
                    column: token.column,
                    "expected 'location within (south, west, north, east)' or 'exists location'; an attribute of that name "
                        + "is written [location]")
            }
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
                throw FilterError(column: column, "\(field.name) is not a text; 'like' compares texts")
            }
            filter = .like(field, try pattern(for: field))
        } else if take("has") {
            filter = try compare(field, .equal, try value(for: field))
        } else if take("under") {
            guard field == .path || field == .folder else {
                throw FilterError(column: column, "only path and folder lie 'under' a folder, not \(field.name)")
            }
            let place = token.column
            let folder = Self.withoutLastSlash(try text("a folder"))
            paths.append(PathUse(path: folder, column: place, isFolder: true))
            filter = .under(folder)
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
            let field = FilterField(named: name)
            if case .attribute(let attribute) = field, attribute == name {
                attributes.append(AttributeUse(name: name, column: token.column))
            }
            return field
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
    private mutating func pattern(for field: FilterField) throws(FilterError) -> String {
        let column = token.column
        var pattern = try text("a pattern such as 'IMG_*'")
        if field == .type { pattern = pattern.lowercased() }
        note(.text, for: field)
        guard pattern.utf8.count <= 1_000, pattern.utf8.count(where: { $0 == UInt8(ascii: "*") }) <= 8 else {
            throw FilterError(column: column, "a pattern may have 1000 bytes and 8 stars")
        }
        return pattern
    }

    /// Notes what an attribute is compared to.
    private mutating func note(_ kind: FilterField.Kind, for field: FilterField) {
        if case .attribute(let name) = field, let last = attributes.indices.last, attributes[last].name == name {
            attributes[last].kind = kind
        }
    }

    /// A literal: what the field's values are compared with.
    private enum Literal {
        case value(FilterValue)
        case date(FilterDate)
    }

    private mutating func value(for field: FilterField) throws(FilterError) -> Literal {
        let column = token.column
        let literal: Literal
        switch (token.kind, field.kind) {
        case (.text(let text), let kind):
            if kind == .time, let date = FilterDate(text, allowsYear: true) {
                literal = .date(date)
            } else {
                literal = .value(.text(try checked(text, for: field)))
            }
        case (.number(let number), .time): literal = try Self.time(number, column: column)
        case (.number(let number), _): literal = .value(number)
        case (.seconds(let seconds), .time): literal = .value(.number(seconds))
        // Texts in this form come in the order of time, so that a comparison with such an attribute makes sense.
        case (.date(let date), let kind): literal = kind == .time ? .date(date) : .value(.text(date.text))
        // What has a few values only needs no quotes.
        case (.word(let word), _) where field == .kind || field == .type:
            literal = .value(.text(try checked(word, for: field)))
        case (.word(let word), _) where ["true", "false"].contains(word.lowercased()):
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
        case (.time, _): throw FilterError(column: column, "\(field.name) is a time; \(FilterDate.advice)")
        }
        if case .value(let value) = literal {
            if case .text = value { note(.text, for: field) } else { note(.number, for: field) }
        }
        place += 1
        return literal
    }

    /// A text as the field's values are written.
    private mutating func checked(_ text: String, for field: FilterField) throws(FilterError) -> String {
        switch field {
        case .type: return try ImageTypeName.named(text, column: token.column)
        case .kind:
            guard AssetKind(rawValue: text) != nil else {
                let kinds = AssetKind.allCases.map(\.rawValue).joined(separator: ", ")
                throw FilterError(
                    column: token.column,
                    "'\(text)' is not a kind of asset; expected one of \(kinds); an attribute of this name is attributes.kind"
                )
            }
            return text
        case .path, .folder:
            let path = field == .folder ? Self.withoutLastSlash(text) : text
            paths.append(PathUse(path: path, column: token.column, isFolder: field == .folder))
            return path
        default: return text
        }
    }

    /// A bare number as a time: four digits are a year, and what can only be seconds since 1970 is that. Anything between
    /// could be either, or a date without its dashes.
    private static func time(_ number: FilterValue, column: Int) throws(FilterError) -> Literal {
        if case .integer(let year) = number, let date = FilterDate(year: year) { return .date(date) }
        guard FilterDate.plainSeconds.contains(number.asNumber) else {
            let written = if case .integer(let value) = number { "\(value)" } else { "\(number.asNumber)" }
            throw FilterError(column: column, "\(written) is not a time; \(FilterDate.advice)")
        }
        return .value(number)
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
