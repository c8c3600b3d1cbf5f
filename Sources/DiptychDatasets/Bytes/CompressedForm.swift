/// How a file is compressed, by its first bytes.
enum CompressedForm: Equatable {
    case gzip
    case zstandard
    /// One that is not read, by its name.
    case other(String)

    /// The bytes that are looked at.
    static let magicLength = 6

    private static let known: [(magic: [UInt8], form: CompressedForm)] = [
        ([0x1F, 0x8B], .gzip), ([0x28, 0xB5, 0x2F, 0xFD], .zstandard), (Array("BZh".utf8), .other("bzip2")),
        ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00], .other("xz")), ([0x04, 0x22, 0x4D, 0x18], .other("LZ4")),
        ([0x1F, 0x9D], .other("compress")), (Array("LZIP".utf8), .other("lzip")),
    ]

    /// Nil where the bytes are not compressed.
    init?(_ head: some Collection<UInt8>) {
        let head = Array(head.prefix(Self.magicLength))
        guard let found = Self.known.first(where: { head.starts(with: $0.magic) }) else {
            // A frame that Zstandard's readers pass over.
            guard head.count >= 4, head[0] & 0xF0 == 0x50, head[1...3].elementsEqual([0x2A, 0x4D, 0x18]) else {
                return nil
            }
            self = .zstandard
            return
        }
        // Text may begin with these letters.
        if found.form == .other("bzip2") {
            guard head.count > 4, (0x31...0x39).contains(head[3]), head[4] == 0x31 || head[4] == 0x17 else {
                return nil
            }
        }
        self = found.form
    }
}
