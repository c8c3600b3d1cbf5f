internal import DiptychBasics

/// Rows with images as a split of images and texts.
///
/// An image's id is the dataset's own (`image_id`), else it follows from the file's bytes and the seed: the same images
/// have the same ids, whatever their order. Rows of one id are one image with the texts of all. A text's id is the
/// dataset's own (`text_ids`), else its number; equal texts are then one that describes several images.
struct RowPairs: PairSource {
    private let rows: any Dataset
    private let path: String
    private let seed: UInt32
    private let columns: RowColumns
    private let hasOwnIDs: Bool
    private var next = 0
    private var ahead: ReadAhead
    /// The images so far by their ids, with the content of each.
    private var images: [String: (number: Int32, content: UInt64)] = [:]
    private var ids = TextTable()
    private var textNumbers: [TextKey: Int32] = [:]
    /// Where each text stands: its row, and which of the row's texts it is.
    private var texts: [(row: Int32, place: Int32)] = []
    private var pairs: [(text: Int32, image: Int32)] = []
    private var isSorted = false
    /// The texts and pairs that were given.
    private var textCount = 0
    private var pairCount = 0

    private enum TextKey: Hashable {
        case id(String)
        case content(ContentHash)
    }

    /// - Parameters:
    ///   - rows: a dataset with a column of images.
    ///   - path: what errors call it.
    init(_ rows: any Dataset, columns: RowColumns, path: String, seed: UInt32) throws(DatasetError) {
        guard rows.count < Int(Int32.max) else {
            throw DatasetError(.tooLarge, path: path, "\(rows.count) rows are more than are read")
        }
        self.rows = rows
        ahead = ReadAhead(rows)
        self.path = path
        self.seed = seed
        self.columns = columns
        hasOwnIDs = rows.columns.contains { $0.name == "image_id" && [.integer, .text].contains($0.type) }
    }

    mutating func nextImage() throws(DatasetError) -> PairImage? {
        while next < rows.count {
            let index = next
            next += 1
            ahead.advance(to: index)
            let row = try rows.rowNamingPlace(at: index, of: path)
            let (path, place) = origin(index)
            // A text of its own, as stores and tables of the catalog have them.
            if row["image"] == .null, case let found = columns.texts(of: row), !found.isEmpty {
                try add(found, of: row, at: index, to: nil)
                continue
            }
            guard case .image(let reference)? = row["image"] else {
                throw DatasetError(.incomplete, path: path, place: place, "has no image")
            }
            let bytes = try DatasetError.inRow(place, of: path) { () throws(DatasetError) in
                try reference.load(path: path, place: place)
            }
            let hash = ContentHash(bytes, seed: seed)
            let id = try id(of: row, hash, path, place)
            let known = images[id]
            guard known == nil || known?.content == hash.low else {
                throw DatasetError(
                    .malformed, path: path, place: place, "the image_id \(id) stands for another image already")
            }
            let number = known?.number ?? Int32(ids.count)
            if known == nil {
                images[id] = (number, hash.low)
                ids.append(id)
            }
            try add(columns.texts(of: row), of: row, at: index, to: number)
            if known == nil { return PairImage(id: id, content: .bytes(bytes), path: path, place: place) }
        }
        return nil
    }

    /// The file and the place of a row, for messages.
    private func origin(_ index: Int) -> (path: String, place: String) {
        let place = rows.place(ofRow: index)
        return (
            place.file.isEmpty ? path : place.file, place.place.isEmpty ? "row \(index + 1)" : place.place
        )
    }

    private func id(
        of row: DatasetRecord, _ hash: ContentHash, _ path: String, _ place: String
    ) throws(DatasetError) -> String {
        guard hasOwnIDs else {
            // As many bits as every reader of JSON keeps.
            var number = hash.high & (1 << 53 - 1)
            while let known = images[String(number)], known.content != hash.low {
                number = (number + 1) & (1 << 53 - 1)
            }
            return String(number)
        }
        switch row["image_id"] {
        case .integer(let number)?: return String(number)
        case .text(let text)?:
            let isFit =
                (1...LMDBWriter.longestKey).contains(text.utf8.count) && !text.utf8.contains { $0 < 0x20 || $0 == 0x7F }
                && text.first != " " && text.last != " "
            guard isFit else {
                throw DatasetError(
                    .malformed, path: path, place: place,
                    "its image_id cannot stand in a file of Chinese-CLIP: 1 to \(LMDBWriter.longestKey) bytes without tabs and line ends can"
                )
            }
            return text
        default: throw DatasetError(.incomplete, path: path, place: place, "has no image_id, and other rows have one")
        }
    }

