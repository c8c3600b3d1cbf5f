internal import Crypto

/// The hash that a file's bytes must have.
enum ContentHash: Hashable, CustomStringConvertible {
    /// SHA-256 of the bytes, in lower-case hexadecimal.
    case sha256(String)
    /// Git's name for the bytes: SHA-1 of `blob`, a space, the size, a zero and the bytes. The hub names small files so.
    case gitBlob(String)

    /// The hash in an entity tag of the hub, if it is one: 64 digits name a large file, 40 a small one.
    init?(entityTag: String) {
        var text = entityTag[...]
        if text.hasPrefix("W/") { text = text.dropFirst(2) }
        if text.count >= 2, text.hasPrefix("\""), text.hasSuffix("\"") { text = text.dropFirst().dropLast() }
        self.init(digits: text.lowercased())
    }

    /// The hash with these digits.
    init?(digits: String) {
        guard digits.utf8.allSatisfy({ "0123456789abcdef".utf8.contains($0) }) else { return nil }
        switch digits.utf8.count {
        case 64: self = .sha256(digits)
        case 40: self = .gitBlob(digits)
        default: return nil
        }
    }

    var description: String {
        switch self {
        case .sha256(let digits): "SHA-256 \(digits)"
        case .gitBlob(let digits): "Git hash \(digits)"
        }
    }
}

/// The SHA-256 of a file, and Git's hash where it is wanted, computed as the bytes go by.
struct ContentHasher {
    private var sha256 = SHA256()
    private var gitBlob: Insecure.SHA1?

    /// A hasher.
    ///
    /// - Parameter gitSize: the size of the file, if Git's hash is wanted, which begins with it.
    init(gitSize: Int?) {
        guard let gitSize else { return }
        gitBlob = Insecure.SHA1()
        gitBlob?.update(data: Array("blob \(gitSize)\0".utf8))
    }

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        sha256.update(bufferPointer: bytes)
        gitBlob?.update(bufferPointer: bytes)
    }

    /// The hashes in hexadecimal.
    func finish() -> (sha256: String, gitBlob: String?) {
        (Self.hexadecimal(sha256.finalize()), gitBlob.map { Self.hexadecimal($0.finalize()) })
    }

    private static func hexadecimal(_ digest: some Sequence<UInt8>) -> String {
        digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
