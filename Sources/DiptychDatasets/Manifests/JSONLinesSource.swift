/// A JSON object a line; blank lines mean nothing.
struct JSONLinesSource: RowSource {
    private let builder: RowBuilder
    private let path: String
    private var lines: LineStream?

    init(path: String, columns: ColumnNames) throws(DatasetError) {
        lines = try LineStream(path: path)
        self.path = path == "-" ? "standard input" : path
        builder = RowBuilder(names: columns, path: path)
    }

    mutating func next() -> Result<DatasetRow, DatasetError>? {
        do throws(DatasetError) {
            while let line = try lines?.next() {
                guard line.isTooLong || !line.bytes.allSatisfy({ $0 == 0x20 || $0 == 0x09 }) else { continue }
                return .success(try row(line))
            }
            return nil
        } catch {
            if error.place.isEmpty { lines = nil }
            return .failure(error)
        }
    }

    private func row(_ line: LineStream.Line) throws(DatasetError) -> DatasetRow {
        let place = "line \(line.number)"
        try line.check(path)
        let value: JSONValue
        do throws(JSONParser.Fault) { value = try JSONParser.parse(line.bytes) } catch {
            throw DatasetError(
                .malformed, path: path, place: place, "is not JSON: \(error.reason) (byte \(error.offset))")
        }
        guard case .object(let members) = value else {
            throw DatasetError(.malformed, path: path, place: place, "should be an object: {\"image\": …}")
        }
        return try builder.row(members.map { ($0.name, .json($0.value)) }, place: place)
    }
}
