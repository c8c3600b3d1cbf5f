/// Which columns, or members of an object, mean what. Names are compared without regard to case.
///
/// The defaults are the names that data sets have in practice: those of img2dataset (`url`, `caption`, `key`), of
/// clip-retrieval (`image_path`), of LAION (`URL`, `TEXT`), and of Hugging Face tables (`image.bytes`, `file_name`).
public struct ColumnNames: Sendable, Equatable {
    /// The columns with an image's path, URL or bytes; the first one that has a value counts.
    ///
    /// `image` and `filepath`, which say nothing else, come before names that a table may also have for where an image once lay.
    public var image = [
        "image", "image.bytes", "filepath", "path", "file", "image_path", "file_name", "filename", "url", "image_url",
        "image.path",
    ]
    /// The columns with a caption; the first one that has a value counts.
    public var caption = ["caption", "text"]

    /// The usual names.
    public init() {}

    /// The usual names, or one that the data set has instead.
    public init(image: String?, caption: String?) {
        if let image { self.image = [image] }
        if let caption { self.caption = [caption] }
    }

    /// These, with the caption of tables as open_clip reads them: `title` beside `filepath`.
    func completed(for columns: [String]) -> ColumnNames {
        let known = Set(columns.map { $0.lowercased() })
        guard caption == ColumnNames().caption, known.contains("filepath"), known.contains("title") else { return self }
        var names = self
        names.caption.append("title")
        return names
    }
}

/// A cell of a table, or a member of an object.
enum Cell {
    case json(JSONValue)
    case bytes([UInt8])
}

/// Makes a row out of named cells.
struct RowBuilder {
    let names: ColumnNames
    /// The file that the cells come from.
    let path: String
    /// What relative paths are relative to; empty for the current folder.
    let folder: String

    init(names: ColumnNames, path: String) {
        self.names = names
        self.path = path
        let cut = path.lastIndex(of: "/")
        folder = path == "-" ? "" : cut.map { String(path[...$0]) } ?? ""
    }

    /// - Parameter place: where the row is, such as `line 3`.
    func row(_ cells: [(name: String, cell: Cell)], place: String) throws(DatasetError) -> DatasetRow {
        guard let image = first(of: names.image, in: cells) else {
            let wanted = names.image.prefix(4).joined(separator: ", ")
            throw DatasetError(
                .incomplete, path: path, place: place,
                "has no image: a column such as \(wanted) or url should hold its path or URL")
        }
        let caption = first(of: names.caption, in: cells).flatMap { index -> (Int, String)? in
            if case .json(.string(let text)) = cells[index].cell { (index, text) } else { nil }
        }
        let number = place.split(separator: " ").last.map(String.init) ?? place
        let inside = "\(path)#\(number)"
        let attributes = cells.enumerated().compactMap { index, entry -> JSONValue.Member? in
            guard index != image, index != caption?.0, case .json(let value) = entry.cell, value != .null else {
                return nil
            }
            return JSONValue.Member(entry.name, value)
        }
        // Columns that could be an image's or a caption's are none of attributes.
        let known = Set((names.image + names.caption).map { $0.lowercased() })
        let hasOthers = !attributes.isEmpty || cells.contains { !known.contains($0.name.lowercased()) }
        func row(_ locator: String, _ image: DatasetRow.Image) -> DatasetRow {
            DatasetRow(
                locator: locator, image: image, caption: caption?.1, attributes: attributes,
                saysAttributes: hasOthers, file: path, place: place)
        }
        switch cells[image].cell {
        case .bytes(let bytes): return row(inside, .bytes(bytes))
        case .json(.string(let text)):
            switch Self.scheme(text) {
            case "http", "https": return row(text, .url(text))
            // A data URI is long and says nothing: the place in the file is the image's name.
            case "data": return row(inside, .url(text))
            default:
                let file = text.hasPrefix("/") || RemotePaths.holds(text) ? text : folder + text
                return row(file, .file(file))
            }
        case .json:
            throw DatasetError(
                .malformed, path: path, place: place, "\(cells[image].name) should be a text: a path or a URL")
        }
    }

    /// The index of the first cell that is called as one of `names` and is not empty.
    private func first(of names: [String], in cells: [(name: String, cell: Cell)]) -> Int? {
        for name in names {
            let found = cells.lastIndex { entry in
                guard entry.name.count == name.count, entry.name.lowercased() == name.lowercased() else { return false }
                switch entry.cell {
                case .json(.null), .json(.string("")): return false
                case .bytes(let bytes): return !bytes.isEmpty
                case .json: return true
                }
            }
            if let found { return found }
        }
        return nil
    }

    /// `http`, `https` or `data` where `text` begins as such a URL.
    static func scheme(_ text: String) -> String? {
        ["http://", "https://", "data:"].first { text.prefix($0.count).lowercased() == $0 }
            .map { String($0.prefix { $0 != ":" }) }
    }
}
