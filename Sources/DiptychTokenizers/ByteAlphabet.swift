/// The reversible spelling of bytes as printable characters that byte-level vocabularies are written in.
///
/// Printable Latin-1 bytes stand for themselves; the other 68 stand, in order, as U+0100 and on.
enum ByteAlphabet {
    static let endOfWord = Array("</w>".utf8)

    /// The character of each byte.
    static let scalars: [Unicode.Scalar] = {
        var next: UInt32 = 0x100
        return (0..<256).map { byte in
            if isPrintable(byte) { return Unicode.Scalar(UInt8(byte)) }
            defer { next += 1 }
            return Unicode.Scalar(next) ?? " "
        }
    }()

    /// Bytes in the order in which the original vocabulary numbers them: the printable ones first.
    static let originalOrder: [Int] = (0..<256).filter(isPrintable) + (0..<256).filter { !isPrintable($0) }

    /// The UTF-8 bytes of the character that stands for `byte`.
    static func spelling(of byte: Int) -> [UInt8] { Array(String(Character(scalars[byte])).utf8) }

    /// The byte that a character stands for.
    static func byte(for scalar: Unicode.Scalar) -> UInt8? {
        switch scalar.value {
        case 0x100..<0x144: unprintable[Int(scalar.value - 0x100)]
        case 0..<0x100 where isPrintable(Int(scalar.value)): UInt8(scalar.value)
        default: nil
        }
    }

    private static let unprintable: [UInt8] = (0..<256).filter { !isPrintable($0) }.map { UInt8($0) }

    private static func isPrintable(_ byte: Int) -> Bool {
        (33...126).contains(byte) || (161...172).contains(byte) || (174...255).contains(byte)
    }
}
