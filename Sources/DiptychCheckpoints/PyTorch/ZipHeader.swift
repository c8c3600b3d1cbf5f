/// One line of a central directory, and the local header that it points to.
struct ZipHeader {
    private let name: String
    private let nameBytes: Range<Int>
    private let flags: UInt16
    private let method: UInt16
    private let checksum: UInt32
    private let compressedSize: UInt64
    private let size: UInt64
    private let place: UInt64

    /// The bit that says that sizes and checksum follow the data. PyTorch sets it in every entry.
    private static let hasDescriptor: UInt16 = 1 << 3
    /// Beside it, the bits that say how deflate was tuned and that the name is UTF-8.
    private static let harmless: UInt16 = 0b110 | 1 << 3 | 1 << 11
    private static let encrypted: UInt16 = 1 | 1 << 6 | 1 << 13

    /// Reads the line at `at` and moves on to the next one.
    init(directory: ZipDirectory, at: inout Int) throws {
        let start = at
        guard directory.range.upperBound - start >= 46, try directory.number(UInt32.self, start) == 0x0201_4B50 else {
            throw directory.malformed("its directory lists fewer entries than the end record says")
        }
        flags = try directory.number(UInt16.self, start + 8)
        method = try directory.number(UInt16.self, start + 10)
        checksum = try directory.number(UInt32.self, start + 16)
        let nameEnd = start + 46 + Int(try directory.number(UInt16.self, start + 28))
        let extraEnd = nameEnd + Int(try directory.number(UInt16.self, start + 30))
        at = extraEnd + Int(try directory.number(UInt16.self, start + 32))
        guard at <= directory.range.upperBound else { throw directory.malformed("its directory ends inside an entry") }
        nameBytes = start + 46..<nameEnd
        guard let name = String(validating: directory.file.bytes[nameBytes], as: UTF8.self), Self.isPlain(name) else {
            let name = String(decoding: directory.file.bytes[nameBytes], as: UTF8.self)
            throw directory.malformed("the name \(CheckpointError.quoted(name)) is no plain path inside an archive")
        }
        self.name = name
        let wide = try Self.wideFields(
            directory, extra: nameEnd..<extraEnd, entry: name,
            narrow: [
                try directory.number(UInt32.self, start + 24), try directory.number(UInt32.self, start + 20),
                try directory.number(UInt32.self, start + 42),
            ])
        (size, compressedSize, place) = (wide[0], wide[1], wide[2])
        guard try directory.number(UInt16.self, start + 34) == 0 else {
            throw directory.unsupported("its entry \(CheckpointError.quoted(name)) is on another disk")
        }
    }

    /// The entry, and all bytes that belong to it, once the local header has been found to say the same.
    func entry(in directory: ZipDirectory, allowsDeflate: Bool) throws -> (ZipArchive.Entry, span: Range<Int>) {
        let label = CheckpointError.quoted(name)
        guard flags & Self.encrypted == 0 else { throw directory.unsupported("its entry \(label) is encrypted") }
        guard flags & ~Self.harmless == 0 else {
            throw directory.unsupported("its entry \(label) has the unknown flags \(flags)")
        }
        // TorchScript's code is compressed, and nothing here reads it.
        let isCode = name.split(separator: "/").dropFirst().first == "code"
        guard method == 0 || isCode || allowsDeflate && method == 8 else {
            throw directory.unsupported("its entry \(label) is compressed (method \(method))")
        }
        guard method != 0 || size == compressedSize else {
            throw directory.malformed("its entry \(label) is stored, but has two sizes, \(size) and \(compressedSize)")
        }
        let limit = UInt64(directory.range.lowerBound)
        guard place <= limit, limit - place >= 30 else {
            throw directory.malformed("its entry \(label) starts at byte \(place), outside the file's data")
        }
        let start = Int(place)
        let nameEnd = start + 30 + Int(try directory.number(UInt16.self, start + 26))
        let dataStart = nameEnd + Int(try directory.number(UInt16.self, start + 28))
        guard dataStart <= Int(limit), compressedSize <= limit - UInt64(dataStart) else {
            throw directory.malformed(
                "its entry \(label) of \(compressedSize) bytes at byte \(place) reaches beyond the file's data")
        }
        let data = dataStart..<dataStart + Int(compressedSize)
        let bytes = directory.file.bytes
        guard try directory.number(UInt32.self, start) == 0x0403_4B50,
            try directory.number(UInt16.self, start + 6) == flags,
            try directory.number(UInt16.self, start + 8) == method,
            bytes[start + 30..<nameEnd].elementsEqual(bytes[nameBytes]),
            try localSizesAgree(directory, start: start, extra: nameEnd..<dataStart)
        else { throw directory.malformed("its directory and the header at byte \(start) disagree about \(label)") }
        let end = try flags & Self.hasDescriptor == 0 ? data.upperBound : descriptorEnd(directory, data: data)
        return (
            ZipArchive.Entry(name: name, data: data, checksum: checksum, isStored: method == 0), span: start..<end
        )
    }

