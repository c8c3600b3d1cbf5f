/// One header block of a tar archive: POSIX ustar, old tar, and GNU's sizes beyond eight gibibytes.
struct TarHeader {
    static let blockSize = 512

    enum Kind: Equatable {
        case file
        /// A pax header for the next entry.
        case pax
        /// A pax header for all entries that follow.
        case globalPax
        /// GNU's long name of the next entry.
        case longName
        /// GNU's long target of the next entry, which is a link.
        case longLink
        case folder
        /// A link to another entry, or to any file.
        case hardLink, symbolicLink
        /// A file without the zeros in it, as GNU tar writes it since before pax.
        case sparse
        /// A device, a part of another volume, or anything else without a content that matters.
        case other(UInt8)
    }

    /// Its name; a longer one may stand before it.
    let name: String
    /// What a link points to.
    let target: String
    /// The bytes that follow.
    let size: Int
    let kind: Kind
    /// Of a sparse file: whether a block with more of its map follows.
    let isExtended: Bool

    /// Reads a header; nil where the block is none: a wrong check sum or a size that cannot be.
    init?(_ block: some Collection<UInt8>) {
        let bytes = Array(block)
        guard bytes.count == Self.blockSize, let sum = Self.number(bytes[148..<156]) else { return nil }
        // The check sum counts its own field as blanks; some old writers add up bytes with a sign.
        var (counted, signed) = (0, 0)
        for (index, byte) in bytes.enumerated() {
            let byte = (148..<156).contains(index) ? 0x20 : byte
            counted += Int(byte)
            signed += Int(Int8(bitPattern: byte))
        }
        guard sum == counted || sum == signed, let size = Self.number(bytes[124..<136]) else { return nil }
        var name = Self.text(bytes[0..<100])
        if bytes[257..<263].elementsEqual(Array("ustar".utf8) + [0]), bytes[345] != 0 {
            // Star keeps times behind a shorter prefix.
            let isStar = bytes[508..<512].elementsEqual(Array("tar".utf8) + [0]) && bytes[475] == 0
            name = Self.text(bytes[345..<(isStar ? 476 : 500)]) + "/" + name
        }
        self.name = name
        target = Self.text(bytes[157..<257])
        kind =
            switch bytes[156] {
            case 0, UInt8(ascii: "0"), UInt8(ascii: "7"): .file
            case UInt8(ascii: "1"): .hardLink
            case UInt8(ascii: "2"): .symbolicLink
            case UInt8(ascii: "5"): .folder
            case UInt8(ascii: "x"), UInt8(ascii: "X"): .pax
            case UInt8(ascii: "g"): .globalPax
            case UInt8(ascii: "L"): .longName
            case UInt8(ascii: "K"): .longLink
            case UInt8(ascii: "S"): .sparse
            case let other: .other(other)
            }
        // Nothing follows links, devices and folders, whatever they say of their size.
        self.size = (UInt8(ascii: "1")...UInt8(ascii: "6")).contains(bytes[156]) ? 0 : size
        isExtended = kind == .sparse && bytes[482] != 0
    }

    /// Octal digits, or GNU's binary form; nil where it is neither or is more than 2⁵⁰.
    static func number(_ field: ArraySlice<UInt8>) -> Int? {
        var value = 0
        if let first = field.first, first & 0x80 != 0 {
            guard first == 0x80 else { return nil }
            for byte in field.dropFirst() {
                value = value << 8 | Int(byte)
                guard value <= 1 << 50 else { return nil }
            }
            return value
        }
        let digits = field.drop { $0 == 0x20 }.prefix { $0 != 0 && $0 != 0x20 }
        for digit in digits {
            guard (0x30..<0x38).contains(digit) else { return nil }
            value = value << 3 | Int(digit - 0x30)
            guard value <= 1 << 50 else { return nil }
        }
        return value
    }

    private static func text(_ field: ArraySlice<UInt8>) -> String {
        String(decoding: field.prefix { $0 != 0 }, as: UTF8.self)
    }
}
