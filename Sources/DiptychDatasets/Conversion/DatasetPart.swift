internal import Foundation

/// A part of a dataset: a split, or all of it.
public struct DatasetPart: Sendable {
    /// The split's name, `valid` for any name of a validation split; nil where the dataset has none.
    public let split: String?
    let content: Content
    /// What errors call it.
    package let path: String
    let options: DatasetOptions
    /// Whether rows say which split they are of: not where one file was named.
    var hasColumn = true

    enum Content: Sendable {
        /// The file `…_imgs.tsv` of Chinese-CLIP.
        case chineseClip
        /// A folder with `imgs` and `pairs`.
        case lmdb
        case rows(any Dataset)
    }

    /// The part's rows.
    ///
    /// - Throws: ``DatasetError`` where its files cannot be read.
    public func rows() throws(DatasetError) -> any Dataset {
        switch content {
        case .chineseClip: try ChineseClipDataset(path: path, encoding: options.encoding, notes: options.notes)
        case .lmdb: try LMDBDataset(folder: path, notes: options.notes)
        case .rows(let rows): rows
        }
    }

    /// The same with a column `image`.
    ///
    /// - Throws: ``DatasetError`` where it has no column that can hold images.
    func imageRows() throws(DatasetError) -> any Dataset {
        let rows = try rows()
        return rows.columns.contains(DatasetColumn("image", .image))
            ? rows : try ImageDataset(rows, columns: options.columns, path: path)
    }

    /// The same where there are images, else the rows as they are: for forms that are tables in any case.
    ///
    /// - Throws: ``DatasetError`` where a column of images was named that is not there.
    func tableRows() throws(DatasetError) -> any Dataset {
        guard options.columns.image == ColumnNames().image else { return try imageRows() }
        let rows = try rows()
        guard !rows.columns.contains(DatasetColumn("image", .image)) else { return rows }
        return (try? ImageDataset(rows, columns: options.columns, path: path)) ?? rows
    }

    /// Some rows of the part, by their numbers; the part itself where it does not have rows.
    package func selecting(_ rows: [Int]) -> DatasetPart {
        guard case .rows(let all) = content else { return self }
        return DatasetPart(
            split: split, content: .rows(all.selecting(rows)), path: path, options: options, hasColumn: hasColumn)
    }

    /// The part as images and texts.
    package func pairs(seed: UInt32 = 0) throws(DatasetError) -> any PairSource {
        switch content {
        case .chineseClip: return try ChineseClipFiles(path: path, encoding: options.encoding)
        case .lmdb: return try LMDBPairs(folder: path)
        case .rows:
            let rows = try imageRows()
            return try RowPairs(rows, columns: rowColumns(rows), path: path, seed: seed)
        }
    }

    func rowColumns(_ rows: any Dataset) -> RowColumns {
        let named = options.columns.caption == ColumnNames().caption ? nil : options.columns.caption.first
        return RowColumns(rows.columns, caption: named)
    }

    /// A name of a split as Chinese-CLIP writes it.
    static func splitName(_ name: some StringProtocol) -> String {
        ["val", "validation", "dev", "valid"].contains(name.lowercased()) ? "valid" : String(name)
    }

    /// The split that a file's or folder's name begins with, as in `train.csv`, `val-00001.tar` and `test/`; nil where it is
    /// none of the usual ones.
    static func split(inNameOf file: String) -> String? {
        let word = file.prefix { $0.isLetter }.lowercased()
        guard ["train", "val", "valid", "validation", "dev", "test"].contains(word) else { return nil }
        let rest = file.dropFirst(word.count)
        return rest.isEmpty || "-_.".contains(rest.first ?? "x") ? splitName(word) : nil
    }
}

extension DatasetFiles {
    /// The parts of files and folders: one for each split of Chinese-CLIP's files and LMDB, of files and folders named
    /// for splits, and of rows with a column `split`; else one for each input.
    ///
    /// - Throws: ``DatasetError`` for a file that cannot be read.
    public static func parts(
        _ paths: [String], options: DatasetOptions = DatasetOptions()
    ) throws(DatasetError) -> [DatasetPart] {
        var parts: [DatasetPart] = []
        for pattern in paths {
            let names = options.named[pattern] == nil ? try FilePattern.expand(pattern) : [pattern]
            guard names.count > 1 else {
                for name in names { parts += try self.parts(of: name, options) }
                continue
            }
            // Shards of one pattern are one part.
            var some: [any Dataset] = []
            for name in names { for part in try self.parts(of: name, options) { some.append(try part.rows()) } }
            parts.append(
                DatasetPart(split: nil, content: .rows(JoinedDataset(some)), path: pattern, options: options))
        }
        return parts
    }

