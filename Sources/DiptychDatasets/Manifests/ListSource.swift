/// Paths or URLs, one a line; blank lines mean nothing. Paths are relative to the current folder, as other programs print
/// them (`find . -name '*.jpg'`).
struct ListSource: RowSource {
    private let path: String
    private var lines: LineStream?

    init(_ stream: TextStream, separator: LineStream.Separator) {
        path = stream.name
        lines = LineStream(stream, separator: separator)
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
        try line.check(path)
        let text = try line.text(path)
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

    /// Its text.
    func text(_ path: String) throws(DatasetError) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw DatasetError(.malformed, path: path, place: "line \(number)", TextEncoding.reason)
        }
        return text
    }
}

/// Texts in older encodings.
enum TextEncoding {
    static let reason =
        "is not UTF-8; if the file is in another encoding, name it (--encoding gb18030) or convert it: iconv -f GBK -t UTF-8"

    /// Whether a file that begins with `head` is in an older encoding throughout, such as GBK: there are several lines beyond
    /// ASCII, none of them UTF-8. A single damaged line is one row that is lost.
    static func isOlder(_ head: [UInt8], isWhole: Bool) -> Bool {
        var lines = head.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D })
        // The last line may be cut within a character.
        if !isWhole, lines.count > 1 { lines.removeLast() }
        let beyond = lines.filter { $0.contains { $0 >= 0x80 } }
        guard beyond.count >= max(min(2, lines.count), lines.count / 5), !beyond.isEmpty else { return false }
        return beyond.allSatisfy { String(validating: $0, as: UTF8.self) == nil }
    }
}
