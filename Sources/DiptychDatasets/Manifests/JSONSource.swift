/// A JSON object a line; or the objects of one JSON array; or objects that follow one another over several lines.
struct JSONSource: RowSource {
    private enum Items {
        case lines(LineStream)
        case elements(JSONElements, word: String)
    }

    private struct Item {
        let place: String
        let bytes: [UInt8]
        let isTooLong: Bool
    }

    private let builder: RowBuilder
    private let path: String
    private let notes: DatasetNotes?
    private var items: Items?

    /// What is looked at to tell one object a line from other forms.
    private static let headLength = 1 << 16

    init(_ stream: TextStream, path: String, columns: ColumnNames, notes: DatasetNotes?) throws(DatasetError) {
        self.path = stream.name
        self.notes = notes
        builder = RowBuilder(names: columns, path: path)
        let head = try stream.head(Self.headLength)[...].drop(while: FileContent.isBlank)
        if let member = Self.documentMember(head), !Self.beginsWithRow(head, columns) {
            throw DatasetError(
                .unsupported, path: stream.name,
                "is one JSON object of lists ('\(member)'), as COCO has it; give one object a picture, an array of them or one a "
                    + "line: {\"image\": \"a.jpg\", \"caption\": \"…\"}")
        }
        if head.first == UInt8(ascii: "[") {
            items = .elements(JSONElements(stream, isArray: true), word: "item")
        } else if Self.isSpread(head) {
            items = .elements(JSONElements(stream, isArray: false), word: "object")
        } else {
            items = .lines(LineStream(stream))
        }
    }

    mutating func next() -> Result<DatasetRow, DatasetError>? {
        do throws(DatasetError) {
            guard let item = try item() else { return nil }
            return .success(try row(item))
        } catch {
            if error.place.isEmpty { items = nil }
            return .failure(error)
        }
    }

    private mutating func item() throws(DatasetError) -> Item? {
        switch items {
        case .lines(var lines)?:
            // Out of the enumeration while it changes, so that its bytes are not copied.
            items = nil
            var found: Item?
            while found == nil, let line = try lines.next() {
                guard line.isTooLong || !line.bytes.allSatisfy(FileContent.isBlank) else { continue }
                found = Item(place: "line \(line.number)", bytes: line.bytes, isTooLong: line.isTooLong)
            }
            items = .lines(lines)
            return found
        case .elements(var elements, let word)?:
            items = nil
            let element = try elements.next()
            items = .elements(elements, word: word)
            return element.map { Item(place: "\(word) \($0.number)", bytes: $0.bytes, isTooLong: $0.isTooLong) }
        case nil: return nil
        }
    }

    private func row(_ item: Item) throws(DatasetError) -> DatasetRow {
        let place = item.place
        guard !item.isTooLong else {
            throw DatasetError(
                .tooLarge, path: path, place: place, "is longer than \(LineStream.longest >> 20) MiB")
        }
        let value: JSONValue
        do throws(JSONParser.Fault) {
            let (parsed, notFinite) = try JSONParser.document(item.bytes)
            value = parsed
            notes?.add(notFinite: notFinite, path: path, place: place)
        } catch {
            throw DatasetError(
                .malformed, path: path, place: place, "is not JSON: \(error.reason) (byte \(error.offset))")
        }
        // An array of paths.
        if case .string = value { return try builder.row([("image", .json(value))], place: place) }
        guard case .object(let members) = value else {
            throw DatasetError(.malformed, path: path, place: place, "should be an object: {\"image\": …}")
        }
        do throws(DatasetError) {
            return try builder.row(members.map { ($0.name, .json($0.value)) }, place: place)
        } catch {
            guard error.kind == .incomplete, value["image_ids"] != nil, value["text"] != nil else { throw error }
            throw DatasetError(
                .incomplete, path: path,
                "holds the texts of pictures that stand elsewhere (image_ids); give the …_imgs.tsv beside it")
        }
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
