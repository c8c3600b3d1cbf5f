/// What a file is: what was said, else by its first bytes, else by its name.
enum FoundKind {
    case known(DatasetKind)
    case chineseClip

    /// Looks at the beginning of `bytes`, which stays to be read.
    ///
    /// - Parameter kind: what was said.
    init(
        _ path: String, _ bytes: ByteStream, _ text: TextStream, kind: DatasetKind?, separator: LineStream.Separator,
        encoding: TextFileEncoding? = nil
    ) throws(DatasetError) {
        let length = FileContent.headLength
        let content = FileContent(head: Array(try bytes.peek(length).prefix(length)))
        let named = kind ?? DatasetKind(path: path)
        self = .known(named)
        switch (content, named) {
        case (.parquet?, _) where kind == nil:
            self = .known(.parquet)
            return
        case (.tar?, _) where kind == nil:
            self = .known(.tar)
            return
        // Their readers say what is wrong.
        case (_, .parquet), (_, .tar): return
        case (.zeros?, .list) where separator == .null: return
        case (.zeros?, _) where encoding == .utf16LittleEndian || encoding == .utf16BigEndian: break
        case (let content?, _):
            let hint = content == .zeros ? "; paths with zero bytes between them want --null" : ""
            throw DatasetError(
                .unsupported, path: bytes.name,
                "is \(content); give a list, a manifest, a table or a tar archive of images" + hint)
        case (nil, _): break
        }
        let sample = 1 << 16
        let head = try text.head(sample)
        guard named != .list || separator != .null else { return }
        if TextEncoding.isOlder(head, isWhole: head.count < sample) {
            throw DatasetError(.unsupported, path: bytes.name, TextEncoding.reason)
        }
        let isNamed = kind == nil && path.hasSuffix(ChineseClipSource.images)
        if named == .list || named == .tsv, isNamed || ChineseClipSource.matches(head) {
            self = .chineseClip
        } else if kind == nil, named == .list, FileContent.isJSON(head) {
            self = .known(.jsonl)
        }
    }
}
