internal import DiptychBasics

/// Writes rows as a Parquet table as Hugging Face has them: `image` as a structure of `bytes` and `path`, and the other
/// columns by their types; structures and mixed values are JSON texts. A table without images has no column `image`.
final class ParquetRowWriter: RowWriter {
    private let writer: ParquetWriter
    private let path: String
    /// The columns beside the image, and what each is written as.
    private let others: [(name: String, kind: ParquetValueKind, isList: Bool, isJSON: Bool)]
    private let hasImages: Bool

    init(_ path: String, _ columns: [DatasetColumn]) throws(FileWriteError) {
        self.path = path
        let hasImages = columns.contains { $0.name == "image" && $0.type == .image }
        self.hasImages = hasImages
        others = columns.compactMap { column in
            guard column.name != "image" || !hasImages, column.type != .null else { return nil }
            let type = column.type == .vector ? .list(.float) : column.type
            guard case .list(let element) = type, let kind = Self.kind(element) else {
                let kind = Self.kind(column.type)
                return (column.name, kind ?? .string, false, kind == nil)
            }
            return (column.name, kind, true, false)
        }
        let image = ParquetWriter.Column("image", members: [.init("bytes", .bytes), .init("path", .string)])
        // Images are large: a group of few rows lets readers begin early.
        writer = try ParquetWriter(
            path: path, columns: (hasImages ? [image] : []) + others.map { .init($0.name, $0.kind, isList: $0.isList) },
            compression: .snappy, rowsPerGroup: 1000)
    }

    private static func kind(_ type: DatasetType) -> ParquetValueKind? {
        switch type {
        case .boolean: .bool
        case .integer: .int
        case .float: .float
        case .double: .double
        case .text, .decimal, .date, .timestamp: .string
        case .bytes: .bytes
        case .null, .list, .structure, .image, .vector, .any: nil
        }
    }

    func add(_ row: ConvertedRow) throws {
        var cells: [ParquetValue] = hasImages ? [try image(of: row)] : []
        for column in others {
            let value = row.record[column.name] ?? .null
            if column.isJSON, case .decimal(let digits) = value {
                cells.append(.string(digits))
                continue
            }
            cells.append(
                column.isJSON ? value.json.map { $0 == .null ? .null : .string($0.text) } ?? .null : Self.cell(value))
        }
        try writer.append(cells)
    }

    private func image(of row: ConvertedRow) throws -> ParquetValue {
        guard !row.lacksImage else { return .object([.init("bytes", .null), .init("path", .null)]) }
        let bytes = try row.bytes()
        var name = row.name + "." + ImageKind.ending(of: bytes)
        if case .file(let path) = try row.image(), let last = path.split(separator: "/").last { name = String(last) }
        return .object([.init("bytes", .bytes(bytes)), .init("path", .string(name))])
    }

    private static func cell(_ value: DatasetValue) -> ParquetValue {
        switch value {
        case .null, .structure, .image: .null
        case .boolean(let value): .bool(value)
        case .integer(let value): .int(value)
        case .float(let value): .float(value)
        case .double(let value): .double(value)
        case .text(let text), .decimal(let text): .string(text)
        case .bytes(let bytes): .bytes(bytes)
        case .date, .timestamp: value.json?.string.map(ParquetValue.string) ?? .null
        case .list(let values): .list(values.map(cell))
        case .floats(let values): .floats(values)
        // A missing file costs the row's vector and not the row.
        case .vector(let vector): (try? vector.read()).map(ParquetValue.floats) ?? .null
        }
    }

    func finish() throws -> [String] {
        try writer.finish()
        return [path]
    }
}
