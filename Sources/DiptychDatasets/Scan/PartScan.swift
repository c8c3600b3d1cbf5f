internal import Foundation

/// The images and the texts of a part of a dataset as they stand, with those that cannot be read, in constant memory and always in
/// the same order.
package final class PartScan {
    /// The form that the part has.
    package enum Form: Sendable {
        case chineseClip
        case lmdb
        /// Rows, each with an image and its texts.
        case rows
    }

    package let form: Form
    /// The split's name.
    package let split: String?
    /// The file or folder.
    package let path: String
    /// Whether there is a place for texts: a file, a database, a column.
    package let hasTexts: Bool
    /// Whether texts are names of classes.
    package let areTextsLabels: Bool
    /// The columns of rows; empty of others.
    package let columns: [DatasetColumn]
    /// Whether it is a table without a row.
    package let isEmptyFile: Bool
    /// Parts that cannot be read at all, and counts that lie.
    package private(set) var failures: [DatasetError] = []
    /// Counts that differ from what is there.
    package private(set) var wrongCounts: [DatasetError] = []
    private var source: any ScanSource

    /// Opens a part.
    ///
    /// - Throws: ``DatasetError`` where nothing of it can be read.
    package init(_ part: DatasetPart) throws(DatasetError) {
        (split, path) = (part.split, part.path)
        var isEmpty = false
        switch part.content {
        case .chineseClip:
            let files = try ChineseClipScan(path: part.path, encoding: part.options.encoding)
            (form, hasTexts, areTextsLabels, columns) = (.chineseClip, files.textPath != nil, false, [])
            source = files
        case .lmdb:
            let database = try LMDBScan(folder: part.path)
            (form, hasTexts, areTextsLabels, columns) = (.lmdb, database.hasPairs, false, [])
            (failures, wrongCounts) = (database.failures, database.wrongCounts)
            source = database
        case .rows:
            let rows = try RowScan(part)
            (form, hasTexts, areTextsLabels) = (.rows, rows.texts.hasTexts, rows.texts.areLabels)
            columns = rows.rows.columns
            source = rows
            var isDirectory: ObjCBool = false
            let isThere = FileManager.default.fileExists(atPath: part.path, isDirectory: &isDirectory)
            isEmpty = rows.rows.count == 0 && isThere && !isDirectory.boolValue
        }
        isEmptyFile = isEmpty
    }

    /// The next image; nil behind the last one.
    package func nextImage() -> ScannedImage? { source.nextImage() }

    /// The next text that stands apart from images; nil behind the last one.
    package func nextText() -> ScannedText? { source.nextText() }

    /// Where an image stands.
    package func place(ofImage number: Int, id: String?) -> DatasetPlace { source.place(ofImage: number, id: id) }

    /// Where a text stands.
    package func place(ofText number: Int) -> DatasetPlace { source.place(ofText: number) }
}

/// What reads the images and texts of one form.
protocol ScanSource {
    mutating func nextImage() -> ScannedImage?
    mutating func nextText() -> ScannedText?
    func place(ofImage number: Int, id: String?) -> DatasetPlace
    func place(ofText number: Int) -> DatasetPlace
}

/// Lines of `…_imgs.tsv` and `…_texts.jsonl`.
private struct ChineseClipScan: ScanSource {
    private let path: String
    let textPath: String?
    private var images: LineStream?
    private var texts: LineStream?

    init(path: String, encoding: TextFileEncoding?) throws(DatasetError) {
        self.path = path
        images = LineStream(TextStream(try ByteStream(path: path), encoding: encoding))
        textPath = ChineseClipSource.texts(beside: path)
        texts = try textPath.map { (path) throws(DatasetError) in
            LineStream(TextStream(try ByteStream(path: path), encoding: encoding))
        }
    }

    func place(ofImage number: Int, id: String?) -> DatasetPlace { DatasetPlace(file: path, place: "line \(number)") }
    func place(ofText number: Int) -> DatasetPlace { DatasetPlace(file: textPath ?? path, place: "line \(number)") }

    mutating func nextImage() -> ScannedImage? {
        do throws(DatasetError) {
            while let line = try images?.next() {
                guard line.isTooLong || !line.bytes.allSatisfy(FileContent.isBlank) else { continue }
                return image(line)
            }
            return nil
        } catch {
            images = nil
            return ScannedImage(number: 0, content: .failure(error))
        }
    }

