/// The JSON values of a file one at a time: an object a line; or the elements of one array; or objects that follow one
/// another over several lines.
struct JSONItems {
    private enum Form {
        case lines(LineStream)
        case elements(JSONElements)
    }

    struct Item {
        /// Its line, or its place among the others, from 1.
        let number: Int
        /// What errors call it.
        let place: String
        let bytes: [UInt8]
        /// Where it begins in a file that is neither compressed nor UTF-16.
        let offset: Int
        /// Whether it was longer than is kept; the bytes are missing then.
        let isTooLong: Bool
    }

    /// What one is called: line, item or object.
    let word: String
    private var form: Form?

    /// What is looked at to tell one object a line from other forms.
    private static let headLength = 1 << 16

    /// - Parameter columns: which members are images: with them, one object that is a whole dataset is refused.
    init(_ stream: TextStream, columns: ColumnNames?) throws(DatasetError) {
        let head = try stream.head(Self.headLength)[...].drop(while: FileContent.isBlank)
        if let member = Self.documentMember(head), columns.map({ !Self.beginsWithRow(head, $0) }) ?? !Self.isRow(head) {
            throw DatasetError(
                .unsupported, path: stream.name,
                "is one JSON object of lists ('\(member)'), as COCO has it; give one object an image, an array of them or one a "
                    + "line: {\"image\": \"a.jpg\", \"caption\": \"…\"}")
        }
        if head.first == UInt8(ascii: "[") {
            (form, word) = (.elements(JSONElements(stream, isArray: true)), "item")
        } else if Self.isSpread(head) {
            (form, word) = (.elements(JSONElements(stream, isArray: false)), "object")
        } else {
            (form, word) = (.lines(LineStream(stream)), "line")
        }
    }

    /// The next value; nil at the end.
    mutating func next() throws(DatasetError) -> Item? {
        switch form {
        case .lines(var lines)?:
            // Out of the enumeration while it changes, so that its bytes are not copied.
            form = nil
            var found: Item?
            while found == nil, let line = try lines.next() {
                guard line.isTooLong || !line.bytes.allSatisfy(FileContent.isBlank) else { continue }
                found = item(line.number, line.bytes, line.offset, line.isTooLong)
            }
            form = .lines(lines)
            return found
        case .elements(var elements)?:
            form = nil
            let element = try elements.next()
            form = .elements(elements)
            return element.map { item($0.number, $0.bytes, $0.offset, $0.isTooLong) }
        case nil: return nil
        }
    }

    private func item(_ number: Int, _ bytes: [UInt8], _ offset: Int, _ isTooLong: Bool) -> Item {
        Item(number: number, place: "\(word) \(number)", bytes: bytes, offset: offset, isTooLong: isTooLong)
    }

    /// Whether the first line is a whole object.
    private static func isRow(_ head: ArraySlice<UInt8>) -> Bool {
        let line = head.prefix { $0 != 0x0A && $0 != 0x0D }
        guard line.count < head.count, case .object? = try? JSONParser.parse(line) else { return false }
        return true
    }

    /// Whether the first object goes on in the next line.
    private static func isSpread(_ head: ArraySlice<UInt8>) -> Bool {
        let isBreak: (UInt8) -> Bool = { $0 == 0x0A || $0 == 0x0D }
        let first = head.prefix { !isBreak($0) }
        guard first.count < head.count, first.first == UInt8(ascii: "{") else { return false }
        var scanner = JSONScanner()
        _ = scanner.scan(first)
        // One damaged line before others is a damaged line.
        let next = head.dropFirst(first.count).drop(while: FileContent.isBlank).first
        return !scanner.hasEnded && next != UInt8(ascii: "{")
    }

    /// Whether the first line is an object with a picture.
    private static func beginsWithRow(_ head: ArraySlice<UInt8>, _ columns: ColumnNames) -> Bool {
        let line = head.prefix { $0 != 0x0A && $0 != 0x0D }
        guard let value = try? JSONParser.parse(line) else { return false }
        return columns.image.contains { value[$0]?.string != nil }
    }

    /// The first member of an object that is a whole data set and not a row.
    private static func documentMember(_ head: ArraySlice<UInt8>) -> String? {
        var rest = head
        func skipBlanks() { rest = rest.drop(while: FileContent.isBlank) }
        guard rest.popFirst() == UInt8(ascii: "{") else { return nil }
        skipBlanks()
        guard rest.popFirst() == UInt8(ascii: "\"") else { return nil }
        let name = String(decoding: rest.prefix { $0 != UInt8(ascii: "\"") }, as: UTF8.self)
        rest = rest.dropFirst(name.utf8.count + 1)
        skipBlanks()
        guard rest.popFirst() == UInt8(ascii: ":") else { return nil }
        skipBlanks()
        let known: Set = [
            "info", "images", "annotations", "licenses", "categories", "data", "rows", "features", "dataset", "samples",
            "items", "results", "records", "videos",
        ]
        guard known.contains(name.lowercased()), let first = rest.popFirst() else { return nil }
        skipBlanks()
        // A list of objects, or an object.
        let isList = first == UInt8(ascii: "[") && rest.first == UInt8(ascii: "{")
        return isList || (first == UInt8(ascii: "{") && name != "data") ? name : nil
    }
}
