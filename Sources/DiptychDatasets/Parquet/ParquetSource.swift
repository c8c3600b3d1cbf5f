/// The rows of a Parquet table as inputs.
struct ParquetSource: RowSource {
    private let builder: RowBuilder
    private let columns: [ParquetColumn]
    private let path: String
    private let notes: DatasetNotes?
    private let isImage: [Bool]
    private var rows: ParquetRows?
    private var leftOutCount = 0

    /// Longer lists of floats are embeddings and the like, and no attributes.
    static let longestFloats = 64

    init(path: String, columns names: ColumnNames, notes: DatasetNotes?) throws(DatasetError) {
        guard path != "-" else {
            throw DatasetError(.unsupported, path: "standard input", "a Parquet table cannot be read from a pipe")
        }
        self.path = path
        self.notes = notes
        let file = try ParquetFile(path: path)
        let wanted = Set(names.image.map { $0.lowercased() })
        func isImage(_ column: ParquetColumn) -> Bool {
            !column.isList && column.kind != .nested && wanted.contains(column.name.lowercased())
        }
        guard file.columns.contains(where: isImage) else {
            let known = (file.columns.map(\.name) + file.unsupportedColumns.map(\.name)).prefix(20)
            throw DatasetError(
                .incomplete, path: path,
                "has no column of images (image, path, image_path, url); it has " + known.joined(separator: ", "))
        }
        func leaveOut(_ name: String, _ reason: String) {
            notes?.add(reason, about: name, path: path, place: "column \(name)")
        }
        for (name, reason) in file.unsupportedColumns { leaveOut(name, "left out: \(reason)") }
        var columns: [ParquetColumn] = []
        for column in file.columns {
            // Bytes that are not the image would only take memory.
            guard !isImage(column) else {
                columns.append(column)
                continue
            }
            let (kept, names) = column.withoutBytes()
            for name in names { leaveOut(name, "left out: \(column.typeName), and bytes are no attribute") }
            if let kept { columns.append(kept) }
        }
        self.columns = columns
        self.isImage = columns.map(isImage)
        builder = RowBuilder(names: names, path: path)
        rows = file.rowsLeavingOut(of: columns)
    }

    mutating func next() -> Result<DatasetRow, DatasetError>? {
        do throws(DatasetError) {
            guard let cells = try rows?.next() else { return nil }
            let place = "row \(rows?.count ?? 0)"
            if let leftOut = rows?.leftOut, leftOut.count > leftOutCount { try noteLeftOut(leftOut) }
            var named: [(name: String, cell: Cell)] = []
            for (column, cell) in zip(columns, cells) {
                if case .bytes(let bytes) = cell {
                    named.append((column.name, Self.path(bytes).map { .json(.string($0)) } ?? .bytes(bytes)))
                } else if case .floats(let values) = cell, values.count > Self.longestFloats {
                    notes?.add(
                        "left out: lists of more than \(Self.longestFloats) floats are embeddings, and no attributes",
                        about: column.name, path: path, place: "column \(column.name)")
                } else if let value = cell.json {
                    notes?.add(notFinite: cell.notFiniteCount, path: path, place: "\(place), column \(column.name)")
                    named.append((column.name, .json(value)))
                }
            }
            do throws(DatasetError) { return .success(try builder.row(named, place: place)) } catch {
                return .failure(error)
            }
        } catch {
            rows = nil
            return .failure(error)
        }
    }

    /// A path or URL that an old writer did not mark as a text; nil for an image's bytes.
    private static func path(_ bytes: [UInt8]) -> String? {
        guard bytes.count <= 4096, bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }

    /// Names columns whose encoding turned out to be one that is not read.
    private mutating func noteLeftOut(_ leftOut: [Int: ParquetFault]) throws(DatasetError) {
        leftOutCount = leftOut.count
        for (index, fault) in leftOut.sorted(by: { $0.key < $1.key }) {
            let isLast = zip(isImage.indices, isImage).allSatisfy { !$1 || leftOut[$0] != nil }
            guard !isImage[index] || !isLast else {
                throw DatasetError(fault.kind, path: path, place: "column \(columns[index].name)", fault.reason)
            }
            notes?.add(
                "left out (\(columns[index].typeName)): it \(fault.reason)", about: columns[index].name, path: path,
                place: "column \(columns[index].name)")
        }
    }
}
