/// The samples of a WebDataset shard: neighbouring files of a tar archive whose names are the same up to the first dot of
/// the last part (the key), such as `000017.jpg`, `000017.txt` and `000017.json`.
struct WebDatasetSource: RowSource {
    /// Entries beyond this are passed over.
    static let maximumEntryBytes = 256 << 20

    private static let pictures: Set<String> = [
        "jpg", "jpeg", "jpe", "png", "webp", "gif", "tif", "tiff", "bmp", "heic", "heif", "avif",
    ]
    private static let captions: Set<String> = ["txt", "caption"]

    private let path: String
    private let columns: ColumnNames
    private var reader: TarReader?
    private var sample: Sample?
    /// Results that wait to be given, in their order.
    private var ready: [Result<DatasetRow, DatasetError>] = []

    private struct Sample {
        let key: String
        var picture: TarReader.Content?
        var caption: String?
        var attributes: [JSONValue.Member] = []
    }

    init(path: String, columns: ColumnNames) throws(DatasetError) {
        self.path = path
        self.columns = columns
        reader = try TarReader(path: path, maximumEntryBytes: Self.maximumEntryBytes)
    }

    mutating func next() -> Result<DatasetRow, DatasetError>? {
        while ready.isEmpty {
            do throws(DatasetError) {
                let entry = try reader?.next(
                    wanted: { Self.split($0).map { Self.isKnown($0.ending) } ?? false },
                    isLazy: { Self.split($0).map { Self.pictures.contains($0.ending) } ?? false })
                guard let entry else {
                    reader = nil
                    guard sample != nil else { return nil }
                    finish()
                    continue
                }
                try add(entry)
            } catch {
                if error.place.isEmpty {
                    // The archive ends here: what was complete before counts, and the reason comes last.
                    reader = nil
                    finish()
                }
                ready.append(.failure(error))
            }
        }
        return ready.removeFirst()
    }

    private mutating func add(_ entry: TarReader.Entry) throws(DatasetError) {
        guard let (key, ending) = Self.split(entry.name) else { return }
        if sample?.key != key {
            finish()
            sample = Sample(key: key)
        }
        if Self.pictures.contains(ending) {
            if sample?.picture == nil { sample?.picture = entry.content }
            return
        }
        guard case .bytes(let bytes) = entry.content else { return }
        if Self.captions.contains(ending) {
            let text = String(decoding: bytes, as: UTF8.self)
            let isPadding: (Character) -> Bool = { $0.isWhitespace || $0 == "\0" }
            let trimmed = text.drop(while: isPadding).reversed().drop(while: isPadding).reversed()
            sample?.caption = String(trimmed)
        } else {
            let value: JSONValue
            do throws(JSONParser.Fault) { value = try JSONParser.parse(bytes) } catch {
                throw DatasetError(
                    .malformed, path: path, place: entry.name, "is not JSON: \(error.reason) (byte \(error.offset))")
            }
            guard case .object(let members) = value else {
                throw DatasetError(.malformed, path: path, place: entry.name, "should be a JSON object")
            }
            sample?.attributes = members
        }
    }

    private mutating func finish() {
        guard let sample else { return }
        self.sample = nil
        guard let picture = sample.picture else {
            ready.append(
                .failure(DatasetError(.incomplete, path: path, place: sample.key, "has no picture beside its text")))
            return
        }
        var (caption, attributes) = (sample.caption, sample.attributes)
        // img2dataset repeats the caption among the attributes.
        let named = attributes.lastIndex { member in
            columns.caption.contains { $0.lowercased() == member.name.lowercased() } && member.value.string != nil
        }
        if let named {
            let text = attributes[named].value.string
            if caption == nil || caption == text {
                caption = text
                attributes.remove(at: named)
            }
        }
        attributes.removeAll { $0.value == .null }
        let image: DatasetRow.Image =
            switch picture {
            case .bytes(let bytes): .bytes(bytes)
            case .part(let part): .part(part)
            }
        ready.append(
            .success(
                DatasetRow(
                    locator: "\(path)#\(sample.key)", image: image, caption: caption,
                    attributes: attributes)))
    }

    private static func isKnown(_ ending: String) -> Bool {
        pictures.contains(ending) || captions.contains(ending) || ending == "json"
    }

    /// The key and the ending of an entry's name; nil where it has none or is hidden.
    private static func split(_ name: String) -> (key: String, ending: String)? {
        let start = name.lastIndex(of: "/").map { name.index(after: $0) } ?? name.startIndex
        guard let dot = name[start...].firstIndex(of: "."), dot > start else { return nil }
        return (String(name[..<dot]), name[name.index(after: dot)...].lowercased())
    }
}
