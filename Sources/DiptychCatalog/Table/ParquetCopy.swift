internal import DiptychBasics
internal import DiptychDatasets

/// A table as Parquet, for programs that do not read SQLite. Images are structures of `bytes` and `path` as Hugging Face has
/// them; lists and vectors are lists; days, moments and decimal numbers are of Parquet's types where one holds all of a
/// column; other structures, and values of several types, are JSON texts.
enum ParquetCopy {
    static func write(_ table: CatalogTable, to path: String) throws {
        let columns = try table.columns.enumerated().map { index, column in
            // Vectors that lie elsewhere are named and not copied.
            let isReference = try column.type == .vector && isText(index, of: table)
            return Column(
                isReference ? DatasetColumn(column.name, .text) : column, try ParquetMoments(index, of: table))
        }
        let writer = try ParquetWriter(path: path, columns: columns.map(\.written), compression: .snappy)
        for index in 0..<table.count {
            let stored = try table.storedRow(at: index)
            try writer.append(zip(columns, stored).map { $0.cell($1, table.coding) })
        }
        try writer.finish()
    }

    /// Whether the first value of a column is a text.
    private static func isText(_ column: Int, of table: CatalogTable) throws -> Bool {
        for index in 0..<table.count {
            let value = try table.storedRow(at: index)[column]
            if value == .null { continue }
            if case .text = value { return true }
            return false
        }
        return false
    }

    private struct Column {
        let type: DatasetType
        let written: ParquetWriter.Column
        private let kind: ParquetValueKind?
        private let moments: ParquetMoments?

        init(_ column: DatasetColumn, _ moments: ParquetMoments?) {
            type = column.type
            self.moments = moments
            if let moments {
                kind = .int
                written = ParquetWriter.Column(column.name, moments.meaning)
                return
            }
            switch column.type {
            case .image:
                kind = nil
                written = ParquetWriter.Column(
                    column.name, members: [.init("bytes", .bytes), .init("path", .string)])
            case .vector:
                kind = .float
                written = ParquetWriter.Column(column.name, .float, isList: true)
            case .list(let element):
                kind = Self.kind(element)
                written = ParquetWriter.Column(column.name, kind ?? .string, isList: kind != nil)
            default:
                kind = Self.kind(column.type)
                written = ParquetWriter.Column(column.name, kind ?? .string)
            }
        }

        private static func kind(_ type: DatasetType) -> ParquetValueKind? {
            switch type {
            case .boolean: .bool
            case .integer: .int
            case .float: .float
            case .double: .double
            case .text, .decimal, .date, .timestamp, .null: .string
            case .bytes: .bytes
            case .list, .structure, .image, .vector, .any: nil
            }
        }

        func cell(_ stored: StoredValue, _ coding: ValueCoding) -> ParquetValue {
            if let moments {
                guard case .text(let text) = stored else { return .null }
                return moments.number(text).map(ParquetValue.int) ?? .null
            }
            switch (type, stored) {
            case (.image, .text(let path)): return .object([.init("bytes", .null), .init("path", .string(path))])
            case (.image, .blob(let bytes)): return .object([.init("bytes", .bytes(bytes)), .init("path", .null)])
            case (.image, _): return .object([.init("bytes", .null), .init("path", .null)])
            case (_, .null): return .null
            case (.boolean, .integer(let value)): return .bool(value != 0)
            case (.float, .real(let value)): return .float(Float(value))
            case (.double, .integer(let value)): return .double(Double(value))
            case (.vector, .blob(let bytes)): return VectorBytes.floats(bytes).map(ParquetValue.floats) ?? .null
            case (.list, .text) where kind != nil: return list(coding.value(stored, of: type))
            case (_, .integer(let value)): return kind == .int ? .int(value) : .string(String(value))
            case (_, .real(let value)): return kind == .double ? .double(value) : .string(value.description)
            case (_, .text(let text)): return .string(text)
            // Bytes among values of other types, which JSON does not have.
            case (_, .blob(let bytes)): return kind == .bytes ? .bytes(bytes) : .null
            }
        }

        private func list(_ value: DatasetValue) -> ParquetValue {
            switch value {
            case .floats(let values): return kind == .float ? .floats(values) : .null
            case .list(let values): return .list(values.map(element))
            default: return .null
            }
        }

        private func element(_ value: DatasetValue) -> ParquetValue {
            switch (kind, value) {
            case (.bool, .boolean(let value)): .bool(value)
            case (.int, .integer(let value)): .int(value)
            case (.float, .float(let value)): .float(value)
            case (.float, .double(let value)): .float(Float(value))
            case (.double, .double(let value)): .double(value)
            case (.double, .integer(let value)): .double(Double(value))
            case (.string, _): (value.json?.string).map(ParquetValue.string) ?? .null
            default: .null
            }
        }
    }
}