    private static func parts(of path: String, _ options: DatasetOptions) throws(DatasetError) -> [DatasetPart] {
        if let rows = options.named[path] {
            return [DatasetPart(split: nil, content: .rows(rows), path: path, options: options)]
        }
        guard path != "-", try Folder.isFolder(path) else { return [try file(path, options)] }
        let found = try Folder(path)
        let (folder, names) = (found.path, found.names)
        func isIt(_ kind: FolderKind) -> Bool { options.folderKind == nil || options.folderKind == kind }
        func rows(_ rows: any Dataset) -> [DatasetPart] {
            [DatasetPart(split: nil, content: .rows(rows), path: folder, options: options)]
        }
        let isRetrieval = names.contains(ClipRetrievalLayout.images) && names.contains(ClipRetrievalLayout.metadata)
        let isEnvironment = names.contains("data.mdb") || names.contains("imgs") && names.contains("pairs")
        guard !found.isRemote || !(isRetrieval || isEnvironment) else {
            throw DatasetError(
                .unsupported, path: folder,
                "holds \(isRetrieval ? "clip-retrieval's embeddings" : "an LMDB"), which is read on this machine only; copy it first"
            )
        }
        if isIt(.clipRetrieval), isRetrieval { return rows(try ClipRetrievalDataset(folder)) }
        let tables = names.filter { $0.hasSuffix(ChineseClipSource.images) }
        if isIt(.chineseClip), !tables.isEmpty {
            return tables.map { name in
                DatasetPart(
                    split: DatasetPart.splitName(name.dropLast(ChineseClipSource.images.count)), content: .chineseClip,
                    path: "\(folder)/\(name)", options: options)
            }
        }
        if isIt(.lmdb), let parts = lmdb(folder, names, options) { return parts }
        guard isIt(.folder) else {
            throw DatasetError(
                .malformed, path: folder, "holds nothing of the form \(options.folderKind?.rawValue ?? "")")
        }
        if options.folderKind == nil, let parts = try files(found, options) { return parts }
        if let parts = try folders(found, options) { return parts }
        let images = try FolderDataset(folder, notes: options.notes)
        if images.count > 0 { noteTables(folder, names, options.notes) }
        return rows(images)
    }

    /// Says which tables beside images are not read: their captions would be missed without a word.
    private static func noteTables(_ folder: String, _ names: [String], _ notes: DatasetNotes?) {
        for name in names where !name.hasPrefix(".") && DatasetKind(path: name) != .list {
            let path = "\(folder)/\(name)"
            notes?.add(
                "is not read with the images beside it; give it as the source to have its captions (--text-column names "
                    + "their column)", about: path, path: path, place: "table")
        }
    }

