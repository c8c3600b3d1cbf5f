internal import DiptychBasics

/// Checks that the pages of an LMDB file hold together, before liblmdb maps the file and trusts them: a page that is cut
/// off, or an offset that points beyond its page, would stop the process.
///
/// The layout is that of LMDB 0.9 on 64-bit little-endian machines (`mdb.c`: MDB_meta, MDB_db, MDB_page, MDB_node). Every
/// branch and leaf page is read once, and no value that has pages to itself.
struct LMDBStructure {
    private let file: InputFile
    private let pageSize: Int
    /// The number of pages that a reference may name.
    private let pageCount: UInt64
    private let depth: Int
    private var seen: [Bool]
    /// The keys whose values lie outside the file: reading one would stop the process.
    private var damaged: Set<[UInt8]> = []

    private struct Meta {
        let pageSize: Int
        let mainFlags: UInt16
        let depth: Int
        let root: UInt64
        let lastPage: UInt64
        let transaction: UInt64
    }

    /// The levels of a tree that liblmdb takes (CURSOR_STACK).
    private static let deepest = 32
    private static let headerSize = 16
    private static let noPage = UInt64.max
    // Flags of pages (P_…) and of nodes (F_…).
    private static let branch: UInt16 = 0x01
    private static let leaf: UInt16 = 0x02
    private static let metaPage: UInt16 = 0x08
    private static let bigData: UInt16 = 0x01

    /// Checks the file.
    ///
    /// - Returns: the keys whose values must not be read, as they lie outside the file.
    /// - Throws: ``DatasetError`` with the byte that breaks the rules.
    static func check(_ file: InputFile) throws(DatasetError) -> Set<[UInt8]> {
        guard file.size >= 2 * 512 else {
            throw DatasetError(.malformed, path: file.path, "is not an LMDB file; it has only \(file.size) bytes")
        }
        let first = try meta(file, at: 0)
        let second = try meta(file, at: first.pageSize)
        guard second.pageSize == first.pageSize else {
            throw failure(file, first.pageSize, "the second header page has another page size than the first")
        }
        // As liblmdb chooses: the later transaction, and the first page where they are equal.
        let meta = first.transaction < second.transaction ? second : first
        guard meta.mainFlags == 0 else {
            throw DatasetError(
                .unsupported, path: file.path,
                "its keys are not plain texts with one value each (flags \(meta.mainFlags)), as Chinese-CLIP's are")
        }
        guard meta.root != noPage else { return [] }
        guard (1...deepest).contains(meta.depth) else {
            throw failure(file, 0, "the header says that its tree has \(meta.depth) levels")
        }
        guard meta.lastPage < UInt64.max / UInt64(meta.pageSize) else {
            throw failure(file, 0, "the header says that it has \(meta.lastPage) pages")
        }
        let inFile = UInt64(file.size / meta.pageSize)
        var structure = LMDBStructure(
            file: file, pageSize: meta.pageSize, pageCount: min(meta.lastPage + 1, inFile), depth: meta.depth,
            seen: [Bool](repeating: false, count: Int(min(meta.lastPage + 1, inFile))))
        try structure.walk(from: meta.root)
        return structure.damaged
    }

    private static func failure(_ file: InputFile, _ byte: Int, _ reason: String) -> DatasetError {
        DatasetError(
            .malformed, path: file.path, place: "byte \(byte)",
            "\(reason); the database is damaged or cut short")
    }

    private static func meta(_ file: InputFile, at offset: Int) throws(DatasetError) -> Meta {
        guard file.size - offset >= 152 else { throw failure(file, file.size, "ends within its header pages") }
        let page = LittleEndianBytes(try file.read(at: offset, count: 152))
        guard page.u16(10) & metaPage != 0, page.u32(16) == 0xBEEF_C0DE else {
            if offset == 0 { throw DatasetError(.malformed, path: file.path, "is not an LMDB file") }
            throw failure(file, offset, "the second header page does not look like one")
        }
        guard page.u32(20) == 1 else {
            throw DatasetError(
                .unsupported, path: file.path, "is of version \(page.u32(20)) of LMDB's format; version 1 is read")
        }
        let size = Int(page.u32(40))
        guard size.nonzeroBitCount == 1, (512...32_768).contains(size), size <= file.size - offset else {
            throw failure(file, offset, "the header says that pages have \(size) bytes")
        }
        return Meta(
            pageSize: size, mainFlags: page.u16(92), depth: Int(page.u16(94)), root: page.u64(128),
            lastPage: page.u64(136), transaction: page.u64(144))
    }

