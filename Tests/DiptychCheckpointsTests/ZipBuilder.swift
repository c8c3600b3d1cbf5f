import DiptychCheckpoints
import Foundation

/// Writes zip files as PyTorch does, and as PyTorch never would.
struct ZipBuilder {
    struct Entry {
        var name: String
        var data: Data
        /// How many zeros follow the data, which are left as a hole in the file.
        var hole = 0
        var method: UInt16 = 0
        var flags: UInt16 = 0x808
        /// What the directory says when it lies.
        var size: UInt64?
        var place: UInt64?
        var checksum: UInt32?
        var disk: UInt16 = 0
        /// What the local header and the descriptor say when they lie.
        var localName: String?
        var localMethod: UInt16?
        var localSize: UInt32?
        var describedSize: UInt32?
        /// Whether the directory has the sizes in a zip64 field, and a lie in it.
        var isWide = false
        var wideLength: UInt16?
    }

    var entries: [Entry] = []
    /// Whether there is a zip64 end record, as PyTorch always writes.
    var hasWideEnd = true
    /// What the end records say when they lie.
    var count: UInt64?
    var narrowCount: UInt16?
    var directoryStart: UInt64?
    var wideEndPlace: UInt64?
    var disk: UInt16 = 0
    var comment = Data()

    /// The parts of the file that are not holes, by their places, and the length of the whole.
    func segments() -> (parts: [(at: Int, data: Data)], count: Int) {
        var (parts, at, directory) = ([(at: Int, data: Data)](), 0, Data())
        for entry in entries {
            let start = at
            let size = entry.data.count + entry.hole
            let sum = entry.checksum ?? (entry.hole > 0 ? 0 : entry.data.withUnsafeBytes(CRC32.checksum))
            let isDeferred = entry.flags & 8 != 0
            let isFar = size >= UInt32.max || start >= UInt32.max
            let localName = Data((entry.localName ?? entry.name).utf8)
            // PyTorch pads the extra field so that data starts at multiples of 64 bytes.
            let padding = 64 - (start + 30 + localName.count + 4) % 64
            var header = Data()
            header.put(UInt32(0x0403_4B50), UInt16(0), entry.flags, entry.localMethod ?? entry.method, UInt32(0))
            header.put(isDeferred ? UInt32(0) : sum)
            for _ in 0..<2 { header.put(entry.localSize ?? UInt32(isDeferred ? 0 : size)) }
            header.put(UInt16(localName.count), UInt16(4 + padding))
            header += localName
            header.put(UInt16(0x4246), UInt16(padding))
            header += Data(repeating: 0x5A, count: padding) + entry.data
            parts.append((start, header))
            at += header.count + entry.hole
            if isDeferred {
                var descriptor = Data()
                descriptor.put(UInt32(0x0807_4B50), sum)
                for _ in 0..<2 {
                    if isFar {
                        descriptor.put(UInt64(size))
                    } else {
                        descriptor.put(entry.describedSize ?? UInt32(size))
                    }
                }
                parts.append((at, descriptor))
                at += descriptor.count
            }
            let isWide = entry.isWide || isFar
            let (told, place) = (entry.size ?? UInt64(size), entry.place ?? UInt64(start))
            directory.put(UInt32(0x0201_4B50), UInt16(0), UInt16(0), entry.flags, entry.method, UInt32(0), sum)
            for _ in 0..<2 { directory.put(isWide ? UInt32.max : UInt32(truncatingIfNeeded: told)) }
            directory.put(UInt16(entry.name.utf8.count), UInt16(isWide ? 28 : 0), UInt16(0), entry.disk, UInt16(0))
            directory.put(UInt32(0), isWide ? UInt32.max : UInt32(truncatingIfNeeded: place))
            directory += Data(entry.name.utf8)
            if isWide { directory.put(UInt16(1), entry.wideLength ?? UInt16(24), told, told, place) }
        }
        let start = directoryStart ?? UInt64(at)
        let wideCount = count ?? UInt64(entries.count)
        var end = directory
        if hasWideEnd {
            let place = wideEndPlace ?? UInt64(at + directory.count)
            end.put(UInt32(0x0606_4B50), UInt64(44), UInt16(0x031E), UInt16(45), UInt32(disk), UInt32(disk))
            end.put(wideCount, wideCount, UInt64(directory.count), start)
            end.put(UInt32(0x0706_4B50), UInt32(0), place, UInt32(1))
        }
        let narrow = narrowCount ?? UInt16(clamping: wideCount)
        end.put(UInt32(0x0605_4B50), disk, disk, narrow, narrow, UInt32(directory.count), UInt32(clamping: start))
        end.put(UInt16(comment.count))
        end += comment
        parts.append((at, end))
        return (parts, at + end.count)
    }

    /// The file.
    func data() -> Data {
        let (parts, count) = segments()
        return parts.reduce(into: Data(count: count)) {
            $0.replaceSubrange($1.at..<$1.at + $1.data.count, with: $1.data)
        }
    }

    /// Writes the file with its holes to `url`.
    func write(to url: URL) throws {
        _ = FileManager.default.createFile(atPath: url.path, contents: nil)
        let handle = try FileHandle(forWritingTo: url)
        for (at, data) in segments().parts {
            try handle.seek(toOffset: UInt64(at))
            try handle.write(contentsOf: data)
        }
        try handle.close()
    }
}

extension Data {
    /// Appends numbers, little-endian.
    mutating func put(_ numbers: any FixedWidthInteger...) {
        for number in numbers { putOne(number) }
    }

    private mutating func putOne(_ number: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: number.littleEndian) { append(contentsOf: $0) }
    }
}

extension ZipBuilder {
    /// An archive like those of `torch.save`, or with `isScript` of `torch.jit.save`.
    init(pickle: [UInt8], records: [(key: String, data: Data)] = [], isScript: Bool = false) {
        entries = [
            Entry(name: "a/data.pkl", data: Data(pickle)), Entry(name: "a/byteorder", data: Data("little".utf8)),
        ]
        entries += records.map { Entry(name: "a/data/\($0.key)", data: $0.data) }
        entries.append(Entry(name: "a/version", data: Data("3\n".utf8)))
        if isScript {
            entries.append(Entry(name: "a/constants.pkl", data: Data(Pickle.file(Pickle.emptyTuple))))
            entries.append(Entry(name: "a/code/__torch__.py", data: Data([3, 0]), method: 8))
        }
    }
}
