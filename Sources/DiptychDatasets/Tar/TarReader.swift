/// The files of a tar archive, from front to back: POSIX ustar and pax, and GNU's long names; compression is undone.
struct TarReader {
    /// A file in the archive.
    struct Entry {
        let name: String
        let content: Content
        /// Where its first header begins.
        let offset: Int
    }

    enum Content {
        case bytes([UInt8])
        /// Where it lies in an archive that is not compressed.
        case part(FilePart)
    }

    private let path: String
    private let stream: ByteStream
    private let maximumEntryBytes: Int
    private var isDone = false
    /// What pax headers said of all entries that follow.
    private(set) var global: PaxRecords
    /// Where the entry that was read last begins, with what stands before its own header.
    private(set) var entryOffset = 0

    /// Pax headers and long names beyond this are refused.
    private static let longestHeader = 1 << 20

    /// - Parameter global: what pax headers before the stream's beginning say.
    init(_ stream: ByteStream, path: String, maximumEntryBytes: Int, global: PaxRecords = PaxRecords()) {
        self.global = global
        self.path = path
        self.stream = stream
        self.maximumEntryBytes = maximumEntryBytes
    }

    /// The next file that `wanted` names; nil at the end.
    ///
    /// - Parameter isLazy: whether a file's content may be given as its place.
    /// - Throws: ``DatasetError`` with a place where only an entry is bad, so that reading can go on; without one where
    ///   the archive cannot be read on.
    mutating func next(
        wanted: (String) -> Bool, isLazy: (String) -> Bool
    ) throws(DatasetError) -> Entry? {
        do throws(DatasetError) { return try entry(wanted, isLazy) } catch {
            if error.place.isEmpty { isDone = true }
            throw error
        }
    }

    private mutating func entry(
        _ wanted: (String) -> Bool, _ isLazy: (String) -> Bool
    ) throws(DatasetError) -> Entry? {
        // What stood before an entry's own header.
        var pending = PaxRecords()
        var longName: String?
        var longTarget: String?
        var isFirst = stream.offset == 0
        var isBegun = false
        while !isDone {
            let start = stream.offset
            if !isBegun { entryOffset = start }
            let block = try stream.take(TarHeader.blockSize)
            if block.isEmpty || (block.count == TarHeader.blockSize && block.allSatisfy { $0 == 0 }) {
                guard !(block.isEmpty && isFirst) else { throw malformed("is empty") }
                // One block of zeros ends the archive for most readers; what follows it does not count.
                isDone = true
                return nil
            }
            let place = "byte \(start)"
            guard block.count == TarHeader.blockSize || !isFirst else { throw malformed("is not a tar archive") }
            guard block.count == TarHeader.blockSize else { throw truncated(in: longName ?? pending.path ?? "") }
            guard let header = TarHeader(block) else {
                guard !isFirst else { throw malformed("is not a tar archive") }
                try resynchronise()
                throw failure(.malformed, place, "no tar header stands here; entries are lost")
            }
            isFirst = false
            isBegun = header.kind != .globalPax
            switch header.kind {
            case .pax, .globalPax, .longName, .longLink:
                guard header.size <= Self.longestHeader else {
                    try pass(header.size.padded, of: header.name)
                    throw failure(.tooLarge, place, "an entry's name is too long")
                }
                let bytes = try content(header.size, of: header.name)
                let text = String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
                switch header.kind {
                case .longName: longName = text
                case .longLink: longTarget = text
                default:
                    guard let records = PaxRecords(bytes) else {
                        throw failure(.malformed, place, "a pax header is damaged")
                    }
                    if header.kind == .pax {
                        pending = pending.merged(with: records)
                    } else {
                        global = global.merged(with: records)
                    }
                }
                continue
            default: break
            }
            let records = global.merged(with: pending)
            let name = records.path ?? longName ?? header.name
            let target = records.target ?? longTarget ?? header.target
            (pending, longName, longTarget, isBegun) = (PaxRecords(), nil, nil, false)
            if let entry = try body(header, records, name, target, wanted(name), isLazy(name)) { return entry }
        }
        return nil
    }

