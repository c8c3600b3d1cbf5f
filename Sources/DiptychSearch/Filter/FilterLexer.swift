internal import Foundation

/// A word, a literal or a sign of the filter language.
struct FilterToken: Equatable {
    enum Kind: Equatable {
        /// A field's name or a word of the language.
        case word(String)
        /// A name in square brackets: never a word of the language.
        case quotedName(String)
        case text(String)
        case number(FilterValue)
        case date(FilterDate)
        /// Seconds since 1970.
        case seconds(Double)
        case sign(String)
        case end
    }

    let kind: Kind
    /// The place in the text, in characters from 1 on.
    let column: Int
}

/// Cuts a filter into tokens.
struct FilterLexer {
    private let scalars: [Unicode.Scalar]
    private var place = 0

    /// The most bytes of a filter's text.
    static let byteLimit = 65_536

    init(_ text: String) { scalars = Array(text.unicodeScalars) }

    static func tokens(of text: String) throws(FilterError) -> [FilterToken] {
        guard text.utf8.count <= byteLimit else {
            throw FilterError(column: 1, "it is longer than \(byteLimit) bytes")
        }
        var lexer = FilterLexer(text)
        var tokens: [FilterToken] = []
        repeat { tokens.append(try lexer.next()) } while tokens.last?.kind != .end
        return tokens
    }

    private func peek(_ offset: Int = 0) -> Unicode.Scalar? {
        place + offset < scalars.count ? scalars[place + offset] : nil
    }

    private mutating func next() throws(FilterError) -> FilterToken {
        while let scalar = peek(), scalar.properties.isWhitespace { place += 1 }
        let column = place + 1
        guard let scalar = peek() else { return FilterToken(kind: .end, column: column) }
        switch scalar {
        case "'", "\"": return FilterToken(kind: .text(try quoted(by: scalar)), column: column)
        case "[": return FilterToken(kind: .quotedName(try quoted(by: "]")), column: column)
        case "(", ")", ",":
            place += 1
            return FilterToken(kind: .sign(String(scalar)), column: column)
        case "=", "!", "<", ">": return FilterToken(kind: .sign(try comparison()), column: column)
        case "0"..."9", "-", "+", ".": return FilterToken(kind: try numberOrDate(), column: column)
        case _ where Self.isNamePart(scalar):
            var word = ""
            while let scalar = peek(), Self.isNamePart(scalar) || scalar == "." || ("0"..."9").contains(scalar) {
                word.unicodeScalars.append(scalar)
                place += 1
            }
            return FilterToken(kind: .word(word), column: column)
        default:
            throw FilterError(
                column: column, "'\(scalar)' has no meaning here; texts stand in quotes, dates look like 2024-05-31")
        }
    }

    private static func isNamePart(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "_" || scalar.properties.isAlphabetic || scalar.properties.generalCategory == .nonspacingMark
    }

    /// A text up to the quote that ends it; within, two of them stand for one.
    private mutating func quoted(by quote: Unicode.Scalar) throws(FilterError) -> String {
        let column = place + 1
        place += 1
        var text = ""
        while let scalar = peek() {
            place += 1
            guard scalar == quote else {
                guard scalar != "\0" else { throw FilterError(column: place, "a text cannot hold the character zero") }
                text.unicodeScalars.append(scalar)
                continue
            }
            guard peek() == quote else { return text }
            text.unicodeScalars.append(quote)
            place += 1
        }
        throw FilterError(column: column, "the closing \(quote) is missing")
    }

    private mutating func comparison() throws(FilterError) -> String {
        let column = place + 1
        var sign = ""
        while let scalar = peek(), "=!<>".unicodeScalars.contains(scalar) {
            sign.unicodeScalars.append(scalar)
            place += 1
        }
        switch sign {
        case "==": return "="
        case "<>": return "!="
        case "=", "!=", "<", "<=", ">", ">=": return sign
        default: throw FilterError(column: column, "'\(sign)' is not a comparison; expected one of = != < <= > >=")
        }
    }

    private mutating func numberOrDate() throws(FilterError) -> FilterToken.Kind {
        let column = place + 1
        var text = ""
        while let scalar = peek(), scalar.isASCII, Self.isNumberPart(scalar) {
            text.unicodeScalars.append(scalar)
            place += 1
        }
        if let date = FilterDate(text) { return .date(date) }
        if text.hasSuffix("s"), let seconds = Double(text.dropLast()), seconds.isFinite { return .seconds(seconds) }
        guard let value = Self.number(text) else {
            throw FilterError(column: column, "'\(text)' is neither a number nor a date such as 2024-05-31")
        }
        return .number(value)
    }

    private static func isNumberPart(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isAlphabetic || scalar.properties.numericType != nil || "+-.:".unicodeScalars.contains(scalar)
    }

    /// A number, with a unit of bytes after it or none.
    private static func number(_ text: String) -> FilterValue? {
        let units: [(String, Double)] = [
            ("kib", 1024), ("mib", 1_048_576), ("gib", 1_073_741_824), ("kb", 1e3), ("mb", 1e6), ("gb", 1e9),
        ]
        let lower = text.lowercased()
        if let (unit, factor) = units.first(where: { lower.hasSuffix($0.0) }) {
            guard let value = Double(lower.dropLast(unit.count)), (value * factor).isFinite else { return nil }
            return .number(value * factor)
        }
        guard !lower.contains(where: { "xinp".contains($0) }) else { return nil }
        if let value = Int64(text) { return .integer(value) }
        guard let value = Double(text), value.isFinite else { return nil }
        return .number(value)
    }
}
