internal import Crypto
internal import DiptychBasics
internal import DiptychDatasets
internal import Foundation

/// What is known of the URLs of a download: a line of JSON for each that has ended, in `downloads.jsonl`. Lines are only added while
/// it runs, and a later line of a URL counts more; at the end the file is written once more, a line a URL.
final class DownloadState {
    /// A URL by its hash: lists are long.
    struct Key: Hashable {
        private let high: UInt64
        private let low: UInt64

        init(_ url: String) {
            let digest = SHA256.hash(data: Data(url.utf8))
            (high, low) = digest.withUnsafeBytes {
                ($0.loadUnaligned(as: UInt64.self), $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            }
        }
    }

    struct Entry: Sendable {
        var status: DownloadRecord.Status
        var isTransient: Bool
        /// Where its line begins, and how long it is.
        var offset: Int
        var count: Int
    }

    static let name = "downloads.jsonl"
    let path: String
    private(set) var entries: [Key: Entry] = [:]
    private let descriptor: Int32
    private var size = 0

    /// Opens the state in a folder, or begins one. What a process that was killed left of a line goes.
    ///
    /// - Throws: `FileWriteError`, ``SourceError`` where another process downloads into the folder.
    init(folder: String) throws {
        path = "\(folder)/\(Self.name)"
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw FileWriteError(path: path, code: errno) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw SourceError(.unavailable, url: folder, "another process downloads into this folder; wait for its end")
        }
        do { try load() } catch {
            close(descriptor)
            throw error
        }
    }

    deinit { close(descriptor) }

    private func load() throws {
        var stream = try LineStream(path: path, longest: 1 << 20, mayBeJSON: true, advice: "give a folder")
        var end = 0
        while let line = try stream.next() {
            let count = line.bytes.count
            end = line.offset + count
            guard !line.isTooLong, let record = Self.record(line.bytes) else { continue }
            entries[Key(record.url)] = Entry(
                status: record.status, isTransient: record.isTransient, offset: line.offset, count: count)
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw FileWriteError(path: path, code: errno) }
        size = Int(status.st_size)
        guard size > 0 else { return }
        var last: UInt8 = 0
        guard pread(descriptor, &last, 1, off_t(size - 1)) == 1 else { throw FileWriteError(path: path, code: errno) }
        guard last != UInt8(ascii: "\n") else { return }
        // The last line has no end: a whole object gets it, anything else goes.
        let isWhole = entries.values.contains { $0.offset + $0.count == end && end == size }
        if isWhole {
            try Self.put([UInt8(ascii: "\n")], at: size, descriptor, path)
            size += 1
            return
        }
        let keep = try startOfLastLine()
        guard ftruncate(descriptor, off_t(keep)) == 0 else { throw FileWriteError(path: path, code: errno) }
        size = keep
    }

    private func startOfLastLine() throws -> Int {
        var place = size
        var block = [UInt8](repeating: 0, count: 1 << 16)
        while place > 0 {
            let start = max(0, place - block.count)
            let got = pread(descriptor, &block, place - start, off_t(start))
            guard got == place - start else { throw FileWriteError(path: path, code: errno) }
            if let end = block[..<got].lastIndex(of: UInt8(ascii: "\n")) { return start + end + 1 }
            place = start
        }
        return 0
    }

    /// Lines that are to be added.
    struct Batch: Sendable {
        let records: [DownloadRecord]
        fileprivate let bytes: [UInt8]
        fileprivate let offset: Int
        fileprivate let entries: [Entry]
    }

    /// The lines of what happened, for ``writer()`` and then ``adopt(_:)``.
    func batch(_ records: [DownloadRecord]) -> Batch {
        var bytes: [UInt8] = []
        let entries = records.map { record in
            let line = Self.line(record)
            defer {
                bytes += line.utf8
                bytes.append(UInt8(ascii: "\n"))
            }
            return Entry(
                status: record.status, isTransient: record.isTransient, offset: size + bytes.count,
                count: line.utf8.count)
        }
        defer { size += bytes.count }
        return Batch(records: records, bytes: bytes, offset: size, entries: entries)
    }