    /// The splits of a folder of Chinese-CLIP's LMDB: of `lmdb`, of the folder above it, of one split, or of images alone.
    private static func lmdb(_ folder: String, _ names: [String], _ options: DatasetOptions) -> [DatasetPart]? {
        func part(_ path: String, _ split: String?) -> DatasetPart {
            DatasetPart(split: split.map(DatasetPart.splitName), content: .lmdb, path: path, options: options)
        }
        let last = String(folder.split(separator: "/").last ?? "")
        if LMDBReader.isEnvironment("\(folder)/imgs") {
            return [part(folder, DatasetPart.split(inNameOf: last))]
        }
        if names.contains("data.mdb") { return [part(folder, nil)] }
        for root in [folder, "\(folder)/lmdb"] {
            let splits = ((try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []).sorted()
                .filter { LMDBReader.isEnvironment("\(root)/\($0)/imgs") }
            if !splits.isEmpty { return splits.map { part("\(root)/\($0)", $0) } }
        }
        return nil
    }

    /// Tables and shards in a folder, by the splits that their names begin with.
    private static func files(
        _ found: Folder, _ options: DatasetOptions
    ) throws(DatasetError) -> [DatasetPart]? {
        let (folder, names) = (found.path, found.names)
        // Hugging Face keeps tables in a folder within; metadata beside images is read with them.
        if let metadata = names.first(where: { ["metadata.jsonl", "metadata.csv", "metadata.parquet"].contains($0) }) {
            return [try file("\(folder)/\(metadata)", options)]
        }
        func isTable(_ name: String) -> Bool { !name.hasPrefix(".") && DatasetKind(path: name) != .list }
        var (root, tables) = (folder, names.filter(isTable))
        if tables.isEmpty, names.contains("data") {
            root = "\(folder)/data"
            tables = found.hasFolder("data") ? try Folder(root).names.filter(isTable) : []
        }
        let named = tables.filter { DatasetPart.split(inNameOf: $0) != nil }
        if named.isEmpty {
            // Shards and tables that are parts of one.
            tables = tables.filter { [.tar, .parquet].contains(DatasetKind(path: $0)) }
            guard !tables.isEmpty else { return nil }
        } else {
            tables = named
        }
        let groups = Dictionary(grouping: tables) { DatasetPart.split(inNameOf: $0) }
        var parts: [DatasetPart] = []
        for (split, files) in groups.sorted(by: { ($0.key ?? "") < ($1.key ?? "") }) {
            var some: [DatasetPart] = []
            for name in files { some.append(try file("\(root)/\(name)", options)) }
            guard some.count > 1 else {
                parts += some.map { DatasetPart(split: split, content: $0.content, path: $0.path, options: options) }
                continue
            }
            var rows: [any Dataset] = []
            for part in some { rows.append(try part.rows()) }
            parts.append(
                DatasetPart(split: split, content: .rows(JoinedDataset(rows)), path: root, options: options))
        }
        return parts
    }

    /// Folders of images named for splits.
    private static func folders(
        _ folder: Folder, _ options: DatasetOptions
    ) throws(DatasetError) -> [DatasetPart]? {
        // Files beside them that are no images, such as a licence, say nothing.
        let visible = folder.names.filter { name in
            !name.hasPrefix(".") && (folder.hasFolder(name) || WebDatasetName.isImage(name))
        }
        let isSplit = visible.allSatisfy { DatasetPart.split(inNameOf: $0) != nil && folder.hasFolder($0) }
        guard isSplit, !visible.isEmpty else { return nil }
        var found: [DatasetPart] = []
        for name in visible {
            for part in try parts(of: "\(folder.path)/\(name)", options) {
                found.append(
                    DatasetPart(
                        split: DatasetPart.split(inNameOf: name), content: part.content, path: part.path,
                        options: options))
            }
        }
        return found
    }

    private static func file(_ path: String, _ options: DatasetOptions) throws(DatasetError) -> DatasetPart {
        guard path != "-" else {
            throw DatasetError(
                .unsupported, path: "standard input", "comes once, and rows are read in any order; save it to a file")
        }
        // Opening one waits for whoever writes it.
        guard !InputFile.isPipe(path) else {
            throw DatasetError(
                .unsupported, path: path,
                "is a pipe, which comes once, and rows are read in any order; save it to a file")
        }
        let bytes = try ByteStream(path: path)
        if options.kind == nil, NumpyDataset.isOne(path, head: Array(try bytes.peek(8).prefix(8))) {
            let name = String(path.split(separator: "/").last ?? "")
            return DatasetPart(
                split: DatasetPart.split(inNameOf: name),
                content: .rows(try NumpyDataset(path: path, notes: options.notes)), path: path, options: options,
                hasColumn: false)
        }
        let (separator, encoding) = (options.separator, options.encoding)
        let found = try FoundKind(
            path, bytes, TextStream(bytes, encoding: encoding), kind: options.kind, separator: separator,
            encoding: encoding)
        let name = String(path.split(separator: "/").last ?? "")
        func rows(_ rows: any Dataset) -> DatasetPart {
            DatasetPart(
                split: DatasetPart.split(inNameOf: name), content: .rows(rows), path: path, options: options,
                hasColumn: false)
        }
        switch found {
        case .chineseClip:
            let isNamed = name.hasSuffix(ChineseClipSource.images)
            return DatasetPart(
                split: isNamed ? DatasetPart.splitName(name.dropLast(ChineseClipSource.images.count)) : nil,
                content: .chineseClip, path: path, options: options, hasColumn: false)
        case .known(.list):
            return rows(try ListDataset(path: path, separator: separator, encoding: encoding))
        case .known(.jsonl): return rows(try JSONDataset(path: path, encoding: encoding))
        case .known(.csv):
            return rows(try DelimitedDataset(path: path, delimiter: UInt8(ascii: ","), encoding: encoding))
        case .known(.tsv):
            return rows(try DelimitedDataset(path: path, delimiter: UInt8(ascii: "\t"), encoding: encoding))
        case .known(.parquet): return rows(try ParquetDataset(path: path))
        case .known(.tar): return rows(try WebDatasetDataset(path: path, notes: options.notes))
        }
    }
}
