internal import Foundation

/// Opens files and folders as datasets.
public enum DatasetFiles {
    /// The rows of files and folders, one after the other, with the columns that they have.
    ///
    /// Each is read once to find its rows. What is compressed or UTF-16 is unpacked to the folder for temporary
    /// files first, to be read from any place.
    ///
    /// - Parameters:
    ///   - paths: files or patterns of them as in ``BracePattern``; folders of images, in clip-retrieval's layout, or with
    ///     Chinese-CLIP's `…_imgs.tsv`, whose names become a column `split`.
    ///   - kind: what files are; without it, each one's content says, and its name where that leaves a choice.
    ///   - separator: what stands between the entries of lists.
    /// - Throws: ``DatasetError`` for a file that cannot be read, or is none of these.
    public static func open(
        _ paths: [String], kind: DatasetKind? = nil, separator: LineStream.Separator = .lineBreak
    ) throws(DatasetError) -> any Dataset {
        try joined(paths) { (path) throws(DatasetError) in try file(path, kind, separator) }
    }

    /// The same as images: the columns `image` and `text`, and all others as they are.
    ///
    /// - Parameter columns: which columns hold images and captions. Relative paths are relative to their file.
    public static func openImages(
        _ paths: [String], kind: DatasetKind? = nil, columns: ColumnNames = ColumnNames(),
        separator: LineStream.Separator = .lineBreak
    ) throws(DatasetError) -> any Dataset {
        try joined(paths) { (path) throws(DatasetError) in
            let rows = try file(path, kind, separator)
            return rows.columns.contains(DatasetColumn("image", .image))
                ? rows : try ImageDataset(rows, columns: columns, path: path)
        }
    }

    private static func joined(
        _ patterns: [String], _ open: (String) throws(DatasetError) -> any Dataset
    ) throws(DatasetError) -> any Dataset {
        var parts: [any Dataset] = []
        for pattern in patterns {
            for path in try BracePattern.expand(pattern) { parts.append(try open(path)) }
        }
        return parts.count == 1 ? parts[0] : JoinedDataset(parts)
    }

    private static func file(
        _ path: String, _ kind: DatasetKind?, _ separator: LineStream.Separator
    ) throws(DatasetError) -> any Dataset {
        var isDirectory: ObjCBool = false
        if path != "-", FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), isDirectory.boolValue {
            return try folder(path)
        }
        guard path != "-" else {
            throw DatasetError(
                .unsupported, path: "standard input", "comes once, and rows are read in any order; save it to a file")
        }
        let bytes = try ByteStream(path: path)
        switch try FoundKind(path, bytes, TextStream(bytes), kind: kind, separator: separator) {
        case .chineseClip: return try ChineseClipDataset(path: path)
        case .known(.list): return try ListDataset(path: path, separator: separator)
        case .known(.jsonl): return try JSONDataset(path: path)
        case .known(.csv): return try DelimitedDataset(path: path, delimiter: UInt8(ascii: ","))
        case .known(.tsv): return try DelimitedDataset(path: path, delimiter: UInt8(ascii: "\t"))
        case .known(.parquet): return try ParquetDataset(path: path)
        case .known(.tar): return try WebDatasetDataset(path: path)
        }
    }

    private static func folder(_ path: String) throws(DatasetError) -> any Dataset {
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
        if names.contains(ClipRetrievalLayout.images), names.contains(ClipRetrievalLayout.metadata) {
            return try ClipRetrievalDataset(path)
        }
        let splits = names.filter { $0.hasSuffix(ChineseClipSource.images) }
        guard splits.isEmpty else {
            var parts: [any Dataset] = []
            for name in splits {
                let split = String(name.dropLast(ChineseClipSource.images.count))
                parts.append(
                    ConstantColumn(
                        base: try ChineseClipDataset(path: "\(path)/\(name)"), column: DatasetColumn("split", .text),
                        value: .text(split == "val" ? "valid" : split)))
            }
            return parts.count == 1 ? parts[0] : JoinedDataset(parts)
        }
        if names.contains("data.mdb") || FileManager.default.fileExists(atPath: "\(path)/imgs/data.mdb") {
            throw DatasetError(
                .unsupported, path: path, "is an LMDB database, which is not read; give the files it was made from")
        }
        return try FolderDataset(path)
    }
}

/// A table as images: `image`, `text`, and all columns that are neither.
public struct ImageDataset: Dataset {
    /// `image`, `text`, and the table's other columns.
    public let columns: [DatasetColumn]
    private let base: any Dataset
    private let builder: RowBuilder
    /// The places of the other columns in the table.
    private let others: [Int]

    /// Finds the columns of images and captions.
    ///
    /// - Parameters:
    ///   - columns: which columns mean what.
    ///   - path: the file of the table, to which relative paths are relative.
    /// - Throws: ``DatasetError`` when none can hold images.
    public init(_ base: any Dataset, columns names: ColumnNames, path: String) throws(DatasetError) {
        self.base = base
        builder = RowBuilder(names: names, path: path)
        let known = base.columns.map { $0.name.lowercased() }
        let (images, captions) = (Set(names.image.map { $0.lowercased() }), Set(names.caption.map { $0.lowercased() }))
        guard known.contains(where: images.contains) else {
            throw DatasetError(
                .incomplete, path: path,
                "has no column of images (\(names.image.prefix(4).joined(separator: ", ")), url); it has "
                    + base.columns.prefix(20).map(\.name).joined(separator: ", "))
        }
        others = base.columns.indices.filter { index in
            // An image's bytes stand in `image`; paths and URLs beside them say more.
            let isImage =
                images.contains(known[index]) && (known[index] == "image" || base.columns[index].type == .bytes)
            return !isImage && !captions.contains(known[index])
        }
        let rest = others
        self.columns = [DatasetColumn("image", .image), DatasetColumn("text", .text)] + rest.map { base.columns[$0] }
    }

    /// The number of rows.
    public var count: Int { base.count }

    /// The row with this number.
    public func row(at index: Int) throws(DatasetError) -> DatasetRecord {
        let row = try base.row(at: index)
        let item = try item(row, index)
        return DatasetRecord(
            columns: columns,
            values: [.image(item.image), item.caption.map(DatasetValue.text) ?? .null] + others.map { row.values[$0] })
    }

    /// The row as an input of bulk work, as ``DatasetRows`` gives it.
    ///
    /// - Throws: ``DatasetError`` where it has no image.
    public func item(at index: Int) throws(DatasetError) -> DatasetRow { try item(try base.row(at: index), index) }

    private func item(_ row: DatasetRecord, _ index: Int) throws(DatasetError) -> DatasetRow {
        let cells = zip(row.columns, row.values).compactMap { column, value -> (name: String, cell: Cell)? in
            if case .bytes(let bytes) = value { return (column.name, .bytes(bytes)) }
            return value.json.map { (column.name, .json($0)) }
        }
        return try builder.row(cells, place: "row \(index + 1)")
    }
}
