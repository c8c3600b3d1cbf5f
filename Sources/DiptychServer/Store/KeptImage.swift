internal import DiptychBasics
internal import DiptychMedia
internal import DiptychSearch
internal import Foundation
internal import HTTPTypes

/// An image that a client brought, in a file called by its content, and by its URL where it came from one: each item has a
/// file of its own.
struct KeptImage {
    let url: URL
    private let directory: URL

    init(content: ContentHash, url source: String?, type: String?, in folder: URL) {
        let name = source.map { ContentHash(of: content.bytes + Data($0.utf8)).hex } ?? content.hex
        directory = Self.folder(in: folder).appendingPathComponent(String(name.prefix(2)))
        let ending = type.flatMap { $0.allSatisfy { $0.isLetter || $0.isNumber } ? $0 : nil } ?? "picture"
        url = directory.appendingPathComponent("\(name).\(ending)")
    }

    /// Where such files are below a server's folder.
    static func folder(in folder: URL) -> URL { folder.appendingPathComponent("pictures") }

    /// Writes the file where there is none.
    ///
    /// - Returns: whether it is new.
    func write(_ bytes: [UInt8]) throws -> Bool {
        guard !FileManager.default.fileExists(atPath: url.path) else { return false }
        do {
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
            try AtomicFile.write(bytes, to: url.path, isDurable: false)
            return true
        } catch { throw Problem.noSpace }
    }

    func remove() { unlink(url.path) }
}

/// Reads the file that an item was indexed from, and no other that has taken its place.
enum IndexedFile {
    /// A file's bytes, and whether they are those that were indexed.
    struct Contents: Sendable {
        let bytes: [UInt8]
        let isIndexed: Bool
        /// The hash of the bytes.
        let hash: ContentHash
    }

    /// Reads the file at `path`: the bytes that were indexed, whichever way leads there, or what its owner has made of them
    /// since, where the path leads to them without any link. Blocks.
    ///
    /// - Returns: nil where there is no such file, or something that is not a picture.
    static func read(_ path: String, content: ContentHash, maximumBytes: Int) -> Contents? {
        guard path.hasPrefix("/"),
            let bytes = try? ImageSource.file(path).bytes(maximumBytes: maximumBytes),
            ImageFormat(sniffing: bytes) != nil
        else { return nil }
        if ContentHash(of: bytes) == content { return Contents(bytes: bytes, isIndexed: true, hash: content) }
        // The file could be swapped while it is looked at, so it is opened once, and then named by what was opened.
        let descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        let opened = "/proc/self/fd/\(descriptor)"
        guard (try? FileManager.default.destinationOfSymbolicLink(atPath: opened)) == path,
            let bytes = try? ImageSource.file(opened).bytes(maximumBytes: maximumBytes),
            ImageFormat(sniffing: bytes) != nil
        else { return nil }
        return Contents(bytes: bytes, isIndexed: false, hash: ContentHash(of: bytes))
    }
}

extension Problem {
    /// The disk is full, or may not be written to.
    static let noSpace = Problem(
        status: HTTPResponse.Status(code: 507, reasonPhrase: "Insufficient Storage"),
        detail: "this could not be stored: the server's disk is full or not writable; what was stored before is safe")
}

extension ContentHash {
    /// The hash in hexadecimal.
    var hex: String { bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined() }

    /// A hash of 64 digits; nil for anything else.
    init?(hex: some StringProtocol) {
        let digits = hex.utf8.count == 64 ? hex.compactMap(\.hexDigitValue) : []
        guard digits.count == 64 else { return nil }
        self.init(bytes: Data(stride(from: 0, to: 64, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }))
    }
}

extension StoredItem {
    /// What it is called.
    var name: String { attributes.name(path: path) }
}