    private mutating func walk(from root: UInt64) throws(DatasetError) {
        // Pages to visit, each with its level from 1.
        var waiting = [(page: root, level: 1)]
        while let (number, level) = waiting.popLast() {
            guard number < pageCount, number > 1 else {
                let byte = Int(clamping: number).multipliedReportingOverflow(by: pageSize)
                throw Self.failure(
                    file, byte.overflow ? file.size : byte.partialValue,
                    "page \(number) of its tree lies outside the file of \(file.size) bytes")
            }
            let start = Int(number) * pageSize
            guard !seen[Int(number)] else { throw Self.failure(file, start, "page \(number) belongs to two places") }
            seen[Int(number)] = true
            let page = LittleEndianBytes(try file.read(at: start, count: pageSize))
            let isLeaf = level == depth
            guard page.u16(10) == (isLeaf ? Self.leaf : Self.branch) else {
                throw Self.failure(file, start, "page \(number) is not a \(isLeaf ? "leaf" : "branch") of its tree")
            }
            for child in try children(page, start: start, isLeaf: isLeaf) { waiting.append((child, level + 1)) }
        }
    }

    /// Whether a value of so many bytes lies in the file, from behind the header of the page on.
    private func isInside(_ page: UInt64, count: UInt64) -> Bool {
        guard page > 1, page < pageCount else { return false }
        return count <= UInt64(file.size - Int(page) * pageSize - Self.headerSize)
    }

    /// Checks the entries of a page, and gives the pages that a branch names.
    private mutating func children(
        _ page: LittleEndianBytes, start: Int, isLeaf: Bool
    ) throws(DatasetError) -> [UInt64] {
        let (lower, upper) = (Int(page.u16(12)), Int(page.u16(14)))
        guard lower >= Self.headerSize, lower % 2 == 0, lower <= upper, upper <= pageSize,
            lower - Self.headerSize >= (isLeaf ? 2 : 4)
        else { throw Self.failure(file, start, "a page has impossible bounds") }
        var children: [UInt64] = []
        for entry in stride(from: Self.headerSize, to: lower, by: 2) {
            let node = Int(page.u16(entry))
            guard node >= upper, node % 2 == 0, node <= pageSize - 8 else {
                throw Self.failure(file, start + entry, "an entry points outside its page")
            }
            let (low, flags) = (UInt64(page.u16(node)) | UInt64(page.u16(node + 2)) << 16, page.u16(node + 4))
            let room = pageSize - node - 8 - Int(page.u16(node + 6))
            guard room >= 0 else { throw Self.failure(file, start + node, "a key is longer than its page") }
            guard isLeaf else {
                children.append(low | UInt64(flags) << 32)
                continue
            }
            guard flags & ~Self.bigData == 0 else {
                throw DatasetError(
                    .unsupported, path: file.path, place: "byte \(start + node)",
                    "holds named databases or several values a key, which Chinese-CLIP's do not")
            }
            guard flags == Self.bigData ? room >= 8 : UInt64(room) >= low else {
                throw Self.failure(file, start + node, "a value is longer than its page")
            }
            let key = node + 8..<pageSize - room
            if flags == Self.bigData, !isInside(page.u64(key.upperBound), count: low) {
                damaged.insert(page.slice(key))
            }
        }
        return children
    }
}

/// Numbers in bytes, the lowest byte first.
struct LittleEndianBytes {
    private let bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    func u16(_ at: Int) -> UInt16 { UInt16(bytes[at]) | UInt16(bytes[at + 1]) << 8 }
    func u32(_ at: Int) -> UInt32 { UInt32(u16(at)) | UInt32(u16(at + 2)) << 16 }
    func slice(_ range: Range<Int>) -> [UInt8] { Array(bytes[range]) }
    func u64(_ at: Int) -> UInt64 { UInt64(u32(at)) | UInt64(u32(at + 4)) << 32 }
}
