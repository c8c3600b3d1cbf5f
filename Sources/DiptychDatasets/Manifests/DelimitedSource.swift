/// Comma- or tab-separated values with a header line, as rows with images.
struct DelimitedSource: RowSource {
    private var builder: RowBuilder
    private let path: String
    private var records: DelimitedRecords?
    private var header: [String] = []

    init(_ stream: TextStream, path: String, delimiter: UInt8, columns: ColumnNames) throws(DatasetError) {
        self.path = stream.name
        builder = RowBuilder(names: columns, path: path)
        records = DelimitedRecords(LineStream(stream), delimiter: delimiter, path: stream.name)
        guard let first = try records?.next() else {
            throw DatasetError(.malformed, path: self.path, "is empty; it should begin with a line of column names")
        }
        header = first.fields
        builder = RowBuilder(names: columns.completed(for: header), path: path)
        let known = Set(header.map { $0.lowercased() })
        guard builder.names.image.contains(where: { known.contains($0.lowercased()) }) else {
            let wanted = builder.names.image.prefix(4).joined(separator: ", ")
            throw DatasetError(
                .malformed, path: self.path, place: "line \(first.number)",
                "names no column of images; one should be called \(wanted) or url")
        }
    }

    mutating func next() -> Result<DatasetRow, DatasetError>? {
        do throws(DatasetError) {
            guard let record = try records?.next() else { return nil }
            let place = "line \(record.number)"
            guard record.fields.count == header.count else {
                throw DatasetError(
                    .malformed, path: path, place: place,
                    "has \(record.fields.count) fields for \(header.count) columns")
            }
            let cells = zip(header, record.fields).map { ($0, $1.isEmpty ? Cell.json(.null) : .json(.string($1))) }
            return .success(try builder.row(cells, place: place))
        } catch {
            if error.place.isEmpty { records = nil }
            return .failure(error)
        }
    }
}

/// Records of comma- or tab-separated values. A field may stand in quotes, which may hold line breaks, and in which two
/// quotes stand for one (RFC 4180).
struct DelimitedRecords {
    struct Record {
        /// The line on which it begins.
        let number: Int
        let fields: [String]
        /// Where it is in a file that is neither compressed nor UTF-16, without its last line break.
        let offset: Int
        let count: Int
    }

    private let delimiter: UInt8
    private let path: String
    private var lines: LineStream
    /// Where the last record was, or the line that was refused.
    private(set) var start = (number: 0, offset: 0, count: 0)

    /// The longest record that is taken; an open quote would otherwise swallow the rest of the file.
    private static let longestRecord = 1 << 20

    init(_ lines: LineStream, delimiter: UInt8, path: String) {
        self.lines = lines
        self.delimiter = delimiter
        self.path = path
    }

    /// The next record; nil at the end. Blank lines mean nothing.
    ///
    /// - Throws: ``DatasetError`` with a place where only one is damaged, so that the next may be read.
    mutating func next() throws(DatasetError) -> Record? {
        while let first = try lines.next() {
            start = (first.number, first.offset, first.bytes.count)
            try first.check(path)
            guard !first.bytes.isEmpty else { continue }
            var taken: [LineStream.Line] = []
            var splitter = FieldSplitter(delimiter: delimiter)
            var line = first
            while true {
                switch splitter.take(line.bytes, ending: line.ending) {
                case .isWhole:
                    start.count = line.offset + line.bytes.count - first.offset
                    var texts: [String] = []
                    for field in splitter.fields {
                        guard let text = String(validating: field, as: UTF8.self) else {
                            throw malformed(first, TextEncoding.reason)
                        }
                        texts.append(text)
                    }
                    return Record(number: first.number, fields: texts, offset: first.offset, count: start.count)
                case .isMalformed:
                    lines.push(back: taken)
                    throw malformed(first, "something stands between the end of a quoted field and the next field")
                case .isOpen:
                    guard splitter.byteCount <= Self.longestRecord, let more = try lines.next() else {
                        // The quote was none: the lines after the first are records of their own.
                        lines.push(back: taken)
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