    private mutating func add(
        _ found: [String], of row: DatasetRecord, at index: Int, to image: Int32?
    ) throws(DatasetError) {
        let ids = columns.textIDs(of: row, count: found.count)
        for (place, text) in found.enumerated() {
            let key = ids[place].map(TextKey.id) ?? .content(ContentHash(text.utf8))
            let number = textNumbers[key] ?? Int32(texts.count)
            if number == texts.count {
                textNumbers[key] = number
                texts.append((Int32(index), Int32(place)))
            }
            if let image { pairs.append((number, image)) }
        }
        guard texts.count < Int(Int32.max) else {
            throw DatasetError(.tooLarge, path: path, "\(texts.count) texts are more than are read")
        }
    }

    mutating func nextText() throws(DatasetError) -> PairText? {
        if !isSorted {
            isSorted = true
            // By text, and in the order of images for each.
            pairs.sort { ($0.text, $0.image) < ($1.text, $1.image) }
        }
        guard textCount < texts.count else { return nil }
        let number = textCount
        textCount += 1
        var images: [JSONValue] = []
        var last: Int32 = -1
        while pairCount < pairs.count, pairs[pairCount].text == Int32(number) {
            if pairs[pairCount].image != last {
                images.append(ChineseClipFiles.id(of: ids[Int(pairs[pairCount].image)]))
            }
            last = pairs[pairCount].image
            pairCount += 1
        }
        let (index, place) = (Int(texts[number].row), Int(texts[number].place))
        let row = try rows.row(at: index)
        let found = columns.texts(of: row)
        guard place < found.count else {
            let (path, place) = origin(index)
            throw DatasetError(.unreadable, path: path, place: place, "changed while it was read; try again")
        }
        let own = columns.textIDs(of: row, count: found.count)[place]
        let origin = origin(index)
        return PairText(
            id: own.map(ChineseClipFiles.id) ?? .int(Int64(number)), text: found[place], imageIDs: images,
            path: origin.path, place: origin.place)
    }
}

/// Which columns of a dataset hold the texts of its images.
struct RowColumns {
    private enum Texts {
        case list(String)
        case single(String)
        /// A class by its name.
        case label(String)
        case none
    }

    private let texts: Texts
    private let hasIDs: Bool

    /// Whether any column holds texts.
    var hasTexts: Bool { if case .none = texts { false } else { true } }
    /// Whether they are names of classes.
    var areLabels: Bool { if case .label = texts { true } else { false } }

    /// - Parameter caption: the column that was named; without it, the first of the usual ones.
    init(_ columns: [DatasetColumn], caption: String?) {
        func found(_ names: [String], _ fits: (DatasetType) -> Bool) -> String? {
            for name in names {
                if let column = columns.first(where: { $0.name.lowercased() == name && fits($0.type) }) {
                    return column.name
                }
            }
            return nil
        }
        func isTexts(_ type: DatasetType) -> Bool { type == .list(.text) }
        hasIDs = columns.contains { $0.name == "text_ids" || $0.name == "text_id" }
        if let caption, let column = columns.first(where: { $0.name == caption }), isTexts(column.type) {
            texts = .list(caption)
        } else if let caption {
            // What was named became the column `text`, but of rows whose images needed no search.
            texts = .single(
                columns.first { $0.name.lowercased() == caption.lowercased() && $0.type == .text }?.name ?? "text")
        } else if let name = found(["texts", "captions", "caption", "sentences", "text"], isTexts) {
            texts = .list(name)
        } else if columns.contains(DatasetColumn("text", .text)) {
            texts = .single("text")
        } else if let name = found(["label", "class"], { $0 == .text }) {
            texts = .label(name)
        } else {
            texts = .none
        }
    }

    /// The texts of a row.
    func texts(of row: DatasetRecord) -> [String] {
        switch texts {
        case .list(let name):
            guard case .list(let values)? = row[name] else { return [] }
            return values.compactMap(\.text)
        case .single(let name): return row[name]?.text.map { [$0] } ?? []
        case .label(let name): return row[name]?.text.map { [$0.replacing("_", with: " ")] } ?? []
        case .none: return []
        }
    }

    /// The ids that the dataset has for `count` texts of a row.
    func textIDs(of row: DatasetRecord, count: Int) -> [String?] {
        guard hasIDs else { return [String?](repeating: nil, count: count) }
        func name(_ value: DatasetValue) -> String? { value.json.flatMap(ChineseClipFiles.name) }
        if case .list(let values)? = row["text_ids"], values.count == count { return values.map(name) }
        if count == 1, let value = row["text_id"] { return [name(value)] }
        return [String?](repeating: nil, count: count)
    }
}
