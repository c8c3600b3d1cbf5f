internal import DiptychBasics

/// The pictures of a dataset of Chinese-CLIP by their lines, with the texts that name them: the columns `image_id`,
/// `image`, `texts` and `text_ids`.
struct ChineseClipDataset: Dataset {
    let columns: [DatasetColumn]
    private let file: InputFile
    private let offsets: RowOffsets
    private let texts: JSONDataset?
    /// The rows in ``texts`` of each image: those from its start to the next one's.
    private let starts: [Int]
    private let textRows: [Int32]
    /// The rows whose id an earlier one has, which has the texts.
    private let repeated: [Int: Int]

    /// - Parameters:
    ///   - path: the file `…_imgs.tsv`; `…_texts.jsonl` beside it is read where there is one.
    ///   - notes: takes the texts that cannot be read.
    init(path: String, encoding: TextFileEncoding? = nil, notes: DatasetNotes? = nil) throws(DatasetError) {
        file = try InputFile.plainText(path, encoding)
        var lines = LineStream(TextStream(ByteStream(file)))
        var offsets = RowOffsets()
        var rows: [String: Int] = [:]
        var repeated: [Int: Int] = [:]
        var isNumbered = true
        while let line = try lines.next() {
            guard line.isTooLong || !line.bytes.isEmpty else { continue }
            if !line.isTooLong, let tab = line.bytes.firstIndex(of: 0x09) {
                let id = String(decoding: line.bytes[..<tab], as: UTF8.self)
                isNumbered = isNumbered && Int64(id) != nil
                if let first = rows[id] {
                    repeated[offsets.count] = offsets.number(first)
                } else {
                    rows[id] = offsets.count
                }
            }
            offsets.append(offset: line.offset, count: line.isTooLong ? -1 : line.bytes.count, number: line.number)
        }
        (self.offsets, self.repeated) = (offsets, repeated)
        let beside = ChineseClipSource.texts(beside: path)
        texts = try beside.map { (path) throws(DatasetError) in try JSONDataset(path: path, encoding: encoding) }
        (starts, textRows) =
            try texts.map { (texts) throws(DatasetError) in
                try Self.texts(texts, of: rows, count: offsets.count, path: beside ?? path, notes)
            } ?? ([Int](repeating: 0, count: offsets.count + 1), [])
        columns = [
            DatasetColumn("image_id", isNumbered ? .integer : .text), DatasetColumn("image", .image),
            DatasetColumn("texts", .list(.text)),
            DatasetColumn("text_ids", .list(texts?.columns.first { $0.name == "text_id" }?.type ?? .integer)),
        ]
    }

    private static func texts(
        _ texts: JSONDataset, of rows: [String: Int], count: Int, path: String, _ notes: DatasetNotes?
    ) throws(DatasetError) -> ([Int], [Int32]) {
        guard texts.count < Int(Int32.max) else {
            throw DatasetError(.tooLarge, path: "texts", "\(texts.count) texts are more than are read")
        }
        var pairs: [(image: Int, text: Int32)] = []
        var (unused, firstUnused) = (0, 0)
        for text in 0..<texts.count {
            let row: DatasetRecord
            do throws(DatasetError) { row = try texts.row(at: text) } catch {
                notes?.add("the text is left out: \(error.reason)", about: path, path: path, place: error.place)
                continue
            }
            guard row["text"]?.text != nil, case .list(let ids)? = row["image_ids"] else {
                notes?.add(
                    "a text is left out that has no 'text' or no list 'image_ids'", about: path, path: path,
                    place: "row \(text + 1)")
                continue
            }
            let before = pairs.count
            for id in ids {
                let name: String? = if case .integer(let number) = id { String(number) } else { id.text }
                if let name, let image = rows[name] { pairs.append((image, Int32(text))) }
            }
            guard pairs.count == before else { continue }
            if unused == 0 { firstUnused = text }
            unused += 1
        }
        // A row is an image. Chinese-CLIP's own files keep such texts.
        notes?.set(
            "texts that name no image are in no row", about: path, path: path, place: "row \(firstUnused + 1)",
            count: unused)
        // In the order of images, and of texts for each.
        pairs.sort { ($0.image, $0.text) < ($1.image, $1.text) }
        var starts = [Int](repeating: 0, count: count + 1)
        for pair in pairs { starts[pair.image + 1] += 1 }
        for row in 0..<count { starts[row + 1] += starts[row] }
        return (starts, pairs.map(\.text))
    }

    var count: Int { offsets.count }

    func place(ofRow index: Int) -> DatasetPlace {
        DatasetPlace(file: file.path, place: "line \(offsets.number(index))")
    }

    func row(at index: Int) throws(DatasetError) -> DatasetRecord {
        let (count, number) = (offsets.counts[index], offsets.number(index))
        let bytes = count < 0 ? [] : try file.read(at: offsets.offsets[index], count: count)
        let line = LineStream.Line(number: number, offset: offsets.offsets[index], bytes: bytes, isTooLong: count < 0)
        let (id, image) = try ChineseClipSource.image(line, file.path)
        if let first = repeated[index] {
            throw DatasetError(
                .malformed, path: file.path, place: "line \(number)",
                "the id \(id) stands on line \(first) already, and texts belong to that one")
        }
        var (found, ids): ([DatasetValue], [DatasetValue]) = ([], [])
        if let texts {
            for text in textRows[starts[index]..<starts[index + 1]] {
                let row = try texts.row(at: Int(text))
                found.append(row["text"] ?? .null)
                ids.append(row["text_id"] ?? .null)
            }
        }
        let name: DatasetValue = columns[0].type == .integer ? Int64(id).map(DatasetValue.integer) ?? .null : .text(id)
        return DatasetRecord(columns: columns, values: [name, .image(.bytes(image)), .list(found), .list(ids)])
    }
}