    /// The content of an entry; nil where it is not wanted.
    private mutating func body(
        _ header: TarHeader, _ records: PaxRecords, _ name: String, _ target: String, _ isWanted: Bool, _ isLazy: Bool
    ) throws(DatasetError) -> Entry? {
        let size: Int
        switch header.kind {
        case .hardLink, .symbolicLink, .folder: size = 0
        default: size = records.size ?? header.size
        }
        if header.isExtended { try passSparseMap(of: name) }
        // Old archives have folders as files whose names end so; the name that counts is the whole one.
        guard isWanted, !name.hasSuffix("/"), header.kind != .folder else {
            try pass(size.padded, of: name)
            return nil
        }
        func refuse(_ kind: DatasetError.Kind, _ reason: String) throws(DatasetError) -> Entry? {
            try pass(size.padded, of: name)
            throw failure(kind, name, reason)
        }
        switch header.kind {
        case .hardLink: return try refuse(.unsupported, "is a link to \(target), and links are not followed")
        case .symbolicLink:
            return try refuse(.unsupported, "is a symbolic link to \(target), and links are not followed")
        case .sparse:
            return try refuse(.unsupported, "is a sparse file, which is not read; write the archive without --sparse")
        case .other(let type):
            let letter = (0x21..<0x7F).contains(type) ? "'\(Character(Unicode.Scalar(type)))'" : "number \(type)"
            return try refuse(.unsupported, "is an entry of the kind \(letter), which is not read")
        default: break
        }
        guard !records.isSparse else {
            return try refuse(.unsupported, "is a sparse file, which is not read; write the archive without --sparse")
        }
        guard size <= maximumEntryBytes else {
            return try refuse(.tooLarge, "\(size) bytes are more than the limit of \(maximumEntryBytes)")
        }
        if size > 0, stream.isSeekable, isLazy {
            let part = FilePart(path: path, offset: stream.offset, count: size)
            try pass(size.padded, of: name)
            return Entry(name: name, content: .part(part), offset: entryOffset)
        }
        return Entry(name: name, content: .bytes(try content(size, of: name)), offset: entryOffset)
    }

    /// Passes over the blocks that go on with a sparse file's map.
    private func passSparseMap(of name: String) throws(DatasetError) {
        while true {
            let block = try stream.take(TarHeader.blockSize)
            guard block.count == TarHeader.blockSize else { throw truncated(in: name) }
            guard block[504] != 0 else { return }
        }
    }

    private func content(_ size: Int, of name: String) throws(DatasetError) -> [UInt8] {
        let bytes = try stream.take(size)
        guard bytes.count == size else { throw truncated(in: name) }
        try pass(size.padded - size, of: name)
        return bytes
    }

    private func pass(_ count: Int, of name: String) throws(DatasetError) {
        guard try stream.skip(count) == count else { throw truncated(in: name) }
    }

    /// Goes on to the next block that is a header, or to the end.
    private mutating func resynchronise() throws(DatasetError) {
        while true {
            let some = try stream.available()
            // Blocks lie at multiples of their size from the archive's start.
            if some.count < TarHeader.blockSize {
                let block = try stream.take(TarHeader.blockSize)
                guard block.count == TarHeader.blockSize else {
                    isDone = true
                    return
                }
                continue
            }
            if TarHeader(some.prefix(TarHeader.blockSize)) != nil { return }
            stream.consume(TarHeader.blockSize)
        }
    }

    private func failure(_ kind: DatasetError.Kind, _ place: String, _ reason: String) -> DatasetError {
        DatasetError(kind, path: stream.name, place: place, reason)
    }

    private func malformed(_ reason: String) -> DatasetError { DatasetError(.malformed, path: stream.name, reason) }

    private func truncated(in name: String) -> DatasetError {
        malformed("ends within \(name.isEmpty ? "a header" : name); it may be cut short")
    }
}

extension Int {
    fileprivate var padded: Int { (self + TarHeader.blockSize - 1) / TarHeader.blockSize * TarHeader.blockSize }
}
