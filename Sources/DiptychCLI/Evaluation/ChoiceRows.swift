import Diptych
import DiptychDatasets
import DiptychMedia
import Foundation

/// Rows of a dataset with images and texts in columns that are named.
struct NamedRows {
    let rows: any Dataset
    let path: String
    private let images: [(name: String, dataset: ImageDataset?)]

    /// - Parameters:
    ///   - part: read without a column of captions, so that all columns keep their names.
    ///   - images: the columns of images.
    /// - Throws: ``Failure`` where a column is missing.
    init(_ part: DatasetPart, images names: [String]) throws {
        try self.init(try part.rows(), path: part.path, images: names)
    }

    /// Rows whose images' paths are relative to the file at `path`.
    init(_ rows: any Dataset, path: String, images names: [String]) throws {
        (self.rows, self.path) = (rows, path)
        let columns = rows.columns
        images = try names.map { [rows, path] name in
            if columns.contains(where: { $0.name == name && $0.type == .image }) { return (name, nil) }
            guard columns.contains(where: { [name, "\(name).bytes", "\(name).path"].contains($0.name) }) else {
                throw Self.missing(name, columns, path)
            }
            var known = ColumnNames()
            (known.image, known.caption) = ([name, "\(name).bytes", "\(name).path"], [])
            return (name, try ImageDataset(rows, columns: known, path: path))
        }
    }

    /// The rows of a JSON file that is one object with an object a row, as SugarCrepe's are: {"0": {"filename": …}}; nil of another.
    static func nested(_ path: String) -> (any Dataset)? {
        guard path.hasSuffix(".json"), let bytes = FileManager.default.contents(atPath: path),
            case .object(let members)? = try? JSONParser.parse(bytes), !members.isEmpty
        else { return nil }
        let rows = members.compactMap { member -> [JSONValue.Member]? in
            if case .object(let row) = member.value { row } else { nil }
        }
        guard rows.count == members.count else { return nil }
        let names = ["filename", "caption", "negative_caption"]
        return MemoryDataset(
            columns: names.map { DatasetColumn($0, .text) },
            rows: rows.map { row in
                names.map { name in row.last { $0.name == name }?.value.string.map(DatasetValue.text) ?? .null }
            })
    }

    /// Refuses columns that are not there.
    func check(_ names: [String]) throws {
        for name in names where !rows.columns.contains(where: { $0.name == name }) {
            throw Self.missing(name, rows.columns, path)
        }
    }

    private static func missing(_ name: String, _ columns: [DatasetColumn], _ path: String) -> Failure {
        Failure("\(path): has no column '\(name)'; it has \(columns.prefix(20).map(\.name).joined(separator: ", "))")
    }

    /// A row.
    func row(_ index: Int) throws -> DatasetRecord { try rows.row(at: index) }

    /// Where a row stands.
    func place(_ index: Int) -> (path: String, place: String) {
        let place = rows.place(ofRow: index)
        return (place.file.isEmpty ? path : place.file, place.place.isEmpty ? "row \(index + 1)" : place.place)
    }

    /// The bytes of a row's image in one of the columns.
    func bytes(_ index: Int, column: Int = 0) throws -> [UInt8] {
        let row = try rows.row(at: index)
        let (name, dataset) = images[column]
        let (path, place) = place(index)
        let reference: ImageReference? =
            if let dataset { try dataset.image(of: row, at: index) } else if case .image(let image)? = row[name] {
                image
            } else {
                nil
            }
        guard let reference else {
            throw DatasetError(.incomplete, path: path, place: place, "has no image in \(name)")
        }
        return try reference.load(path: path, place: place)
    }

    /// An error of a row, as one of the dataset's.
    func failure(_ error: any Error, _ index: Int) -> DatasetError {
        if let error = error as? DatasetError, !error.place.isEmpty { return error }
        let (path, place) = place(index)
        let reason = (error as? ImageError)?.reason ?? (error as? DatasetError)?.reason ?? Failure.describe(error)
        return DatasetError(.malformed, path: path, place: place, reason)
    }
}

/// A question: texts of which one is an image's.
struct ChoiceQuestion {
    let choices: [String]
    let label: Int

    /// Reads a question.
    ///
    /// - Parameters:
    ///   - columns: one with lists of texts, or several with a text each.
    ///   - label: the column of the right one's place; nil where it is always the first.
    /// - Throws: ``Failure`` with what is wrong.
    init(_ row: DatasetRecord, choices columns: [String], label: String?) throws {
        if columns.count == 1 {
            choices = try Self.texts(row[columns[0]] ?? .null, columns[0])
        } else {
            choices = try columns.map { name in
                guard let text = row[name]?.text else { throw Failure("has no text in \(name)") }
                return text
            }
        }
        guard choices.count >= 2 else { throw Failure("has \(choices.count) choices; two at least are a question") }
        if let empty = choices.firstIndex(where: { $0.allSatisfy(\.isWhitespace) }) {
            throw Failure("choice \(empty + 1) is empty")
        }
        guard let label else {
            self.label = 0
            return
        }
        guard let place = Self.place(row[label] ?? .null) else {
            throw Failure("'\(row[label]?.json?.text ?? "")' in \(label) is neither a place from 0 nor a letter from A")
        }
        guard choices.indices.contains(place) else {
            throw Failure("\(label) names choice \(place) from 0, and there are \(choices.count)")
        }
        self.label = place
    }

    private static func texts(_ value: DatasetValue, _ column: String) throws -> [String] {
        switch value {
        case .list(let values):
            let texts = values.compactMap(\.text)
            guard texts.count == values.count else { throw Failure("\(column) holds something that is not a text") }
            return texts
        case .text(let text):
            // Tables of text have lists as JSON.
            guard case .array(let values)? = try? JSONParser.parse(Array(text.utf8)),
                case let texts = values.compactMap(\.string), texts.count == values.count
            else { throw Failure("\(column) is not a list of texts") }
            return texts
        default: throw Failure("has no choices in \(column)")
        }
    }

    /// The place that a label names: a whole number from 0, or a letter from A.
    private static func place(_ value: DatasetValue) -> Int? {
        if let number = value.integer { return number >= 0 && number < 1 << 20 ? Int(number) : nil }
        guard let text = value.text?.trimmingCharacters(in: .whitespaces) else { return nil }
        if let number = Int(text), number >= 0 { return number }
        guard text.utf8.count == 1, let byte = text.uppercased().utf8.first, (0x41...0x5A).contains(byte) else {
            return nil
        }
        return Int(byte) - 0x41
    }
}
