/// A JSON object a line; or the objects of one JSON array; or objects that follow one another over several lines.
struct JSONSource: RowSource {
    private let builder: RowBuilder
    private let path: String
    private let notes: DatasetNotes?
    private var items: JSONItems?

    init(_ stream: TextStream, path: String, columns: ColumnNames, notes: DatasetNotes?) throws(DatasetError) {
        self.path = stream.name
        self.notes = notes
        builder = RowBuilder(names: columns, path: path)
        items = try JSONItems(stream, columns: columns)
    }

    mutating func next() -> Result<DatasetRow, DatasetError>? {
        do throws(DatasetError) {
            guard let item = try items?.next() else { return nil }
            return .success(try row(item))
        } catch {
            if error.place.isEmpty { items = nil }
            return .failure(error)
        }
    }

    private func row(_ item: JSONItems.Item) throws(DatasetError) -> DatasetRow {
        let place = item.place
        guard !item.isTooLong else {
            throw DatasetError(
                .tooLarge, path: path, place: place, "is longer than \(LineStream.longest >> 20) MiB")
        }
        let value: JSONValue
        do throws(JSONParser.Fault) {
            let (parsed, notFinite) = try JSONParser.document(item.bytes)
            value = parsed
            notes?.add(notFinite: notFinite, path: path, place: place)
        } catch {
            throw DatasetError(
                .malformed, path: path, place: place, "is not JSON: \(error.reason) (byte \(error.offset))")
        }
        // An array of paths.
        if case .string = value { return try builder.row([("image", .json(value))], place: place) }
        guard case .object(let members) = value else {
            throw DatasetError(.malformed, path: path, place: place, "should be an object: {\"image\": …}")
        }
        do throws(DatasetError) {
            return try builder.row(members.map { ($0.name, .json($0.value)) }, place: place)
        } catch {
            guard error.kind == .incomplete, value["image_ids"] != nil, value["text"] != nil else { throw error }
            throw DatasetError(
                .incomplete, path: path,
                "holds the texts of images that stand elsewhere (image_ids); give the …_imgs.tsv beside it")
        }
    }
}
