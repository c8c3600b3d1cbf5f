internal import DiptychBasics
internal import Foundation

/// Writes a tar archive (POSIX ustar) of files with short names.
struct TarWriter {
    private let file: AtomicFile
    /// The bytes so far.
    private(set) var byteCount = 0
    /// What a file takes besides its content, at most.
    static let overhead = 2 * TarHeader.blockSize

    init(path: String) throws(FileWriteError) { file = try AtomicFile(path: path) }

    /// Adds a file.
    ///
    /// - Parameter name: at most 100 bytes.
    mutating func add(_ name: String, _ bytes: [UInt8]) throws(FileWriteError) {
        precondition(name.utf8.count <= 100, "a name of \(name.utf8.count) bytes")
        var header = [UInt8](repeating: 0, count: TarHeader.blockSize)
        func put(_ text: String, _ place: Int) {
            for (index, byte) in text.utf8.enumerated() { header[place + index] = byte }
        }
        func octal(_ value: Int, _ digits: Int) -> String {
            let text = String(value, radix: 8)
            return String(repeating: "0", count: max(0, digits - text.count)) + text
        }
        put(name, 0)
        put(octal(0o644, 7), 100)
        put(octal(0, 7), 108)
        put(octal(0, 7), 116)
        guard bytes.count < 1 << 33 else {
            throw FileWriteError(path: file.path, "\(name) is too large for an archive")
        }
        put(octal(bytes.count, 11), 124)
        // No time: the same rows give the same archive.
        put(octal(0, 11), 136)
        put("        ", 148)
        put("0", 156)
        put("ustar\u{0}00", 257)
        put(octal(header.reduce(0) { $0 + Int($1) }, 6) + "\u{0} ", 148)
        try file.write(header)
        try file.write(bytes)
        let rest = bytes.count % TarHeader.blockSize
        if rest > 0 { try file.write([UInt8](repeating: 0, count: TarHeader.blockSize - rest)) }
        byteCount += TarHeader.blockSize + bytes.count + (rest > 0 ? TarHeader.blockSize - rest : 0)
    }

    /// Ends the archive and puts it in its place.
    func finish() throws(FileWriteError) {
        try file.write([UInt8](repeating: 0, count: 2 * TarHeader.blockSize))
        // Readers take blocks of twenty.
        let rest = (byteCount + 2 * TarHeader.blockSize) % (20 * TarHeader.blockSize)
        if rest > 0 { try file.write([UInt8](repeating: 0, count: 20 * TarHeader.blockSize - rest)) }
        try file.commit()
    }

    /// The archive's path.
    var path: String { file.path }
}

/// Writes WebDataset shards: of each row its image, its first text as `.txt`, and everything that the dataset says as
/// `.json`. A shard ends at a number of samples or of bytes.
final class WebDatasetWriter: RowWriter {
    private let folder: String
    private let split: String
    private let samplesPerShard: Int
    private let bytesPerShard: Int
    private var shard: TarWriter?
    private var shards = 0
    private var samples = 0
    private var paths: [String] = []

    init(folder: String, split: String, samplesPerShard: Int, bytesPerShard: Int) {
        (self.folder, self.split) = (folder, split)
        (self.samplesPerShard, self.bytesPerShard) = (max(1, samplesPerShard), max(1, bytesPerShard))
    }

    func add(_ row: ConvertedRow) throws {
        let image = try row.bytes()
        let texts = row.texts
        let json = Array(JSONValue.object(row.otherMembers.filter { $0.name != "key" }).text.utf8)
        let size = image.count + json.count + (texts.first?.utf8.count ?? 0) + 3 * TarWriter.overhead
        if let shard, samples >= samplesPerShard || shard.byteCount + size > bytesPerShard { try end(shard) }
        var current = try shard ?? TarWriter(path: "\(folder)/\(split)-\(Self.padded(shards, 6)).tar")
        // As img2dataset has them: the shard's number, and the sample's within it.
        let key = Self.padded(shards, 5) + Self.padded(samples, max(4, String(samplesPerShard - 1).count))
        try current.add("\(key).\(ImageKind.ending(of: image))", image)
        if let text = texts.first { try current.add("\(key).txt", Array(text.utf8)) }
        try current.add("\(key).json", json)
        samples += 1
        shard = current
    }

    /// Whether a file has the name of one of the split's shards.
    private func isShard(_ name: String) -> Bool {
        guard name.hasPrefix(split + "-"), name.hasSuffix(".tar") else { return false }
        let number = name.dropFirst(split.utf8.count + 1).dropLast(4)
        return number.utf8.count >= 6 && number.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }

    private static func padded(_ number: Int, _ digits: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }

    private func end(_ shard: TarWriter) throws(FileWriteError) {
        try shard.finish()
        paths.append(shard.path)
        (self.shard, samples) = (nil, 0)
        shards += 1
    }

    func finish() throws -> [String] {
        if let shard { try end(shard) }
        // Of an earlier run with more shards: they would count as rows of this one.
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        for name in names where isShard(name) && !paths.contains("\(folder)/\(name)") {
            guard unlink("\(folder)/\(name)") == 0 else {
                throw FileWriteError(
                    path: "\(folder)/\(name)",
                    "is a shard of an earlier run and cannot be removed: "
                        + String(cString: strerror(errno)))
            }
        }
        return paths
    }
}