    /// Whether the local header has the directory's sizes and checksum, or leaves them to the descriptor.
    private func localSizesAgree(_ directory: ZipDirectory, start: Int, extra: Range<Int>) throws -> Bool {
        let sum = try directory.number(UInt32.self, start + 14)
        let wide = try Self.wideFields(
            directory, extra: extra, entry: name,
            narrow: [try directory.number(UInt32.self, start + 22), try directory.number(UInt32.self, start + 18)])
        if sum == checksum, wide == [size, compressedSize] { return true }
        let deferred = flags & Self.hasDescriptor != 0
        return deferred && (sum == 0 || sum == checksum) && (wide == [0, 0] || wide == [size, compressedSize])
    }

    /// The end of the descriptor that follows `data`, which repeats the sizes in 32 bits or, far into a file, in 64.
    private func descriptorEnd(_ directory: ZipDirectory, data: Range<Int>) throws -> Int {
        let at = data.upperBound
        if try directory.number(UInt32.self, at) == 0x0807_4B50, try directory.number(UInt32.self, at + 4) == checksum {
            if UInt64(try directory.number(UInt32.self, at + 8)) == compressedSize,
                UInt64(try directory.number(UInt32.self, at + 12)) == size
            {
                return at + 16
            }
            if try directory.number(UInt64.self, at + 8) == compressedSize,
                try directory.number(UInt64.self, at + 16) == size
            {
                return at + 24
            }
        }
        throw directory.malformed(
            "the descriptor after its entry \(CheckpointError.quoted(name)) and its directory disagree")
    }

    /// The values of `narrow` fields, those that are full taken from the zip64 extra field, which lists them in order.
    private static func wideFields(
        _ directory: ZipDirectory, extra: Range<Int>, entry: String, narrow: [UInt32]
    ) throws -> [UInt64] {
        guard narrow.contains(.max) else { return narrow.map(UInt64.init) }
        var at = extra.lowerBound
        while extra.upperBound - at >= 4 {
            let length = Int(try directory.number(UInt16.self, at + 2))
            let end = at + 4 + length
            guard end <= extra.upperBound else { break }
            if try directory.number(UInt16.self, at) == 1 {
                var field = at + 4
                var values: [UInt64] = []
                for value in narrow {
                    guard value == .max else {
                        values.append(UInt64(value))
                        continue
                    }
                    guard end - field >= 8 else { break }
                    values.append(try directory.number(UInt64.self, field))
                    field += 8
                }
                if values.count == narrow.count { return values }
                break
            }
            at = end
        }
        throw directory.malformed("its entry \(CheckpointError.quoted(entry)) lacks the zip64 sizes that it announces")
    }

    /// Whether `name` stays inside an archive: no empty name, no absolute path, no step upwards, nothing unprintable.
    private static func isPlain(_ name: String) -> Bool {
        !name.isEmpty && !name.hasPrefix("/") && !name.contains("\\")
            && name.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
            && !name.split(separator: "/").contains { $0 == ".." || $0 == "." }
    }
}
