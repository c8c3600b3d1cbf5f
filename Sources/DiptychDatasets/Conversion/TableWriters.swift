internal import DiptychBasics
internal import Foundation

/// The image files that tables refer to: where they lie already, or written beside the table where the dataset has their
/// bytes.
final class ImageFiles {
    private let folder: String
    private let split: String
    private let copies: Bool
    private let isAbsolute: Bool
    private var names: Set<String> = []

    init(folder: String, split: String, copies: Bool, isAbsolute: Bool) {
        (self.folder, self.split, self.copies, self.isAbsolute) = (folder, split, copies, isAbsolute)
    }

    /// What a table calls the row's image: an absolute path, a URL, or a path that begins at the table's folder.
    ///
    /// - Throws: ``DatasetError`` where the image's file is missing or cannot be read, ``FileWriteError``.
    func reference(_ row: ConvertedRow) throws -> String {
        let image = try row.image()
        switch image {
        case .file(let path) where !copies:
            // A table that names files which are not there fails only when it is trained from.
            try InputFile.requireFile(path)
            return RemotePaths.holds(path) ? path : Self.absolute(path)
        case .url(let url) where RowBuilder.scheme(url) != "data" && !copies: return url
        default: break
        }
        let bytes = try row.bytes()
        if names.isEmpty { try DatasetConversion.makeFolder("\(folder)/images/\(split)") }
        let name = Self.unused(row.name, number: row.number, in: &names) + "." + ImageKind.ending(of: bytes)
        let path = "images/\(split)/\(name)"
        try AtomicFile.write(bytes, to: "\(folder)/\(path)", isDurable: false)
        return isAbsolute ? Self.absolute("\(folder)/\(path)") : path
    }

    /// A name that no earlier row has.
    static func unused(_ name: String, number: Int, in names: inout Set<String>) -> String {
        var made = name
        while !names.insert(made).inserted { made = "\(made)-\(number)" }
        return made
    }

    static func absolute(_ path: String) -> String { URL(fileURLWithPath: path).standardizedFileURL.path }
}

/// Writes JSON lines: the columns of the dataset, with the image's path or URL.
final class JSONLinesWriter: RowWriter {
    private let file: AtomicFile
    private let images: ImageFiles

    init(_ path: String, _ images: ImageFiles) throws(FileWriteError) {
        file = try AtomicFile(path: path)
        self.images = images
    }

    func add(_ row: ConvertedRow) throws {
        var members = row.lacksImage ? [] : [JSONValue.Member("image", .string(try images.reference(row)))]
        members += row.otherMembers
        try file.write((JSONValue.object(members).text + "\n").utf8)
    }

    func finish() throws -> [String] {
        try file.commit()
        return [file.path]
    }
}

extension ConvertedRow {
    /// The path or URL of its image; nil where it has none.
    fileprivate var imagePath: String? {
        switch record["image"] {
        case .image(.file(let path))?, .image(.url(let path))?: path
        case .image(.part(let part))?: "\(part.path)#\(name)"
        default: nil
        }
    }

    /// The values beside the image, without nulls and what JSON does not have.
    var otherMembers: [JSONValue.Member] {
        zip(record.columns, record.values).compactMap { column, value in
            guard column.name != "image", !value.isNull, let json = value.json else { return nil }
            return JSONValue.Member(column.name, json)
        }
    }
}

/// Writes comma- or tab-separated values as open_clip reads them: `filepath` and `title`, a row for each pair of an image
/// and a text, and the dataset's other columns behind them. A table without images keeps its columns.
final class DelimitedWriter: RowWriter {
    private let file: AtomicFile
    private let images: ImageFiles
    private let delimiter: String
    /// Columns that are neither the image nor its texts.
    private let others: [String]
    private let hasTextIDs: Bool
    private let hasImages: Bool

    init(_ path: String, _ delimiter: String, _ columns: [DatasetColumn], _ images: ImageFiles) throws(FileWriteError) {
        file = try AtomicFile(path: path)
        (self.delimiter, self.images) = (delimiter, images)
        hasImages = columns.contains { $0.name == "image" && $0.type == .image }
        guard hasImages else {
            (others, hasTextIDs) = (columns.filter { $0.type != .bytes }.map(\.name), false)
            try line(others)
            return
        }
        let texts = ["image", "text", "texts", "text_ids", "text_id", "captions", "sentences", "caption"]
        others = columns.filter {
            !texts.contains($0.name) && $0.type != .bytes && $0.name != "filepath" && $0.name != "title"
        }
        .map(\.name)
        hasTextIDs = columns.contains { $0.name == "text_ids" || $0.name == "text_id" }
        try line(["filepath", "title"] + (hasTextIDs ? ["text_id"] : []) + others)
    }

    private func line(_ fields: [String]) throws(FileWriteError) {
        let quoted = fields.map { field in
            let isPlain = !field.utf8.contains { $0 == 0x22 || $0 == 0x0A || $0 == 0x0D || $0 == 0x2C || $0 == 0x09 }
            return isPlain ? field : "\"" + field.replacing("\"", with: "\"\"") + "\""
        }
        try file.write((quoted.joined(separator: delimiter) + "\n").utf8)
    }

