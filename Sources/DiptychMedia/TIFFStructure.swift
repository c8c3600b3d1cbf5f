/// The directories of a TIFF structure: of a TIFF file, or of the EXIF data in a file of another format (TIFF 6.0, BigTIFF,
/// EXIF 2.32). Nothing outside the bytes is read, and no directory leads to another one by itself, so reading always ends.
struct TIFFStructure {
    private let bytes: [UInt8]
    private let isLittle: Bool
    private let isBig: Bool

    /// Nil for what does not begin as such a structure.
    init?(_ bytes: [UInt8]) {
        guard bytes.count >= 8 else { return nil }
        switch (bytes[0], bytes[1]) {
        case (0x49, 0x49): isLittle = true
        case (0x4D, 0x4D): isLittle = false
        default: return nil
        }
        self.bytes = bytes
        let magic = isLittle ? bytes[2] : bytes[3]
        guard magic == 42 || magic == 43 else { return nil }
        isBig = magic == 43
    }

    /// A directory's values, by the number of their tag.
    struct Directory {
        fileprivate struct Entry {
            let type: Int
            let count: Int
            let offset: Int
        }

        fileprivate let structure: TIFFStructure
        fileprivate var entries: [Int: Entry] = [:]
    }

    /// The first directory; nil where there is none.
    var first: Directory? { (isBig ? number(8, 8) : number(4, 4)).flatMap(directory) }

    /// The directory at `offset`; what lies outside the bytes is left out. Of equal tags the first counts.
    func directory(at offset: Int) -> Directory? {
        let (countBytes, entryBytes) = isBig ? (8, 20) : (2, 12)
        guard let declared = number(offset, countBytes) else { return nil }
        var directory = Directory(structure: self)
        // A classic directory has at most 65,535 entries; real ones have some fifty.
        for index in 0..<min(declared, 65_535) {
            let at = offset + countBytes + index * entryBytes
            guard let tag = number(at, 2), let type = number(at + 2, 2), let count = number(at + 4, isBig ? 8 : 4)
            else { break }
            guard let size = Self.sizes[type], directory.entries[tag] == nil else { continue }
            let (length, overflow) = count.multipliedReportingOverflow(by: size)
            let inline = isBig ? 8 : 4, value = at + 4 + (isBig ? 8 : 4)
            guard !overflow, let start = length <= inline ? value : number(value, inline), start >= 0,
                start <= bytes.count, length <= bytes.count - start
            else { continue }
            directory.entries[tag] = Directory.Entry(type: type, count: count, offset: start)
        }
        return directory
    }

    private static let sizes = [
        1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8, 129: 1,
    ]

    /// The unsigned number of `count` bytes at `at`; nil where there are fewer, or where no `Int` holds it.
    fileprivate func number(_ at: Int, _ count: Int) -> Int? {
        guard at >= 0, count <= bytes.count, at <= bytes.count - count else { return nil }
        var value: UInt64 = 0
        for index in 0..<count {
            value = value << 8 | UInt64(bytes[isLittle ? at + count - 1 - index : at + index])
        }
        return Int(exactly: value)
    }

    fileprivate func slice(_ at: Int, _ count: Int) -> ArraySlice<UInt8> { bytes[at..<at + count] }
}

extension TIFFStructure.Directory {
    /// The most values that are read of one tag.
    private static let valueLimit = 1024

    func has(_ tag: Int) -> Bool { entries[tag] != nil }

    /// A tag's whole numbers; empty where it has none.
    func numbers(_ tag: Int) -> [Int] {
        guard let entry = entries[tag], let size = [1: 1, 3: 2, 4: 4, 7: 1, 13: 4, 16: 8, 18: 8][entry.type] else {
            return []
        }
        return (0..<min(entry.count, Self.valueLimit)).compactMap { structure.number(entry.offset + $0 * size, size) }
    }

    /// A tag's first whole number.
    func number(_ tag: Int) -> Int? { numbers(tag).first }

    /// A tag's fractions; those over 0 are nil.
    func fractions(_ tag: Int) -> [Double?] {
        guard let entry = entries[tag], entry.type == 5 || entry.type == 10 else { return [] }
        func signed(_ value: Int) -> Double {
            Double(entry.type == 10 ? Int(Int32(truncatingIfNeeded: value)) : value)
        }
        return (0..<min(entry.count, Self.valueLimit)).map { index in
            guard let over = structure.number(entry.offset + index * 8, 4),
                let under = structure.number(entry.offset + index * 8 + 4, 4), under != 0
            else { return nil }
            return signed(over) / signed(under)
        }
    }

    /// A tag's bytes, whatever their type.
    func bytes(_ tag: Int) -> ArraySlice<UInt8>? {
        guard let entry = entries[tag], let size = [1: 1, 2: 1, 3: 2, 4: 4, 6: 1, 7: 1, 129: 1][entry.type] else {
            return nil
        }
        return structure.slice(entry.offset, entry.count * size)
    }

    /// A tag's text, up to its first zero byte.
    func text(_ tag: Int) -> String? {
        guard let type = entries[tag]?.type, type == 2 || type == 129, let bytes = bytes(tag) else { return nil }
        return PlainText.of(bytes.prefix { $0 != 0 })
    }
}
