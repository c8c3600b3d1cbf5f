internal import DiptychBasics

/// A split of Chinese-CLIP's LMDB: the folders `imgs`, with an image file's base64 under each id, and `pairs`, with pickled
/// tuples under 0, 1 and so on. The columns are those of ``ChineseClipDataset``; images come in the order of their keys'
/// bytes, as Chinese-CLIP's evaluation reads them.
struct LMDBDataset: Dataset {
    let columns: [DatasetColumn]
    private let images: LMDBReader
    private let pairs: LMDBReader?
    private let ids: TextTable
    /// The pairs of each image: those from its start to the next one's.
    private let starts: [Int]
    private let numbers: [Int]

    /// The keys that are counts, and not entries.
    static let imageCount = Array("num_images".utf8)
    static let pairCount = Array("num_samples".utf8)

    /// - Parameters:
    ///   - folder: the folder with `imgs` and `pairs`, or one of images alone.
    ///   - notes: takes counts that differ from what is there.
    init(folder: String, notes: DatasetNotes? = nil) throws(DatasetError) {
        let hasPairs = LMDBReader.isEnvironment("\(folder)/pairs")
        let isSplit = LMDBReader.isEnvironment("\(folder)/imgs")
        let images = try LMDBReader(folder: isSplit ? "\(folder)/imgs" : folder)
        let pairs = isSplit && hasPairs ? try LMDBReader(folder: "\(folder)/pairs") : nil
        if isSplit, !hasPairs {
            notes?.add("has no folder pairs, so that its images have no texts", path: folder, place: "pairs")
        }
        var (ids, rows): (TextTable, [String: Int]) = (TextTable(), [:])
        var (isNumbered, stated): (Bool, String?) = (true, nil)
        try images.forEach { (key, value) throws(DatasetError) in
            guard key != Self.imageCount else {
                stated = (try? value.get()).map { String(decoding: $0, as: UTF8.self) }
                return
            }
            let id = String(decoding: key, as: UTF8.self)
            isNumbered = isNumbered && Int64(id).map(String.init) == id
            rows[id] = ids.count
            ids.append(id)
        }
        Self.note(stated, key: "num_images", count: ids.count, of: "images", images.path, notes)
        var found: [(row: Int, number: Int)] = []
        var areTextsNumbered = true
        if let pairs { (found, areTextsNumbered) = try Self.join(pairs, rows, notes) }
        found.sort { ($0.row, $0.number) < ($1.row, $1.number) }
        var starts = [Int](repeating: 0, count: ids.count + 1)
        for pair in found { starts[pair.row + 1] += 1 }
        for row in 0..<ids.count { starts[row + 1] += starts[row] }
        (self.images, self.pairs, self.ids, self.starts, numbers) = (images, pairs, ids, starts, found.map(\.number))
        columns = [
            DatasetColumn("image_id", isNumbered ? .integer : .text), DatasetColumn("image", .image),
            DatasetColumn("texts", .list(.text)), DatasetColumn("text_ids", .list(areTextsNumbered ? .integer : .any)),
        ]
    }

    private static func note(
        _ stated: String?, key: String, count: Int, of things: String, _ path: String, _ notes: DatasetNotes?
    ) {
        guard stated != String(count) else { return }
        notes?.add(
            stated.map { "says \($0.prefix(40)), and there are \(count) \(things)" }
                ?? "is missing, without which Chinese-CLIP does not open it; there are \(count) \(things)",
            path: path, place: "key \(key)")
    }

    /// Finds the pairs of each image.
    ///
    /// - Returns: the row and the number of each, and whether all ids of texts are whole numbers.
    private static func join(
        _ pairs: LMDBReader, _ rows: [String: Int], _ notes: DatasetNotes?
    ) throws(DatasetError) -> ([(row: Int, number: Int)], isNumbered: Bool) {
        var found: [(row: Int, number: Int)] = []
        var (count, isNumbered, stated): (Int, Bool, String?) = (0, true, nil)
        try pairs.forEach { (key, value) throws(DatasetError) in
            guard key != Self.pairCount else {
                stated = (try? value.get()).map { String(decoding: $0, as: UTF8.self) }
                return
            }
            count += 1
            let place = "key \(LMDBReader.shown(key))"
            guard let number = Int(String(decoding: key, as: UTF8.self)) else {
                notes?.add("keys that are not numbers are left out", path: pairs.path, place: place)
                return
            }
            do throws(DatasetError) {
                let pair = try PairPickle.read(try value.get(), path: pairs.path, place: place)
                if case .int = pair.id {} else { isNumbered = false }
                guard let row = rows[ChineseClipFiles.name(of: pair.image) ?? ""] else {
                    notes?.add(
                        "pairs whose image is not there are left out", about: "orphan", path: pairs.path, place: place)
                    return
                }
                found.append((row, number))
            } catch {
                notes?.add("damaged pairs are left out", path: pairs.path, place: place)
            }
        }
        Self.note(stated, key: "num_samples", count: count, of: "pairs", pairs.path, notes)
        return (found, isNumbered)
    }

    var count: Int { ids.count }

    func place(ofRow index: Int) -> DatasetPlace { DatasetPlace(file: images.path, place: "key \(ids[index])") }

    func row(at index: Int) throws(DatasetError) -> DatasetRecord {
        let id = ids[index]
        let image = try Self.image(id, images)
        var (texts, textIDs): ([DatasetValue], [DatasetValue]) = ([], [])
        for number in numbers[starts[index]..<starts[index + 1]] {
            guard let pairs, let pair = try Self.pair(number, pairs) else { continue }
            texts.append(.text(pair.text))
            textIDs.append(DatasetValue(pair.id))
        }
        let name: DatasetValue = columns[0].type == .integer ? Int64(id).map(DatasetValue.integer) ?? .null : .text(id)
        return DatasetRecord(columns: columns, values: [name, .image(.bytes(image)), .list(texts), .list(textIDs)])
    }

    /// The image file under an id.
    private static func image(_ id: String, _ images: LMDBReader) throws(DatasetError) -> [UInt8] {
        guard let text = try images.value(Array(id.utf8)), let bytes = Base64.decode(text), !bytes.isEmpty else {
            throw DatasetError(
                .malformed, path: images.path, place: "key \(id)", "the value is not an image in base64")
        }
        return bytes
    }

    /// The pair under a number; nil where there is none.
    static func pair(
        _ number: Int, _ pairs: LMDBReader
    ) throws(DatasetError) -> (image: JSONValue, id: JSONValue, text: String)? {
        guard let bytes = try pairs.value(Array(String(number).utf8)) else { return nil }
        let result = bytes.withUnsafeBytes { raw in
            Result { () throws(DatasetError) in
                try PairPickle.read(raw, path: pairs.path, place: "key \(number)")
            }
        }
        return try result.get()
    }
}