    func add(_ row: ConvertedRow) throws {
        let path = hasImages ? try images.reference(row) : ""
        let values = others.map { name in
            switch row.record[name]?.json {
            case nil, .null?: ""
            case .string(let text)?: text
            case let value?: value.text
            }
        }
        guard hasImages else { return try line(values) }
        let (texts, ids) = (row.texts, row.textIDs)
        guard !texts.isEmpty else { return try line([path, ""] + (hasTextIDs ? [""] : []) + values) }
        for (text, id) in zip(texts, ids) {
            try line([path, text] + (hasTextIDs ? [id ?? ""] : []) + values)
        }
    }

    func finish() throws -> [String] {
        try file.commit()
        return [file.path]
    }
}

/// Writes image files into folders named for their labels, and `metadata.jsonl` beside them where the dataset says more.
final class FolderWriter: RowWriter {
    private let folder: String
    private var names: [String: Set<String>] = [:]
    private let metadata: AtomicFile
    private var hasMetadata = false
    private var written: Set<String> = []

    init(folder: String) throws(FileWriteError) {
        self.folder = folder
        try DatasetConversion.makeFolder(folder)
        metadata = try AtomicFile(path: "\(folder)/metadata.jsonl")
    }

    func add(_ row: ConvertedRow) throws {
        let bytes = try row.bytes()
        let label = row.record["label"]?.text ?? row.record["label"]?.integer.map(String.init)
        let inside = try label.map { label throws(DatasetError) in try Self.folderName(label, row) }
        let target = inside.map { "\(folder)/\($0)" } ?? folder
        if names[inside ?? ""] == nil { try DatasetConversion.makeFolder(target) }
        var (name, ending) = (row.name, ImageKind.ending(of: bytes))
        if case .file(let path) = try row.image(), let last = path.split(separator: "/").last,
            let dot = last.lastIndex(of: "."), dot > last.startIndex
        {
            (name, ending) = (String(last[..<dot]), String(last[last.index(after: dot)...]))
        }
        name = ImageFiles.unused(name, number: row.number, in: &names[inside ?? "", default: []])
        try AtomicFile.write(bytes, to: "\(target)/\(name).\(ending)", isDurable: false)
        written.insert("\(target)/\(name).\(ending)")
        let others = row.otherMembers.filter { $0.name != "file_name" && ($0.name != "label" || inside == nil) }
        hasMetadata = hasMetadata || !others.isEmpty
        let file = JSONValue.Member("file_name", .string((inside.map { $0 + "/" } ?? "") + "\(name).\(ending)"))
        let labelled = inside == nil ? [] : row.otherMembers.filter { $0.name == "label" }
        try metadata.write((JSONValue.object([file] + others + labelled).text + "\n").utf8)
    }

    /// A label as the name of a folder.
    private static func folderName(_ label: String, _ row: ConvertedRow) throws(DatasetError) -> String {
        guard !label.isEmpty, label != ".", label != "..", !label.hasPrefix("."), label.utf8.count <= 200,
            !label.utf8.contains(where: { $0 < 0x20 || $0 == 0x2F })
        else {
            throw DatasetError(
                .unsupported, path: row.path, place: row.place, "its label cannot be the name of a folder")
        }
        return label
    }

    func finish() throws -> [String] {
        if hasMetadata { try metadata.commit() }
        return [folder]
    }

    var strays: Int {
        let names = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
        return names.count { name in
            var isDirectory: ObjCBool = false
            let path = "\(folder)/\(name)"
            return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && !isDirectory.boolValue
                && !written.contains(path) && !(hasMetadata && name == "metadata.jsonl") && !name.hasSuffix(".part")
        }
    }
}

/// Writes a folder in clip-retrieval's layout out of rows with embeddings.
final class EmbeddingRowWriter: RowWriter {
    private let writer: ClipRetrievalWriter
    private let folder: String
    private let dimension: Int

    init(_ folder: String, _ rows: any Dataset, path: String) throws(DatasetError) {
        self.folder = folder
        let types = [DatasetType.list(.float), .vector]
        guard rows.columns.contains(where: { $0.name == "embedding" && types.contains($0.type) }), rows.count > 0,
            let first = try rows.row(at: 0)["embedding"]?.readFloats(), !first.isEmpty
        else {
            throw DatasetError(
                .incomplete, path: path,
                "has no column 'embedding' of float lists; `diptych index` and `diptych store export --layout clip-retrieval` make them"
            )
        }
        dimension = first.count
        writer = try ClipRetrievalWriter(directory: folder, dimension: first.count)
    }

    func add(_ row: ConvertedRow) throws {
        guard let embedding = try row.record["embedding"]?.readFloats(), embedding.count == dimension else {
            throw DatasetError(
                .malformed, path: row.path, place: row.place, "has no embedding of \(dimension) numbers")
        }
        let path = row.record["image_path"]?.text ?? row.imagePath ?? row.record["url"]?.text ?? row.name
        let used = ["image_path", "image", "caption", "attributes", "embedding"]
        let caption = row.record["caption"]?.text ?? row.texts.first
        var attributes = row.otherMembers.filter {
            !used.contains($0.name) && !($0.name == "text" && $0.value.string == caption)
        }
        if let text = row.record["attributes"]?.text, case .object(let members)? = try? JSONParser.parse(text.utf8) {
            let known = Set(members.map(\.name))
            attributes = members + attributes.filter { !known.contains($0.name) }
        }
        try writer.append(
            ClipRetrievalItem(
                imagePath: path, caption: caption, attributes: attributes,
                embedding: embedding))
    }

    func finish() throws -> [String] {
        try writer.finish()
        return [folder]
    }
}