    /// What writes lines, and waits until they are on the disk, on any thread, one batch after the other.
    func writer() -> @Sendable (Batch) throws -> Void {
        { [descriptor, path] batch in
            try Self.put(batch.bytes, at: batch.offset, descriptor, path)
            guard fdatasync(descriptor) == 0 else { throw FileWriteError(path: path, code: errno) }
        }
    }

    /// Knows what stands in lines that were written.
    func adopt(_ batch: Batch) {
        for (record, entry) in zip(batch.records, batch.entries) { entries[Key(record.url)] = entry }
    }

    private static func put(
        _ bytes: [UInt8], at offset: Int, _ descriptor: Int32, _ path: String
    ) throws(FileWriteError) {
        var place = 0
        while place < bytes.count {
            let put = bytes.withUnsafeBytes {
                pwrite(descriptor, $0.baseAddress.map { $0 + place }, bytes.count - place, off_t(offset + place))
            }
            if put < 0, errno == EINTR { continue }
            guard put > 0 else { throw FileWriteError(path: path, code: errno) }
            place += put
        }
    }

    /// The record of a URL that has ended.
    func record(_ url: String) -> DownloadRecord? {
        guard let entry = entries[Key(url)] else { return nil }
        var bytes = [UInt8](repeating: 0, count: entry.count)
        guard pread(descriptor, &bytes, entry.count, off_t(entry.offset)) == entry.count else { return nil }
        return Self.record(bytes).flatMap { $0.url == url ? $0 : nil }
    }

    /// Writes a line for each URL, in the order of `urls` and then in that of the file. Nothing can be added afterwards.
    func rewrite(_ urls: some Sequence<String?>) throws {
        let file = try AtomicFile(path: path)
        var left = entries
        func write(_ entry: Entry) throws {
            var bytes = [UInt8](repeating: 0, count: entry.count)
            guard pread(descriptor, &bytes, entry.count, off_t(entry.offset)) == entry.count else {
                throw FileWriteError(path: path, code: errno)
            }
            try file.write(bytes)
            try file.write([UInt8(ascii: "\n")])
        }
        for url in urls {
            if let url, let entry = left.removeValue(forKey: Key(url)) { try write(entry) }
        }
        for entry in left.values.sorted(by: { $0.offset < $1.offset }) { try write(entry) }
        try file.commit()
        // It is another file now.
        flock(descriptor, LOCK_UN)
    }

    /// A record as a line.
    static func line(_ record: DownloadRecord) -> String {
        var members: [JSONValue.Member] = [
            .init("url", .string(record.url)), .init("status", .string(record.status.rawValue)),
        ]
        func add(_ name: String, _ value: JSONValue?) { if let value { members.append(.init(name, value)) } }
        add("reason", record.reason.map(JSONValue.string))
        if record.isTransient { add("transient", .bool(true)) }
        add("path", record.path.map(JSONValue.string))
        add("size", record.size.map { .int(Int64($0)) })
        add("sha256", record.hash.map(JSONValue.string))
        add("etag", record.etag.map(JSONValue.string))
        add("last_modified", record.lastModified.map(JSONValue.string))
        add("http_status", record.httpStatus.map { .int(Int64($0)) })
        return JSONValue.object(members).text
    }

    private static func record(_ bytes: [UInt8]) -> DownloadRecord? {
        guard let value = try? JSONParser.parse(bytes), let url = value["url"]?.string,
            let status = value["status"]?.string.flatMap(DownloadRecord.Status.init)
        else { return nil }
        var record = DownloadRecord(url: url, status: status, reason: value["reason"]?.string)
        record.isTransient = value["transient"] == .bool(true)
        record.path = value["path"]?.string
        if case .int(let size)? = value["size"] { record.size = Int(exactly: size) }
        (record.hash, record.etag) = (value["sha256"]?.string, value["etag"]?.string)
        record.lastModified = value["last_modified"]?.string
        if case .int(let status)? = value["http_status"] { record.httpStatus = Int(exactly: status) }
        return record
    }
}
