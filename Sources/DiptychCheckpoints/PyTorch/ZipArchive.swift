/// The directory of a zip file whose entries are stored, not compressed, as PyTorch writes them.
///
/// The format: APPNOTE.TXT 6.3.10 of PKWARE, with zip64. What two places of the file say, they must say alike: a local
/// header and its line in the central directory, the end record and its zip64 form. Entries must not overlap.
package struct ZipArchive: Sendable {
    /// The most entries that are read; a training checkpoint of a large model has a few thousand.
    package static let maximumEntries = 100_000

    /// One file inside the archive.
    package struct Entry: Sendable {
        /// The name, with `/` between folders.
        package let name: String
        /// Where the data lies in the archive.
        package let data: Range<Int>
        /// The CRC-32 of the data; zero when the writer was told not to compute any.
        package let checksum: UInt32
        /// Whether the data is stored as it is; nothing reads an entry that is not.
        package let isStored: Bool
    }

    /// The mapped archive.
    package let file: MappedFile
    /// The entries by name.
    package let entries: [String: Entry]

    /// Reads and checks the directory of `file`; the entries' data is not touched.
    ///
    /// - Parameter allowsDeflate: whether entries may be compressed, as NumPy's can be.
    /// - Throws: ``CheckpointError`` naming the first rule or entry that is broken.
    package init(file: MappedFile, allowsDeflate: Bool = false) throws {
        self.file = file
        let directory = try ZipDirectory(file: file)
        var (entries, spans) = ([String: Entry](), [(span: Range<Int>, name: String)]())
        entries.reserveCapacity(directory.count)
        var at = directory.range.lowerBound
        for _ in 0..<directory.count {
            let header = try ZipHeader(directory: directory, at: &at)
            let (entry, span) = try header.entry(in: directory, allowsDeflate: allowsDeflate)
            guard entries.updateValue(entry, forKey: entry.name) == nil else {
                throw directory.malformed("has two entries called \(CheckpointError.quoted(entry.name))")
            }
            spans.append((span, entry.name))
        }
        guard at == directory.range.upperBound else {
            throw directory.malformed(
                "its directory holds more than the \(directory.count) entries that its end record counts")
        }
        spans.sort { ($0.span.lowerBound, $0.span.upperBound) < ($1.span.lowerBound, $1.span.upperBound) }
        for (left, right) in zip(spans, spans.dropFirst()) where right.span.lowerBound < left.span.upperBound {
            throw directory.malformed(
                "its entries \(CheckpointError.quoted(left.name)) and \(CheckpointError.quoted(right.name)) overlap")
        }
        self.entries = entries
    }

    /// The data of `entry`, valid as long as ``file`` lives.
    package func bytes(of entry: Entry) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: file.bytes[entry.data])
    }

    /// Compares the data of `entry` with its checksum.
    ///
    /// Only small records are checked in this way. Tensors are not: that would read a whole checkpoint before its first
    /// use, and a checksum protects from accidents only, which the hash of a whole file does better, where it was fetched.
    func verify(_ entry: Entry) throws {
        // PyTorch writes zero where `torch.serialization.set_crc32_options(False)` has switched checksums off.
        guard entry.checksum == 0 || CRC32.checksum(bytes(of: entry)) == entry.checksum else {
            throw CheckpointError(
                .malformed, path: file.path,
                "its entry \(CheckpointError.quoted(entry.name)) does not fit its checksum; fetch the file again")
        }
    }
}
