internal import DiptychBasics

/// Comma- or tab-separated values by their places.
///
/// An empty field is null. A column is one of numbers where writing the numbers gives every field's own text back, so that
/// `007` and `1.10` stay texts.
struct DelimitedDataset: Dataset {
    let columns: [DatasetColumn]
    private let file: InputFile
    private let offsets: RowOffsets
    private let delimiter: UInt8

    /// Reads the file once, to find its rows and what its columns hold.
    init(path: String, delimiter: UInt8, encoding: TextFileEncoding? = nil) throws(DatasetError) {
        self.delimiter = delimiter
        file = try InputFile.plainText(path, encoding)
        var records = DelimitedRecords(LineStream(TextStream(ByteStream(file))), delimiter: delimiter, path: file.path)
        guard let header = try records.next()?.fields else {
            throw DatasetError(.malformed, path: file.path, "is empty; it should begin with a line of column names")
        }
        guard Set(header).count == header.count else {
            throw DatasetError(.malformed, path: file.path, place: "line 1", "names a column twice")
        }
        var offsets = RowOffsets()
        var types = [DatasetType](repeating: .null, count: header.count)
        while true {
            do throws(DatasetError) {
                guard let record = try records.next() else { break }
                offsets.append(offset: record.offset, count: record.count, number: record.number)
                guard record.fields.count == header.count else { continue }
                for (index, field) in record.fields.enumerated() where !field.isEmpty && types[index] != .text {
                    let merged = types[index].merged(with: Self.type(of: field))
                    types[index] = merged == .any ? .text : merged
                }
            } catch {
                guard !error.place.isEmpty else { throw error }
                // A damaged row says why when it is read.
                offsets.append(offset: records.start.offset, count: records.start.count, number: records.start.number)
            }
        }
        self.offsets = offsets
        columns = zip(header, types).map { DatasetColumn($0, $1 == .null ? .text : $1) }
    }

    var count: Int { offsets.count }

    func place(ofRow index: Int) -> DatasetPlace {
        DatasetPlace(file: file.path, place: "line \(offsets.number(index))")
    }

    func row(at index: Int) throws(DatasetError) -> DatasetRecord {
        let stream = ByteStream(file, from: offsets.offsets[index], count: offsets.counts[index])
        var records = DelimitedRecords(
            LineStream(TextStream(stream), firstNumber: offsets.number(index)), delimiter: delimiter, path: file.path)
        let place = "line \(offsets.number(index))"
        guard let record = try records.next() else {
            throw DatasetError(.unreadable, path: file.path, place: place, "changed while it was read; try again")
        }
        guard record.fields.count == columns.count else {
            throw DatasetError(
                .malformed, path: file.path, place: place,
                "has \(record.fields.count) fields for \(columns.count) columns")
        }
        return DatasetRecord(
            columns: columns, values: zip(columns, record.fields).map { Self.value($1, $0.type) })
    }

    private static func value(_ field: String, _ type: DatasetType) -> DatasetValue {
        guard !field.isEmpty else { return .null }
        switch type {
        case .integer: return Int64(field).map(DatasetValue.integer) ?? .text(field)
        case .double: return Double(field).map(DatasetValue.double) ?? .text(field)
        case .boolean: return .boolean(field == "true")
        default: return .text(field)
        }
    }

    private static func type(of field: String) -> DatasetType {
        if field == "true" || field == "false" { return .boolean }
        guard let first = field.utf8.first, first == UInt8(ascii: "-") || first &- 0x30 < 10 else { return .text }
        if let number = Int64(field) { return String(number) == field ? .integer : .text }
        if let number = Double(field), number.isFinite, number.description == field { return .double }
        return .text
    }
}

/// Paths or URLs, one a line, by their places.
struct ListDataset: Dataset {
    let columns = [DatasetColumn("image", .image)]
    private let file: InputFile
    private let offsets: RowOffsets
    private let separator: LineStream.Separator

    init(
        path: String, separator: LineStream.Separator, encoding: TextFileEncoding? = nil
    ) throws(DatasetError) {
        self.separator = separator
        file = try InputFile.plainText(path, encoding)
        var lines = LineStream(TextStream(ByteStream(file)), separator: separator)
        var offsets = RowOffsets()
        while let line = try lines.next() {
            guard !line.bytes.isEmpty || line.isTooLong else { continue }
            offsets.append(offset: line.offset, count: line.isTooLong ? -1 : line.bytes.count, number: line.number)
        }
        self.offsets = offsets
    }

    var count: Int { offsets.count }

    func place(ofRow index: Int) -> DatasetPlace {
        DatasetPlace(file: file.path, place: "line \(offsets.number(index))")
    }

    func row(at index: Int) throws(DatasetError) -> DatasetRecord {
        let number = offsets.number(index)
        let count = offsets.counts[index]
        let bytes = count < 0 ? [] : try file.read(at: offsets.offsets[index], count: count)
        let line = LineStream.Line(number: number, offset: offsets.offsets[index], bytes: bytes, isTooLong: count < 0)
        try line.check(file.path)
        let text = try line.text(file.path)
        return DatasetRecord(
            columns: columns, values: [.image(RowBuilder.scheme(text) == nil ? .file(text) : .url(text))])
    }
}
