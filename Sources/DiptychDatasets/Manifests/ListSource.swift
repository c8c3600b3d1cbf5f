/// Paths or URLs, one a line; blank lines mean nothing. Paths are relative to the current folder, as other programs print
/// them (`find . -name '*.jpg'`).
struct ListSource: RowSource {
    private let path: String
    private var lines: LineStream?

    init(path: String) throws(DatasetError) {
        self.path = path == "-" ? "standard input" : path
        lines = try LineStream(path: path)
    }

    mutating func next() -> Result<DatasetRow, DatasetError>? {
        do throws(DatasetError) {
            while let line = try lines?.next() {
                guard !line.bytes.isEmpty || line.isTooLong else { continue }
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
        guard let text = String(validating: line.bytes, as: UTF8.self) else {
            throw DatasetError(.malformed, path: path, place: place, "is not UTF-8")
        }
        switch RowBuilder.scheme(text) {
        case nil: return DatasetRow(locator: text, image: .file(text))
        case "data"?: return DatasetRow(locator: "\(path)#\(line.number)", image: .url(text))
        default: return DatasetRow(locator: text, image: .url(text))
        }
    }
}

extension LineStream.Line {
    /// Refuses a line that was too long to keep.
    func check(_ path: String) throws(DatasetError) {
        guard isTooLong else { return }
        throw DatasetError(
            .tooLarge, path: path, place: "line \(number)", "is longer than \(LineStream.longest >> 20) MiB")
    }
}
