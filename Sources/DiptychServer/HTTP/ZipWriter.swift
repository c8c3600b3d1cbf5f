internal import DiptychBasics
internal import HTTPTypes

/// Files one after the other in a zip archive (PKWARE's APPNOTE 6.3), as they are: images do not become smaller.
struct ZipWriter {
    /// The most bytes of the files together; beyond 4 GiB, archives need records that some programs do not read.
    static let mostBytes = 4_000_000_000

    private var directory: [UInt8] = []
    private var count = 0
    private var offset = 0
    private var names: Set<String> = []

    /// A name that no other file of the archive has, on systems that tell no case apart either.
    mutating func name(for given: String, id: String) -> String {
        let clean = FileName.cleaned(given) ?? "image"
        let name =
            names.contains(clean.lowercased()) || clean.lowercased() == "manifest.json" ? "\(id)-\(clean)" : clean
        names.insert(name.lowercased())
        return name
    }

    /// The bytes of a file with its head.
    ///
    /// - Throws: ``Problem`` where the archive would become too large.
    mutating func entry(_ name: String, _ bytes: [UInt8]) throws(Problem) -> [UInt8] {
        guard bytes.count <= Self.mostBytes, offset <= Self.mostBytes, count < 0xFFFF else {
            throw Problem(status: .contentTooLarge, detail: "the archive would be too large; choose fewer")
        }
        let checksum = bytes.withUnsafeBytes { CRC32.checksum($0) }
        // Names are UTF-8; the time is the first that there is, so that the same files give the same bytes.
        var facts = Self.little(20, 2) + Self.little(0x0800, 2) + Self.little(0, 2) + Self.little(0, 2)
        facts += Self.little(0x21, 2) + Self.little(Int(checksum), 4) + Self.little(bytes.count, 4)
        facts += Self.little(bytes.count, 4) + Self.little(name.utf8.count, 2) + Self.little(0, 2)
        directory += Self.little(0x0201_4B50, 4) + Self.little(20, 2) + facts
        directory += Self.little(0, 2) + Self.little(0, 2) + Self.little(0, 2) + Self.little(0, 4)
        directory += Self.little(offset, 4) + Array(name.utf8)
        let all = Self.little(0x0403_4B50, 4) + facts + Array(name.utf8) + bytes
        offset += all.count
        count += 1
        return all
    }

    /// What stands behind the last file.
    func end() -> [UInt8] {
        var end = directory + Self.little(0x0605_4B50, 4) + Self.little(0, 2) + Self.little(0, 2)
        end += Self.little(count, 2) + Self.little(count, 2) + Self.little(directory.count, 4)
        return end + Self.little(offset, 4) + Self.little(0, 2)
    }

    private static func little(_ value: Int, _ bytes: Int) -> [UInt8] {
        (0..<bytes).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
}
