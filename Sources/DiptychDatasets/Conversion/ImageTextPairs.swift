internal import DiptychBasics

/// An image and one text that belongs to it.
public struct ImageTextPair: Sendable {
    /// The bytes of the image's file.
    public let image: [UInt8]
    /// The text.
    public let text: String
    /// Where the image stands, for messages.
    public let place: String
}

/// Pairs of images and texts that are read by their number, as training goes through them.
///
/// A text of several images, and an image of several texts, are a pair each. The order is that of Chinese-CLIP's LMDB where the
/// files are that project's: of an LMDB the keys 0, 1, 2, …, of its text files the texts and then their images. Of others it is the
/// order of rows.
public protocol ImageTextPairs: Sendable {
    /// The number of pairs.
    var count: Int { get }
    /// Reads a pair. Any number of threads may read at a time.
    ///
    /// - Throws: ``DatasetError`` where this pair is damaged; others may still be read.
    func pair(at index: Int) throws(DatasetError) -> ImageTextPair
}

extension DatasetPart {
    /// The part's pairs of images and texts.
    ///
    /// - Throws: ``DatasetError`` where its files cannot be read, or hold no texts.
    public func imageTextPairs() throws(DatasetError) -> any ImageTextPairs {
        switch content {
        case .lmdb: return try NumberedPairs(folder: path)
        case .chineseClip: return try RowTextPairs(chineseClip: self)
        case .rows:
            let rows = try imageRows()
            return try RowTextPairs(rows, columns: rowColumns(rows), path: path, notes: options.notes)
        }
    }
}

/// The pairs of an LMDB of Chinese-CLIP's by their keys.
struct NumberedPairs: ImageTextPairs {
    let count: Int
    private let images: LMDBReader
    private let pairs: LMDBReader

    init(folder: String) throws(DatasetError) {
        guard LMDBReader.isEnvironment("\(folder)/imgs"), LMDBReader.isEnvironment("\(folder)/pairs") else {
            throw DatasetError(
                .incomplete, path: folder, "has no folders imgs and pairs, which a split for training has")
        }
        images = try LMDBReader(folder: "\(folder)/imgs")
        pairs = try LMDBReader(folder: "\(folder)/pairs")
        let stated = try pairs.value(LMDBDataset.pairCount).flatMap { Int(String(decoding: $0, as: UTF8.self)) }
        guard let stated, stated >= 0 else {
            throw DatasetError(
                .malformed, path: pairs.path, place: "key num_samples",
                "is missing or no number; `diptych dataset check --repair` writes it")
        }
        count = stated
    }

    func pair(at index: Int) throws(DatasetError) -> ImageTextPair {
        let place = "key \(index)"
        guard let pair = try LMDBDataset.pair(index, pairs) else {
            throw DatasetError(.incomplete, path: pairs.path, place: place, "there is no such pair")
        }
        guard let id = ChineseClipFiles.name(of: pair.image) else {
            throw DatasetError(
                .malformed, path: pairs.path, place: place, "its image's id is neither a number nor a text")
        }
        guard let text = try images.value(Array(id.utf8)), let bytes = Base64.decode(text), !bytes.isEmpty else {
            throw DatasetError(
                .malformed, path: images.path, place: "key \(id)", "is missing, or is not an image in base64")
        }
        return ImageTextPair(image: bytes, text: pair.text, place: "\(images.path), key \(id)")
    }
}

/// Rows of images with their texts, which are kept in memory.
struct RowTextPairs: ImageTextPairs {
    private let rows: any Dataset
    private let path: String
    private var texts = TextTable()
    private var pairs: [(row: Int32, text: Int32)] = []

    var count: Int { pairs.count }

    /// - Parameter notes: takes rows that cannot be read, which are left out.
    init(_ rows: any Dataset, columns: RowColumns, path: String, notes: DatasetNotes?) throws(DatasetError) {
        (self.rows, self.path) = (rows, path)
        guard columns.hasTexts else {
            guard rows.count > 0 else { throw DatasetError(.incomplete, path: path, "has no images with texts") }
            let known = rows.columns.prefix(20).map(\.name).joined(separator: ", ")
            throw DatasetError(
                .incomplete, path: path, "has no column of texts; name one of \(known) with --caption-column")
        }
        guard rows.count < Int(Int32.max) else {
            throw DatasetError(.tooLarge, path: path, "\(rows.count) rows are more than are read")
        }
        for index in 0..<rows.count {
            let row: DatasetRecord
            do throws(DatasetError) { row = try rows.row(at: index) } catch {
                notes?.add(
                    "rows that cannot be read are left out: \(error)", about: "row", path: path,
                    place: "row \(index + 1)")
                continue
            }
            for text in columns.texts(of: row) { try add(text, row: index) }
        }
    }

    /// The pairs of Chinese-CLIP's files, in the order of its `build_lmdb_dataset.py`.
    init(chineseClip part: DatasetPart) throws(DatasetError) {
        rows = try part.rows()
        path = part.path
        var numbers: [String: Int] = [:]
        for index in 0..<rows.count {
            // The id stands at the beginning of each line; a damaged image is an error of its pair.
            guard let id = (try? rows.row(at: index))?["image_id"] else { continue }
            switch id {
            case .integer(let number): numbers[String(number)] = index
            case .text(let text): numbers[text] = index
            default: break
            }
        }
        var source = try part.pairs(seed: 0)
        while let text = try source.nextText() {
            for id in text.imageIDs {
                guard let row = ChineseClipFiles.name(of: id).flatMap({ numbers[$0] }) else {
                    part.options.notes?.add(
                        "texts whose image is not there are left out", about: "orphan", path: path, place: text.place)
                    continue
                }
                try add(text.text, row: row)
            }
        }
    }

    private mutating func add(_ text: String, row: Int) throws(DatasetError) {
        guard texts.count < Int(Int32.max) else {
            throw DatasetError(.tooLarge, path: path, "more than \(Int32.max) texts are not read")
        }
        pairs.append((Int32(row), Int32(texts.count)))
        texts.append(text)
    }

    func pair(at index: Int) throws(DatasetError) -> ImageTextPair {
        precondition(index >= 0 && index < pairs.count, "a pair outside the dataset")
        let (row, text) = (Int(pairs[index].row), Int(pairs[index].text))
        let place = rows.place(ofRow: row)
        let (file, at) = (place.file.isEmpty ? path : place.file, place.place.isEmpty ? "row \(row + 1)" : place.place)
        let record = try rows.row(at: row)
        guard case .image(let reference)? = record["image"] else {
            throw DatasetError(.incomplete, path: file, place: at, "has no image")
        }
        return ImageTextPair(
            image: try reference.load(path: file, place: at), text: texts[text], place: "\(file), \(at)")
    }
}
