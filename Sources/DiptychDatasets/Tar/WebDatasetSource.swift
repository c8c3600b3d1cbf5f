/// The samples of a WebDataset shard: neighbouring files of a tar archive whose names are the same up to the first dot of
/// the last part (the key), such as `000017.jpg`, `000017.txt` and `000017.json`.
struct WebDatasetSource: RowSource {
    /// Entries beyond this are passed over.
    static let maximumEntryBytes = 256 << 20

    private let path: String
    private let columns: ColumnNames
    private let notes: DatasetNotes?
    /// Whether a sample without an image is a row whose image is ``WebDatasetSample/noImage``.
    private let keepsTexts: Bool
    private var reader: TarReader?
    private var sample: WebDatasetSample?
    /// How often each key has begun a sample, by its hash.
    private var keys: [Int: Int] = [:]
    /// Results that wait to be given, in their order, with where each comes from.
    private var ready: ArraySlice<(result: Result<DatasetRow, DatasetError>, origin: Origin)> = []
    /// Of the results to come.
    private var begin = Origin(offset: 0, number: 0)

    /// From where on an archive has to be read for a result, and which one it is from there on.
    struct Origin {
        var offset: Int
        var number: Int
    }

    /// Where the last result comes from.
    private(set) var origin = Origin(offset: 0, number: 0)

    /// What pax headers have said of all entries.
    var globalRecords: PaxRecords { reader?.global ?? PaxRecords() }

    /// - Parameter global: what pax headers before the stream's beginning say.
    init(
        _ stream: ByteStream, path: String, columns: ColumnNames, notes: DatasetNotes?,
        global: PaxRecords = PaxRecords(), keepsTexts: Bool = false
    ) {
        self.keepsTexts = keepsTexts
        begin.offset = stream.offset
        self.path = path
        self.columns = columns
        self.notes = notes
        reader = TarReader(stream, path: path, maximumEntryBytes: Self.maximumEntryBytes, global: global)
    }

    mutating func next() -> Result<DatasetRow, DatasetError>? {
        while ready.isEmpty {
            do throws(DatasetError) {
                guard let entry = try nextEntry() else {
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
                give([.failure(error)])
            }
        }
        guard let next = ready.popFirst() else { return nil }
        origin = next.origin
        return next.result
    }

    private mutating func give(_ results: [Result<DatasetRow, DatasetError>]) {
        for result in results {
            ready.append((result, begin))
            begin.number += 1
        }
    }

    private mutating func nextEntry() throws(DatasetError) -> TarReader.Entry? {
        let (notes, path) = (notes, path)
        return try reader?.next(
            wanted: { name in
                guard !Self.isMetadata(name) else {
                    if !name.hasSuffix("/") {
                        notes?.add("entries of facts about the archive (__…__) are left out", path: path, place: name)
                    }
                    return false
                }
                guard let part = WebDatasetName(name) else {
                    if !name.hasSuffix("/") {
                        notes?.add(
                            "entries with hidden names or without an ending are left out", path: path, place: name)
                    }
                    return false
                }
                if part.kind == nil, !name.hasSuffix("/") {
                    notes?.add(
                        "entries ending in .\(part.lastEnding) are not read", path: path, place: name)
                }
                return part.kind != nil
            },
            // Standard input cannot be opened again.
            isLazy: { path != "-" && WebDatasetName($0)?.kind == .image })
    }

    /// What webdataset takes for facts about the archive.
    private static func isMetadata(_ name: String) -> Bool {
        guard name.hasPrefix("__"), let end = name.dropFirst(2).firstRange(of: "__")?.upperBound else { return false }
        return end == name.endIndex || name[end] == "/"
    }

    private mutating func add(_ entry: TarReader.Entry) throws(DatasetError) {
        guard let name = WebDatasetName(entry.name) else { return }
        if sample?.key != name.key {
            finish()
            sample = WebDatasetSample(key: name.key)
            begin = Origin(offset: entry.offset, number: 0)
        }
        if sample?.isLarge == true, let rest = sample?.split(keeping: name.middle) {
            give(rest.rows(in: path, columns: columns, suffix: "", notes: notes))
        }
        guard sample?.add(name, entry.content) == true else { return }
        guard name.kind == .attributes, case .bytes(let bytes) = entry.content else { return }
        do throws(JSONParser.Fault) {
            let (value, notFinite) = try JSONParser.document(bytes)
            notes?.add(notFinite: notFinite, path: path, place: entry.name)
            guard case .object(let members) = value else {
                throw JSONParser.Fault(offset: 0, reason: "should be an object")
            }
            sample?.attributes[name.ending] = members
        } catch {
            throw DatasetError(
                .malformed, path: path, place: entry.name, "is not JSON: \(error.reason) (byte \(error.offset))")
        }
    }

    private mutating func finish() {
        guard let sample else { return }
        self.sample = nil
        let (number, _) = keys[sample.key.hashValue, default: 0].addingReportingOverflow(1)
        keys[sample.key.hashValue] = number
        if number > 1 {
            // webdataset gives two samples; each needs a name of its own.
            notes?.add(
                "keys that come again further on are samples of their own, named with ~2 and so on", path: path,
                place: sample.key)
        }
        give(
            sample.rows(
                in: path, columns: columns, suffix: number > 1 ? "~\(number)" : "", notes: notes, keepsTexts: keepsTexts
            ))
    }
}

/// The name of an entry of a shard, cut as webdataset does: at the first dot of its last part.
struct WebDatasetName {
    enum Kind { case image, caption, attributes }

    private static let images: Set<String> = [
        "jpg", "jpeg", "jpe", "jfif", "png", "webp", "gif", "tif", "tiff", "bmp", "heic", "heif", "hif", "avif",
    ]
    private static let captions: Set<String> = ["txt", "caption"]

    /// Whether a file's name ends as an image's does.
    static func isImage(_ name: String) -> Bool {
        name.lastIndex(of: ".").map { images.contains(name[name.index(after: $0)...].lowercased()) } ?? false
    }

    /// What the files of a sample share.
    let key: String
    /// Everything behind the dot, in lower case.
    let ending: String

    /// What stands behind the last dot.
    let lastEnding: String
    /// What stands before it, as `seg` in `seg.png`; empty for most.
    let middle: String
    /// What the entry holds by its last ending; nil where that is not read.
    let kind: Kind?

    /// Nil where the name has no ending or is hidden.
    init?(_ name: String) {
        // By bytes: an archive has a million names, and dots and slashes are bytes of their own in UTF-8.
        let bytes = name.utf8
        let start = bytes.lastIndex(of: UInt8(ascii: "/")).map { bytes.index(after: $0) } ?? bytes.startIndex
        guard let dot = bytes[start...].firstIndex(of: UInt8(ascii: ".")), dot > start else { return nil }
        key = String(name[..<dot])
        let ending = name[bytes.index(after: dot)...].lowercased()
        self.ending = ending
        if let last = ending.utf8.lastIndex(of: UInt8(ascii: ".")) {
            lastEnding = String(ending[ending.utf8.index(after: last)...])
            middle = String(ending[..<last])
        } else {
            (lastEnding, middle) = (ending, "")
        }
        if Self.images.contains(lastEnding) {
            kind = .image
        } else if Self.captions.contains(lastEnding) {
            kind = .caption
        } else {
            kind = lastEnding == "json" ? .attributes : nil
        }
    }
}
