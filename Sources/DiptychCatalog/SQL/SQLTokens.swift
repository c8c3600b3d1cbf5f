/// The words and signs of SQL, as far as they have to be told apart: names, texts, comments and the rest.
struct SQLToken {
    enum Kind: Equatable {
        /// A bare name or keyword.
        case word
        /// A name in quotation marks or brackets.
        case quotedName
        case text
        case number
        /// White space and comments.
        case space
        /// One sign, such as a dot or a parenthesis.
        case sign
    }

    let kind: Kind
    /// As it is written.
    let text: String
    /// Where it begins, in bytes.
    let offset: Int

    /// The name that a word or a quoted name says.
    var name: String {
        guard kind == .quotedName, let first = text.first else { return text }
        let inside = String(text.dropFirst().dropLast())
        return first == "[" ? inside : inside.replacing("\(first)\(first)", with: "\(first)")
    }

    /// Whether it is this word, in any case.
    func isWord(_ word: String) -> Bool { kind == .word && text.lowercased() == word }

    /// Divides SQL into its parts; nothing is lost.
    static func tokens(of sql: String) -> [SQLToken] {
        let bytes = Array(sql.utf8)
        var tokens: [SQLToken] = []
        var at = 0
        func isWordByte(_ byte: UInt8) -> Bool {
            byte >= 0x80 || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "$")
                || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) || isDigit(byte)
        }
        func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
        func end(of quote: UInt8, from start: Int) -> Int {
            var end = start + 1
            let last = quote == UInt8(ascii: "[") ? UInt8(ascii: "]") : quote
            while end < bytes.count {
                if bytes[end] == last {
                    // A doubled mark is one within the text.
                    guard last == quote, end + 1 < bytes.count, bytes[end + 1] == last else { return end + 1 }
                    end += 1
                }
                end += 1
            }
            return bytes.count
        }
        while at < bytes.count {
            let (start, byte) = (at, bytes[at])
            let next = at + 1 < bytes.count ? bytes[at + 1] : 0
            let kind: Kind
            switch byte {
            case _ where isSpace(byte):
                while at < bytes.count, isSpace(bytes[at]) { at += 1 }
                kind = .space
            case UInt8(ascii: "-") where next == UInt8(ascii: "-"):
                while at < bytes.count, bytes[at] != 0x0A { at += 1 }
                kind = .space
            case UInt8(ascii: "/") where next == UInt8(ascii: "*"):
                at += 2
                while at < bytes.count,
                    !(bytes[at - 1] == UInt8(ascii: "/") && bytes[at - 2] == UInt8(ascii: "*") && at - start > 3)
                {
                    at += 1
                }
                kind = .space
            case UInt8(ascii: "'"):
                at = end(of: byte, from: at)
                kind = .text
            case UInt8(ascii: "\""), UInt8(ascii: "`"), UInt8(ascii: "["):
                at = end(of: byte, from: at)
                kind = .quotedName
            case _ where isDigit(byte):
                while at < bytes.count, isWordByte(bytes[at]) || bytes[at] == UInt8(ascii: ".") { at += 1 }
                kind = .number
            case _ where isWordByte(byte):
                while at < bytes.count, isWordByte(bytes[at]) { at += 1 }
                kind = .word
            default:
                at += 1
                kind = .sign
            }
            tokens.append(
                SQLToken(kind: kind, text: String(decoding: bytes[start..<at], as: UTF8.self), offset: start))
        }
        return tokens
    }

    /// A name as SQL quotes it.
    static func quoted(_ name: String) -> String { "\"" + name.replacing("\"", with: "\"\"") + "\"" }
}

/// SQL as a person wrote it, made fit for SQLite: columns with dots in their names and versions of datasets are quoted.
package struct SQLText {
    /// What SQLite reads.
    package private(set) var sql = ""
    /// Where each part of it began in what was written, by offsets in bytes.
    private var places: [(sql: Int, written: Int)] = []
    private let written: String

    /// - Parameters:
    ///   - columns: the names of columns that there are.
    ///   - version: the name of the view for a version of a dataset, such as `cartoons@3`; nil where there is none.
    package init(_ written: String, columns: [String], version: (String, Int) -> String?) throws(CatalogError) {
        self.written = written
        var dotted: [[String]: String] = [:]
        for column in columns where column.contains(".") {
            dotted[column.lowercased().split(separator: ".", omittingEmptySubsequences: false).map(String.init)] =
                column
        }
        let tokens = SQLToken.tokens(of: written)
        var at = 0
        while at < tokens.count {
            let token = tokens[at]
            if token.kind == .word || token.kind == .quotedName, at + 2 < tokens.count, tokens[at + 1].text == "@",
                tokens[at + 2].kind == .number, let number = Int(tokens[at + 2].text)
            {
                guard let view = version(token.name, number) else {
                    throw CatalogError(
                        .query, "column \(Self.column(token.offset, in: written)): there is no \(token.name)@\(number)")
                }
                add(SQLToken.quoted(view), at: token.offset)
                at += 3
                continue
            }
            if token.kind == .sign, ["?", ":", "@"].contains(token.text) {
                throw CatalogError(
                    .query,
                    "column \(Self.column(token.offset, in: written)): '\(token.text)' asks for a parameter, and there are none"
                )
            }
            if token.kind == .word, let (length, column) = Self.dotted(tokens[at...], dotted) {
                add(SQLToken.quoted(column), at: token.offset)
                at += length
                continue
            }
            add(token.text, at: token.offset)
            at += 1
        }
    }

    /// The column that the words from here on name with dots between them, and how many tokens they are.
    private static func dotted(_ tokens: ArraySlice<SQLToken>, _ known: [[String]: String]) -> (Int, String)? {
        guard !known.isEmpty else { return nil }
        var parts: [String] = []
        var found: (Int, String)?
        var at = tokens.startIndex
        while at < tokens.endIndex, tokens[at].kind == .word {
            parts.append(tokens[at].text.lowercased())
            if let column = known[parts] { found = (at - tokens.startIndex + 1, column) }
            guard at + 1 < tokens.endIndex, tokens[at + 1].text == "." else { break }
            at += 2
        }
        return found
    }

    /// SQL that no person wrote.
    init(made sql: String) { (self.sql, written) = (sql, "") }

    /// The same within other SQL. A line end keeps a comment from swallowing what follows.
    package func inside(_ before: String, _ after: String) -> SQLText {
        var text = self
        text.sql = before + sql + "\n" + after
        text.places = places.map { ($0.sql + before.utf8.count, $0.written) }
        return text
    }

    private mutating func add(_ text: String, at written: Int) {
        places.append((sql.utf8.count, written))
        sql += text
    }

    /// Where a byte of ``sql`` stands in what was written, as a column counted from 1 in characters.
    package func column(at offset: Int) -> Int? {
        guard offset >= 0, !written.isEmpty, let place = places.last(where: { $0.sql <= offset }) else { return nil }
        return Self.column(place.written + (offset - place.sql), in: written)
    }

    private static func column(_ offset: Int, in written: String) -> Int {
        String(decoding: written.utf8.prefix(offset), as: UTF8.self).count + 1
    }
}
