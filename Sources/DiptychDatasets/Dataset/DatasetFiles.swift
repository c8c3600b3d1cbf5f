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
        var options = DatasetOptions()
        (options.kind, options.separator) = (kind, separator)
        return try open(paths, options: options)
    }

    /// The same.
    ///
    /// - Throws: ``DatasetError`` for a file that cannot be read, or is none of these.
    public static func open(_ paths: [String], options: DatasetOptions) throws(DatasetError) -> any Dataset {
        try joined(try parts(paths, options: options)) { (part) throws(DatasetError) in try part.rows() }
    }

    /// The same as images: the columns `image` and `text`, and all others as they are.
    ///
    /// - Parameter columns: which columns hold images and captions. Relative paths are relative to their file.
    public static func openImages(
        _ paths: [String], kind: DatasetKind? = nil, columns: ColumnNames = ColumnNames(),
        separator: LineStream.Separator = .lineBreak
    ) throws(DatasetError) -> any Dataset {
        var options = DatasetOptions()
        (options.kind, options.columns, options.separator) = (kind, columns, separator)
        return try joined(try parts(paths, options: options)) { (part) throws(DatasetError) in try part.imageRows() }
    }

    private static func joined(
        _ parts: [DatasetPart], _ open: (DatasetPart) throws(DatasetError) -> any Dataset
    ) throws(DatasetError) -> any Dataset {
        var opened: [any Dataset] = []
        for part in parts {
            let rows = try open(part)
            guard part.hasColumn, let split = part.split else {
                opened.append(rows)
                continue
            }
            opened.append(
                ConstantColumn(base: rows, column: DatasetColumn("split", .text), value: .text(split)))
        }
        return opened.count == 1 ? opened[0] : JoinedDataset(opened)
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
    /// The places of columns that hold images, the first name first.
    private let imagePlaces: [Int]

    /// Finds the columns of images and captions.
    ///
    /// - Parameters:
    ///   - columns: which columns mean what.
    ///   - path: the file of the table, to which relative paths are relative.
    /// - Throws: ``DatasetError`` when none can hold images.
    public init(_ base: any Dataset, columns names: ColumnNames, path: String) throws(DatasetError) {
        self.base = base
        let names = names.completed(for: base.columns.map(\.name))
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
            // A list of captions is a column of its own.
            return !isImage && (!captions.contains(known[index]) || base.columns[index].type == .list(.text))
        }
        imagePlaces = names.image.compactMap { name in known.lastIndex(of: name.lowercased()) }
        let rest = others
        let hasText = base.columns.contains { captions.contains($0.name.lowercased()) && $0.type != .list(.text) }
        self.columns =
            [DatasetColumn("image", .image), DatasetColumn("text", hasText ? .text : .null)]
            + rest.map { base.columns[$0] }
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

    /// Where a row stands in the table's file.
    public func place(ofRow index: Int) -> DatasetPlace { base.place(ofRow: index) }

    /// The row as an input of bulk work, as ``DatasetRows`` gives it.
    ///
    /// - Throws: ``DatasetError`` where it has no image.
    public func item(at index: Int) throws(DatasetError) -> DatasetRow { try item(try base.row(at: index), index) }

    /// The image that a row of the table names.
    ///
    /// - Throws: ``DatasetError`` where it names none.
    package func image(of row: DatasetRecord, at index: Int) throws(DatasetError) -> ImageReference {
        // Most rows have one by the first name; what is unusual takes the long way, and its messages.
        if let place = imagePlaces.first(where: { !row.values[$0].isNull }) {
            switch row.values[place] {
            case .text(let text) where !text.isEmpty && RowBuilder.scheme(text) == nil:
                return .file(text.utf8.first == UInt8(ascii: "/") ? text : builder.folder + text)
            case .text(let text) where !text.isEmpty: return .url(text)
            case .bytes(let bytes) where !bytes.isEmpty: return .bytes(bytes)
            default: break
            }
        }
        return try item(row, index).image
    }

    private func item(_ row: DatasetRecord, _ index: Int) throws(DatasetError) -> DatasetRow {
        let cells = zip(row.columns, row.values).compactMap { column, value -> (name: String, cell: Cell)? in
            if case .bytes(let bytes) = value { return (column.name, .bytes(bytes)) }
            return value.json.map { (column.name, .json($0)) }
        }
        return try builder.row(cells, place: "row \(index + 1)")
    }
}