    private func image(_ line: LineStream.Line) -> ScannedImage {
        func failure(_ reason: String) -> ScannedImage {
            let error = DatasetError(.malformed, path: path, place: "line \(line.number)", reason)
            return ScannedImage(number: line.number, content: .failure(error))
        }
        guard !line.isTooLong else { return failure("is longer than \(LineStream.longest >> 20) MiB") }
        guard let tab = line.bytes.firstIndex(of: 0x09), tab > 0 else {
            return failure("should be an id, a tab and an image in base64")
        }
        guard let id = String(validating: line.bytes[..<tab], as: UTF8.self) else {
            return failure("the id is not UTF-8")
        }
        guard id.utf8.count <= LMDBWriter.longestKey, !id.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
            return failure("the id is longer than \(LMDBWriter.longestKey) bytes or has control characters")
        }
        var end = line.bytes.count
        while end > tab + 1, FileContent.isBlank(line.bytes[end - 1]) { end -= 1 }
        return ScannedImage(
            number: line.number, id: id, content: .base64(Array(line.bytes[(tab + 1)..<max(end, tab + 1)])))
    }

    mutating func nextText() -> ScannedText? {
        do throws(DatasetError) {
            while let line = try texts?.next() {
                guard line.isTooLong || !line.bytes.allSatisfy(FileContent.isBlank) else { continue }
                return text(line)
            }
            return nil
        } catch {
            texts = nil
            return ScannedText(number: 0, failure: error)
        }
    }

    private func text(_ line: LineStream.Line) -> ScannedText {
        func failure(_ reason: String) -> ScannedText {
            let error = DatasetError(.malformed, path: textPath ?? path, place: "line \(line.number)", reason)
            return ScannedText(number: line.number, failure: error)
        }
        guard !line.isTooLong else { return failure("is longer than \(LineStream.longest >> 20) MiB") }
        var (bytes, encoding): ([UInt8], TextFileEncoding?) = (line.bytes, nil)
        if String(validating: bytes, as: UTF8.self) == nil {
            guard let guess = TextFileEncoding.guess(bytes) else { return failure("is not UTF-8") }
            (bytes, encoding) = (guess.text, guess.encoding)
        }
        let value: JSONValue
        do throws(JSONParser.Fault) { value = try JSONParser.parse(bytes) } catch {
            return failure("is not JSON: \(error.reason) (byte \(error.offset))")
        }
        guard let text = value["text"]?.string, let id = value["text_id"], ChineseClipFiles.name(of: id) != nil,
            case .array(let ids)? = value["image_ids"], ids.allSatisfy({ ChineseClipFiles.name(of: $0) != nil })
        else { return failure("should be {\"text_id\": 1, \"text\": \"…\", \"image_ids\": [1]}") }
        return ScannedText(
            number: line.number, id: id, text: text, imageIDs: ids.compactMap(ChineseClipFiles.name), encoding: encoding
        )
    }
}

/// Rows with an image and its texts each.
private struct RowScan: ScanSource {
    let rows: any Dataset
    let texts: RowColumns
    private let path: String
    private let hasImages: Bool
    private let labels: [String]
    private let choices: String?
    private var next = 0

    /// Columns with numbers or names of classes.
    private static let labelNames: Set<String> = [
        "label", "labels", "class", "class_id", "class_index", "class_label", "label_id", "label_index", "category",
        "category_id", "target", "fine_label", "coarse_label", "answer",
    ]
    private static let choiceNames: Set<String> = ["caption_choices", "choices", "options", "candidates"]

    init(_ part: DatasetPart) throws(DatasetError) {
        let all = try part.rows()
        let images: (any Dataset)? =
            all.columns.contains(DatasetColumn("image", .image))
            ? all : try? ImageDataset(all, columns: part.options.columns, path: part.path)
        (rows, hasImages, path) = (images ?? all, images != nil, part.path)
        texts = part.rowColumns(rows)
        labels = rows.columns.filter { column in
            switch column.type {
            case .integer, .double, .text, .list(.integer): Self.labelNames.contains(column.name.lowercased())
            default: false
            }
        }
        .map(\.name)
        choices =
            rows.columns.first {
                if case .list = $0.type { Self.choiceNames.contains($0.name.lowercased()) } else { false }
            }?.name
    }

    func place(ofImage number: Int, id: String?) -> DatasetPlace { place(number) }
    func place(ofText number: Int) -> DatasetPlace { place(number) }

    private func place(_ number: Int) -> DatasetPlace {
        guard number < rows.count else { return DatasetPlace(file: path, place: "row \(number + 1)") }
        let place = rows.place(ofRow: number)
        return place.file.isEmpty ? DatasetPlace(file: path, place: place.place) : place
    }

    mutating func nextImage() -> ScannedImage? {
        guard next < rows.count else { return nil }
        let index = next
        next += 1
        let row: DatasetRecord
        do throws(DatasetError) { row = try rows.rowNamingPlace(at: index, of: path) } catch {
            return ScannedImage(number: index, content: .failure(error))
        }
        var image = ScannedImage(number: index, content: .missing)
        if case .image(let reference)? = row["image"] { image.content = .reference(reference) }
        switch row["image_id"] {
        case .integer(let number)?: image.id = String(number)
        case .text(let text)? where !text.isEmpty: image.id = text
        default: break
        }
        let found = texts.texts(of: row)
        image.texts = zip(found, texts.textIDs(of: row, count: found.count)).map { text, id in
            ScannedText(number: index, id: id.map(ChineseClipFiles.id), text: text)
        }
        let count: Int? =
            choices.flatMap { row[$0] }.flatMap { if case .list(let values) = $0 { values.count } else { nil } }
        for name in labels {
            let value = row[name] ?? .null
            let values: [DatasetValue] = if case .list(let list) = value { list } else { [value] }
            image.labels += values.filter { !$0.isNull }
                .map { ScannedLabel(column: name, value: $0, choices: count) }
        }
        return image
    }

    mutating func nextText() -> ScannedText? { nil }
}
