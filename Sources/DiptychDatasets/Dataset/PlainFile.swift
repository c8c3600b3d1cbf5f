#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif
internal import Foundation

extension InputFile {
    /// The file at `path` as UTF-8 that can be read from any place: itself, or where it is compressed, in another encoding or a pipe, its
    /// text in a nameless temporary file.
    static func plainText(_ path: String, _ encoding: TextFileEncoding? = nil) throws(DatasetError) -> InputFile {
        let bytes = try ByteStream(path: path)
        let text = TextStream(bytes, encoding: encoding)
        _ = try text.available()
        guard !bytes.isSeekable || text.isDecoded else { return try InputFile(path: path) }
        return try spooled(name: bytes.name) { (add) throws(DatasetError) in
            while case let some = try text.available(), !some.isEmpty {
                try add(some)
                text.consume(some.count)
            }
        }
    }

    /// The same of any bytes, whatever they are.
    static func plainBytes(_ path: String) throws(DatasetError) -> InputFile {
        let bytes = try ByteStream(path: path)
        _ = try bytes.available()
        guard !bytes.isSeekable else { return try InputFile(path: path) }
        return try spooled(name: bytes.name) { (add) throws(DatasetError) in
            while case let some = try bytes.available(), !some.isEmpty {
                try add(some)
                bytes.consume(some.count)
            }
        }
    }

    private static func spooled(
        name: String, _ fill: ((ArraySlice<UInt8>) throws(DatasetError) -> Void) throws(DatasetError) -> Void
    ) throws(DatasetError) -> InputFile {
        let folder = FileManager.default.temporaryDirectory.path
        let path = "\(folder)/diptych-\(getpid())-\(UInt64.random(in: 0...UInt64.max)).spool"
        func failure() -> DatasetError {
            DatasetError(
                .unreadable, path: name,
                "cannot be unpacked to \(folder): \(String(cString: strerror(errno))); set TMPDIR to a folder with room"
            )
        }
        let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure() }
        // Gone with the last who has it open.
        unlink(path)
        var size = 0
        do throws(DatasetError) {
            try fill { (bytes) throws(DatasetError) in
                var rest = bytes
                while !rest.isEmpty {
                    let put = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
                    if put < 0, errno == EINTR { continue }
                    guard put > 0 else { throw failure() }
                    rest = rest.dropFirst(put)
                }
                size += bytes.count
            }
        } catch {
            close(descriptor)
            throw error
        }
        return InputFile(owning: descriptor, path: name, size: size)
    }
}

/// Where the rows of a file are: sixteen bytes a row.
struct RowOffsets {
    private(set) var offsets: [Int] = []
    private(set) var counts: [Int] = []
    /// The rows from which on a row's number in the file is its own plus the second number: most files have one or two.
    private var jumps: [(row: Int, shift: Int)] = []

    var count: Int { offsets.count }

    /// - Parameter number: the row's line, or whatever else errors call it by, from 1.
    mutating func append(offset: Int, count: Int, number: Int) {
        let shift = number - offsets.count
        if jumps.last?.shift != shift { jumps.append((offsets.count, shift)) }
        offsets.append(offset)
        counts.append(count)
    }

    /// A row's number in the file.
    func number(_ row: Int) -> Int {
        var (low, high) = (0, jumps.count)
        while high - low > 1 {
            let middle = (low + high) / 2
            if jumps[middle].row <= row { low = middle } else { high = middle }
        }
        return jumps.isEmpty ? row + 1 : row + jumps[low].shift
    }
}

/// Many short texts in one block of memory.
package struct TextTable {
    private var bytes: [UInt8] = []
    private var ends: [Int] = []

    package init() {}

    package var count: Int { ends.count }

    package mutating func append(_ text: String) {
        bytes.append(contentsOf: text.utf8)
        ends.append(bytes.count)
    }

    package subscript(index: Int) -> String {
        String(decoding: bytes[(index == 0 ? 0 : ends[index - 1])..<ends[index]], as: UTF8.self)
    }
}
