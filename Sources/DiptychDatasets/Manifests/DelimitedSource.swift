/// Comma- or tab-separated values with a header line. A field may stand in quotes, which may hold line breaks, and in which
/// two quotes stand for one (RFC 4180).
struct DelimitedSource: RowSource {
    private let delimiter: UInt8
    private let builder: RowBuilder
    private let path: String
    private var lines: LineStream?
    private var header: [String] = []

    /// The longest record that is taken; an open quote would otherwise swallow the rest of the file.
    private static let longestRecord = 1 << 20

    init(_ stream: TextStream, path: String, delimiter: UInt8, columns: ColumnNames) throws(DatasetError) {
        self.delimiter = delimiter
        self.path = stream.name
        builder = RowBuilder(names: columns, path: path)
        lines = LineStream(stream)
        guard let (number, fields) = try record() else {
            throw DatasetError(.malformed, path: self.path, "is empty; it should begin with a line of column names")
        }
        header = fields
        let known = Set(fields.map { $0.lowercased() })
        guard builder.names.image.contains(where: { known.contains($0.lowercased()) }) else {
            let wanted = builder.names.image.prefix(4).joined(separator: ", ")
            throw DatasetError(
                .malformed, path: self.path, place: "line \(number)",
                "names no column of pictures; one should be called \(wanted) or url")
        }
    }

    mutating func next() -> Result<DatasetRow, DatasetError>? {
        do throws(DatasetError) {
            guard let (number, fields) = try record() else { return nil }
            let place = "line \(number)"
            guard fields.count == header.count else {
                throw DatasetError(
                    .malformed, path: path, place: place, "has \(fields.count) fields for \(header.count) columns")
            }
            let cells = zip(header, fields).map { ($0, $1.isEmpty ? Cell.json(.null) : .json(.string($1))) }
            return .success(try builder.row(cells, place: place))
        } catch {
            if error.place.isEmpty { lines = nil }
            return .failure(error)
        }
    }

    /// The next record and the line on which it begins; blank lines mean nothing.
    private mutating func record() throws(DatasetError) -> (Int, [String])? {
        while let first = try lines?.next() {
            try first.check(path)
            guard !first.bytes.isEmpty else { continue }
            var taken: [LineStream.Line] = []
            var splitter = FieldSplitter(delimiter: delimiter)
            var line = first
            while true {
                switch splitter.take(line.bytes, ending: line.ending) {
                case .isWhole:
                    var texts: [String] = []
                    for field in splitter.fields {
                        guard let text = String(validating: field, as: UTF8.self) else {
                            throw malformed(first, TextEncoding.reason)
                        }
                        texts.append(text)
                    }
                    return (first.number, texts)
                case .isMalformed:
                    lines?.push(back: taken)
                    throw malformed(first, "something stands between the end of a quoted field and the next field")
                case .isOpen:
                    guard splitter.byteCount <= Self.longestRecord, let more = try lines?.next() else {
                        // The quote was none: the lines after the first are records of their own.
                        lines?.push(back: taken)
                        throw malformed(first, "a quoted field does not end")
                    }
                    taken.append(more)
                    line = more
                }
            }
        }
        return nil
    }

    private func malformed(_ line: LineStream.Line, _ reason: String) -> DatasetError {
        DatasetError(.malformed, path: path, place: "line \(line.number)", reason)
    }
}
