/// A row on its way to another form.
struct ConvertedRow {
    let record: DatasetRecord
    /// From 0.
    let number: Int
    /// The dataset's file, for messages.
    let path: String
    /// The row in it.
    let place: String
    let columns: RowColumns

    var texts: [String] { columns.texts(of: record) }
    var textIDs: [String?] { columns.textIDs(of: record, count: texts.count) }

    /// The image.
    func image() throws(DatasetError) -> ImageReference {
        guard case .image(let image)? = record["image"] else {
            throw DatasetError(.incomplete, path: path, place: place, "has no image")
        }
        return image
    }

    /// Whether there is no image, in a table that allows that.
    var lacksImage: Bool { record["image"].map(\.isNull) ?? true }

    /// The same for rows with the same image: of its path, URL, place or bytes. Rows without an image differ by their numbers.
    var imageHash: ContentHash {
        guard case .image(let image)? = record["image"] else { return ContentHash("row \(number)".utf8) }
        return switch image {
        case .file(let name), .url(let name): ContentHash(name.utf8)
        case .part(let part): ContentHash("\(part.offset) \(part.path)".utf8)
        case .bytes(let bytes): ContentHash(bytes)
        }
    }

    /// The bytes of the image's file.
    func bytes() throws(DatasetError) -> [UInt8] { try image().load(path: path, place: place) }

    /// What its image's file can be called: the dataset's id or key for it, else its number.
    var name: String {
        for column in ["image_id", "key"] {
            if case .integer(let number)? = record[column] { return String(number) }
            if let text = record[column]?.text, !text.isEmpty, text.utf8.count <= 100,
                text.unicodeScalars.allSatisfy({
                    $0.properties.isAlphabetic || "0123456789_-".unicodeScalars.contains($0)
                })
            {
                return text
            }
        }
        let digits = String(number)
        return String(repeating: "0", count: max(0, 9 - digits.count)) + digits
    }
}
