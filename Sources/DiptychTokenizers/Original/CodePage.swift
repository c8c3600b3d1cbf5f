/// A one-byte encoding, as text garbled through it shows it: bytes it leaves out stand for themselves.
struct CodePage: Sendable {
    let name: String
    /// The scalars of bytes 0x80 to 0xFF.
    private let upper: [UInt32]
    private let bytes: [UInt32: UInt8]
    /// Whether U+FFFD is taken as byte 0x1A, which marks a lost byte.
    let isSloppy: Bool

    /// The encodings that are tried, in order.
    static let all: [CodePage] = TableText.sections(MojibakeTable.codePages).map { name, words in
        CodePage(name: name, upper: words.compactMap(\.first))
    }

    static let windows1252 = all.first { $0.name == "sloppy-windows-1252" } ?? all[0]

    private init(name: String, upper: [UInt32]) {
        self.name = name
        self.upper = upper
        isSloppy = name.hasPrefix("sloppy")
        bytes = Dictionary(zip(upper, UInt8(0x80)...UInt8(0xFF)), uniquingKeysWith: { _, last in last })
    }

    func scalar(of byte: UInt8) -> UInt32 { byte < 0x80 ? UInt32(byte) : upper[Int(byte) - 0x80] }

    /// The bytes of a text; nil where a character has none.
    func encode(_ text: [UInt32]) -> [UInt8]? {
        var output: [UInt8] = []
        output.reserveCapacity(text.count)
        for value in text {
            if value < 0x80, !(isSloppy && value == 0x1A) {
                output.append(UInt8(value))
            } else if isSloppy, value == 0xFFFD {
                output.append(0x1A)
            } else if let byte = bytes[value] {
                output.append(byte)
            } else {
                return nil
            }
        }
        return output
    }
}
