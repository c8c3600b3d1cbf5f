#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// The pictures of a data set of Chinese-CLIP: a file `…_imgs.tsv` of lines `id TAB base64`, and `…_texts.jsonl` beside it
/// with `{"text_id": 0, "text": "…", "image_ids": [1000]}` a line.
struct ChineseClipSource: RowSource {
    private let path: String
    private var lines: LineStream?
    private let texts: [String: [String]]
    private var known: Set<String> = []

    /// How the names of files with images end.
    static let images = "_imgs.tsv"

    /// Whether a text that begins with `head` is of this form: a name, a tab, and the beginning of an image in base64.
    static func matches(_ head: [UInt8]) -> Bool {
        let line = head.prefix { $0 != 0x0A && $0 != 0x0D }
        guard let tab = line.firstIndex(of: 0x09), tab > 0, tab <= 256 else { return false }
        let value = line[(tab + 1)...]
        return value.count >= 32 && value.allSatisfy { Base64.digit($0) != nil || $0 == UInt8(ascii: "=") }
    }

    init(_ stream: TextStream, path: String, notes: DatasetNotes?) throws(DatasetError) {
        self.path = stream.name
        lines = LineStream(stream)
        guard path.hasSuffix(Self.images) else {
            texts = [:]
            return
        }
        let beside = String(path.dropLast(Self.images.count)) + "_texts.jsonl"
        texts = try Self.texts(beside, notes) ?? [:]
    }

    mutating func next() -> Result<DatasetRow, DatasetError>? {
        do throws(DatasetError) {
            while let line = try lines?.next() {
                guard line.isTooLong || !line.bytes.isEmpty else { continue }
                return .success(try row(line))
            }
            return nil
        } catch {
            if error.place.isEmpty { lines = nil }
            return .failure(error)
        }
    }

    private mutating func row(_ line: LineStream.Line) throws(DatasetError) -> DatasetRow {
        let (id, bytes) = try Self.image(line, path)
        guard known.insert(id).inserted else {
            throw DatasetError(
                .malformed, path: path, place: "line \(line.number)", "the id \(id) stands there already")
        }
        let captions = texts[id] ?? []
        var attributes = [JSONValue.Member("image_id", Int64(id).map(JSONValue.int) ?? .string(id))]
        if captions.count > 1 { attributes.append(JSONValue.Member("texts", .array(captions.map(JSONValue.string)))) }
        return DatasetRow(
            locator: "\(path)#\(id)", image: .bytes(bytes), caption: captions.first, attributes: attributes)
    }

    /// The id and the picture of a line.
    static func image(_ line: LineStream.Line, _ path: String) throws(DatasetError) -> (id: String, bytes: [UInt8]) {
        try line.check(path)
        func malformed(_ reason: String) -> DatasetError {
            DatasetError(.malformed, path: path, place: "line \(line.number)", reason)
        }
        guard let tab = line.bytes.firstIndex(of: 0x09), tab > 0,
            let id = String(validating: line.bytes[..<tab], as: UTF8.self)
        else { throw malformed("should be an id, a tab and an image in base64") }
        guard let bytes = Base64.decode(line.bytes[(tab + 1)...]), !bytes.isEmpty else {
            throw malformed("the image \(id) is not base64")
        }
        return (id, bytes)
    }

    /// The file with the texts of `pictures`, if there is one.
    static func texts(beside images: String) -> String? {
        guard images.hasSuffix(Self.images) else { return nil }
        let path = String(images.dropLast(Self.images.count)) + "_texts.jsonl"
        if let files = RemotePaths.files(for: path) { return (try? files.isFolder(path)) == false ? path : nil }
        return access(path, F_OK) == 0 ? path : nil
    }

    /// The texts of each image; nil where there is no such file, as for images to predict.
    private static func texts(_ path: String, _ notes: DatasetNotes?) throws(DatasetError) -> [String: [String]]? {
        let stream: ByteStream
        do throws(DatasetError) { stream = try ByteStream(path: path) } catch {
            notes?.add("the texts beside the images cannot be read: " + error.reason, path: path, place: "texts")
            return nil
        }
        var lines = LineStream(TextStream(stream))
        var texts: [String: [String]] = [:]
        while let line = try lines.next() {
            guard line.isTooLong || !line.bytes.allSatisfy(FileContent.isBlank) else { continue }
            guard !line.isTooLong, let value = try? JSONParser.parse(line.bytes), let text = value["text"]?.string,
                case .array(let ids)? = value["image_ids"]
            else {
                notes?.add(
                    "lines that are not {\"text\": …, \"image_ids\": […]} are left out", path: path,
                    place: "line \(line.number)")
                continue
            }
            for id in ids {
                switch id {
                case .int(let number): texts[String(number), default: []].append(text)
                case .string(let name): texts[name, default: []].append(text)
                default: break
                }
            }
        }
        return texts
    }
}
