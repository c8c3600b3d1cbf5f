/// What a file is by its first bytes, compression undone; a text is none of these.
enum FileContent: Equatable, CustomStringConvertible {
    case parquet
    case tar
    /// JSON that is no path: an object with a member, or an array of objects, arrays or texts.
    case json
    /// Bytes with zeros among them, which no text has.
    case zeros
    /// Another kind, by its name.
    case other(String)

    /// The bytes that are looked at.
    static let headLength = 4096

    private static let magics: [(offset: Int, bytes: [UInt8], name: String)] = [
        (0, [0xFF, 0xD8, 0xFF], "a JPEG image"), (0, [0x89, 0x50, 0x4E, 0x47], "a PNG image"),
        (0, Array("GIF8".utf8), "a GIF image"), (8, Array("WEBPVP8".utf8), "a WebP image"),
        (0, Array("II*\0".utf8), "a TIFF image"), (0, Array("MM\0*".utf8), "a TIFF image"),
        (4, Array("ftyp".utf8), "a HEIC or AVIF image, or a video"), (0, Array("%PDF-".utf8), "a PDF document"),
        (0, [0x50, 0x4B, 0x03, 0x04], "a ZIP archive"), (0, [0x50, 0x4B, 0x05, 0x06], "a ZIP archive"),
        (0, [0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C], "a 7z archive"), (0, Array("Rar!\u{1A}\u{07}".utf8), "a RAR archive"),
        (0, Array("SQLite format 3\0".utf8), "an SQLite database"), (0, Array("ARROW1\0\0".utf8), "an Arrow file"),
        (0, [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A], "an HDF5 file"), (0, Array("Obj\u{01}".utf8), "an Avro file"),
        (0, [0x93] + Array("NUMPY".utf8), "a NumPy file"), (0, [0xFF, 0xFF, 0xFF, 0xFF], "an Arrow stream"),
    ]

    /// - Parameter head: the first ``headLength`` bytes, or all of a shorter file.
    init?(head: [UInt8]) {
        if head.starts(with: ParquetFormat.magic) {
            self = .parquet
        } else if head.count >= TarHeader.blockSize, TarHeader(head.prefix(TarHeader.blockSize)) != nil {
            self = .tar
        } else if let found = Self.magics.first(where: { head.dropFirst($0.offset).starts(with: $0.bytes) }) {
            self = .other(found.name)
        } else if Self.hasManyZeros(head), !head.starts(with: [0xFF, 0xFE]), !head.starts(with: [0xFE, 0xFF]) {
            self = .zeros
        } else {
            return nil
        }
    }

    /// A stray zero among lines is the fault of its line.
    private static func hasManyZeros(_ head: [UInt8]) -> Bool {
        let count = head.reduce(0) { $0 + ($1 == 0 ? 1 : 0) }
        return count > 0 && (count * 32 >= head.count || !head.contains { $0 == 0x0A || $0 == 0x0D })
    }

    /// Whether a text's beginning, in UTF-8, is JSON.
    static func isJSON(_ head: [UInt8]) -> Bool {
        var rest = head.drop(while: isBlank)
        guard let first = rest.popFirst() else { return false }
        rest = rest.drop(while: isBlank)
        return switch first {
        case UInt8(ascii: "{"): rest.first == UInt8(ascii: "\"")
        case UInt8(ascii: "["): rest.first.map { Array("[{\"".utf8).contains($0) } ?? false
        default: false
        }
    }

    static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D }

    var description: String {
        switch self {
        case .parquet: "a Parquet table"
        case .tar: "a tar archive"
        case .json: "JSON"
        case .zeros: "not a text (it holds zero bytes)"
        case .other(let name): name
        }
    }
}
