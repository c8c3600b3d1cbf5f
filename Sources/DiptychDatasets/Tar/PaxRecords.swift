/// What a pax header says of the next entry, or of all that follow (POSIX.1-2001): records of `length key=value\n`.
struct PaxRecords: Sendable, Equatable {
    private(set) var path: String?
    private(set) var target: String?
    private(set) var size: Int?
    /// Whether the entry is a sparse file as GNU tar writes it in this format.
    private(set) var isSparse = false

    /// None.
    init() {}

    /// Reads the records; nil where one breaks the form.
    init?(_ bytes: [UInt8]) {
        var rest = bytes[...]
        var realName: String?
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
            case "linkpath": target = value
            case "GNU.sparse.name": realName = value
            case "size":
                guard let number = Int(value), (0...(1 << 50)).contains(number) else { return nil }
                size = number
            case let key where key.hasPrefix("GNU.sparse."): isSparse = true
            default: break
            }
        }
        if let realName { (path, isSparse) = (realName, true) }
    }

    /// These, with what `other` says instead.
    func merged(with other: PaxRecords) -> PaxRecords {
        var merged = self
        merged.path = other.path ?? path
        merged.target = other.target ?? target
        merged.size = other.size ?? size
        merged.isSparse = isSparse || other.isSparse
        return merged
    }
}
