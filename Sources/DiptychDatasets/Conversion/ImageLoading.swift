internal import DiptychBasics

extension DatasetRow.Image {
    /// Files beyond this are no images to train from.
    private static let longest = 256 << 20

    /// The bytes of the image's file, as they stand.
    ///
    /// - Parameters:
    ///   - path: the dataset's file, for messages.
    ///   - place: the row.
    /// - Throws: ``DatasetError`` where the file is missing, empty or too large, or the image is elsewhere on the network.
    package func load(path: String, place: String) throws(DatasetError) -> [UInt8] {
        let bytes: [UInt8]
        switch self {
        case .bytes(let some): bytes = some
        case .part(let part): bytes = try part.read()
        case .file(let name):
            if let files = RemotePaths.files(for: name) {
                bytes = try files.read(name, limit: Self.longest)
                break
            }
            let file = try InputFile(path: name)
            guard file.size <= Self.longest else {
                throw DatasetError(.tooLarge, path: name, "has \(file.size) bytes, more than \(Self.longest)")
            }
            bytes = try file.read(at: 0, count: file.size)
        case .url(let url):
            guard let data = Self.dataURI(url) else {
                throw DatasetError(
                    .unsupported, path: path, place: place,
                    "the image is on the network, at \(url.prefix(120)); download it first")
            }
            bytes = data
        }
        guard !bytes.isEmpty else { throw DatasetError(.incomplete, path: path, place: place, "the image is empty") }
        return bytes
    }

    /// The bytes of a data URI in base64 (RFC 2397); nil of anything else.
    private static func dataURI(_ url: String) -> [UInt8]? {
        guard url.prefix(5).lowercased() == "data:", let comma = url.firstIndex(of: ","),
            url[..<comma].lowercased().hasSuffix(";base64")
        else { return nil }
        return Base64.decode(url[url.index(after: comma)...].utf8)
    }
}

/// What an image's file is by its first bytes.
enum ImageKind {
    /// The usual ending of such files; that of the most frequent kind where the bytes do not say.
    static func ending(of bytes: [UInt8]) -> String { known(bytes) ?? "jpg" }

    /// The usual ending of such files; nil where the bytes do not say.
    static func known(_ bytes: [UInt8]) -> String? {
        func has(_ text: [UInt8], _ at: Int = 0) -> Bool { bytes.dropFirst(at).starts(with: text) }
        if has([0xFF, 0xD8, 0xFF]) { return "jpg" }
        if has([0x89, 0x50, 0x4E, 0x47]) { return "png" }
        if has(Array("GIF8".utf8)) { return "gif" }
        if has(Array("RIFF".utf8)), has(Array("WEBP".utf8), 8) { return "webp" }
        if has(Array("BM".utf8)) { return "bmp" }
        if has(Array("II*\0".utf8)) || has(Array("MM\0*".utf8)) { return "tif" }
        if has(Array("ftypavif".utf8), 4) { return "avif" }
        if has(Array("ftyp".utf8), 4) { return "heic" }
        return nil
    }
}
