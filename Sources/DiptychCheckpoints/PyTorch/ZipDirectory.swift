/// Where the central directory of a zip file lies and how many entries it lists.
struct ZipDirectory {
    let file: MappedFile
    private(set) var range = 0..<0
    private(set) var count = 0

    private static let endSignature: UInt32 = 0x0605_4B50
    private static let wideEndSignature: UInt32 = 0x0606_4B50
    private static let wideLocatorSignature: UInt32 = 0x0706_4B50

    /// Finds the end record of `file`, and its zip64 form when there is one.
    init(file: MappedFile) throws {
        self.file = file
        let end = try endRecord()
        var disks = [UInt64(try number(UInt16.self, end + 4)), UInt64(try number(UInt16.self, end + 6))]
        var counts = [UInt64(try number(UInt16.self, end + 8)), UInt64(try number(UInt16.self, end + 10))]
        var size = UInt64(try number(UInt32.self, end + 12))
        var start = UInt64(try number(UInt32.self, end + 16))
        var limit = end
        if end >= 20, try number(UInt32.self, end - 20) == Self.wideLocatorSignature {
            let place = try number(UInt64.self, end - 12)
            // The zip64 record has 56 bytes, and a part that nobody uses; it must end where its locator starts.
            guard place <= UInt64(end - 20), end - 20 - Int(place) >= 56,
                try number(UInt32.self, Int(place)) == Self.wideEndSignature,
                try number(UInt64.self, Int(place) + 4) == UInt64(end - 20 - Int(place) - 12)
            else { throw malformed("its zip64 end record is not where it should be") }
            let wide = Int(place)
            let wideDisks = [UInt64(try number(UInt32.self, wide + 16)), UInt64(try number(UInt32.self, wide + 20))]
            let wideCounts = [try number(UInt64.self, wide + 24), try number(UInt64.self, wide + 32)]
            let (wideSize, wideStart) = (try number(UInt64.self, wide + 40), try number(UInt64.self, wide + 48))
            // A field of the narrow record is either the same or full, which means: see the wide one.
            let pairs = zip(disks + counts, wideDisks + wideCounts).map { ($0, $1, UInt64(UInt16.max)) }
            for (narrow, wide, full) in pairs + [
                (size, wideSize, UInt64(UInt32.max)), (start, wideStart, UInt64(UInt32.max)),
            ] where narrow != wide && narrow != full {
                throw malformed("its end record and the zip64 form of it disagree")
            }
            (disks, counts, size, start, limit) = (wideDisks, wideCounts, wideSize, wideStart, wide)
            guard try number(UInt32.self, end - 16) == 0, try number(UInt32.self, end - 4) <= 1 else {
                throw unsupported("is one part of a zip file of several disks")
            }
        }
        guard disks == [0, 0], counts[0] == counts[1] else {
            throw unsupported("is one part of a zip file of several disks")
        }
        let (sum, overflow) = start.addingReportingOverflow(size)
        guard !overflow, sum == UInt64(limit) else {
            throw malformed("its directory does not end where the end record starts")
        }
        guard counts[0] <= UInt64(ZipArchive.maximumEntries) else {
            throw unsupported("has \(counts[0]) entries, more than the \(ZipArchive.maximumEntries) that are read")
        }
        range = Int(start)..<limit
        count = Int(counts[0])
    }

    /// The place of the end record: the last one whose comment fills the rest of the file.
    private func endRecord() throws -> Int {
        let last = file.bytes.count - 22
        if last >= 0 {
            for at in stride(from: last, through: max(0, last - Int(UInt16.max)), by: -1)
            where try number(UInt32.self, at) == Self.endSignature {
                if Int(try number(UInt16.self, at + 20)) == last - at { return at }
            }
        }
        throw malformed("is cut short: a zip file ends with a directory, and there is none; fetch the file again")
    }

    /// The little-endian number at `offset`.
    func number<Number: FixedWidthInteger & BitwiseCopyable>(_ type: Number.Type, _ offset: Int) throws -> Number {
        let size = MemoryLayout<Number>.size
        guard offset >= 0, file.bytes.count >= size, offset <= file.bytes.count - size else {
            throw malformed("ends where a number was expected")
        }
        return Number(littleEndian: file.bytes.loadUnaligned(fromByteOffset: offset, as: Number.self))
    }

    func malformed(_ reason: String) -> CheckpointError { CheckpointError(.malformed, path: file.path, reason) }

    func unsupported(_ reason: String) -> CheckpointError {
        CheckpointError(
            .unsupported, path: file.path, "\(reason); PyTorch writes no such files: save it again with torch.save")
    }
}
