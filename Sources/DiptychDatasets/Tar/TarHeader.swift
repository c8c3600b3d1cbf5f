/// One header block of a tar archive: POSIX ustar, with GNU's sizes beyond eight gibibytes.
struct TarHeader {
    static let blockSize = 512

    enum Kind: Equatable {
        case file
        /// A pax header for the next entry.
        case pax
        /// GNU's long name of the next entry.
        case longName
        /// A folder, a link, a device, or anything else without a content that matters.
        case other
    }

    let name: String
    let size: Int
    let kind: Kind

    /// Reads a header; nil where the block is none: a wrong check sum or a size that cannot be.
    init?(_ block: some Collection<UInt8>) {
        let bytes = Array(block)
        guard bytes.count == Self.blockSize, let sum = Self.number(bytes[148..<156]) else { return nil }
        // The check sum counts its own field as blanks.
        let counted = bytes.enumerated().reduce(0) { $0 + Int((148..<156).contains($1.offset) ? 0x20 : $1.element) }
        guard sum == counted, let size = Self.number(bytes[124..<136]) else { return nil }
        self.size = size
        var name = Self.text(bytes[0..<100])
        if bytes[257..<263].elementsEqual(Array("ustar".utf8) + [0]), bytes[345] != 0 {
            name = Self.text(bytes[345..<500]) + "/" + name
        }
        self.name = name
        kind =
            switch bytes[156] {
            case 0, UInt8(ascii: "0"), UInt8(ascii: "7"): name.hasSuffix("/") ? .other : .file
            case UInt8(ascii: "x"): .pax
            case UInt8(ascii: "L"): .longName
            default: .other
            }
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

/// What a pax header says of the next entry (POSIX.1-2001): records of `length key=value\n`.
struct PaxRecords {
    private(set) var path: String?
    private(set) var size: Int?

    /// Reads the records; nil where one breaks the form.
    init?(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while let first = rest.first, first != 0 {
            guard let blank = rest.prefix(20).firstIndex(of: 0x20),
                let length = Int(String(decoding: rest[..<blank], as: UTF8.self)),
                length > blank - rest.startIndex + 1, length <= rest.count
            else { return nil }
            let record = rest[(blank + 1)..<(rest.startIndex + length)]
            rest = rest.dropFirst(length)
            guard record.last == UInt8(ascii: "\n"), let equals = record.firstIndex(of: UInt8(ascii: "=")) else {
                return nil
            }
            let value = String(decoding: record[(equals + 1)...].dropLast(), as: UTF8.self)
            switch String(decoding: record[..<equals], as: UTF8.self) {
            case "path": path = value
            case "size":
                guard let number = Int(value), (0...(1 << 50)).contains(number) else { return nil }
                size = number
            default: break
            }
        }
    }
}
