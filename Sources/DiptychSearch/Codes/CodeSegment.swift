internal import CKernels
internal import Foundation

/// An open segment: a run of vectors' codes in a file, of which the first-pass codes are mapped and the records are read
/// as they are needed.
///
/// The file may be deleted or replaced at any time; what is open stays what it was. Nothing here trusts the contents:
/// wrong ones give wrong candidates, which the database then tells apart.
package final class CodeSegment: Sendable {
    let path: String
    let layout: CodeLayout
    let header: CodeHeader
    /// The centre, turned.
    let centre: [Float]
    /// Device and inode: what tells a file that was replaced.
    let file: FileIdentity
    private let descriptor: Int32
    /// The file up to the records. The mapping is read only, lives as long as this does, and is never changed here: what
    /// another process appends lies beyond what has been committed. (unsafe: a raw pointer is not Sendable by itself)
    nonisolated(unsafe) private let mapping: UnsafeMutableRawPointer

    struct FileIdentity: Hashable, Sendable {
        let device: UInt64
        let inode: UInt64

        init(_ status: stat) { (device, inode) = (UInt64(status.st_dev), UInt64(status.st_ino)) }
    }

    /// Opens the file; nil when it is not a whole segment of this store.
    init?(path: String, identity: UInt64, dimension: Int) {
        let descriptor = Foundation.open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
            let bytes = Self.read(descriptor, at: 0, count: CodeLayout.headerBytes)
        else {
            close(descriptor)
            return nil
        }
        var centre: [Float] = []
        let header = CodeHeader(bytes) { width in
            guard width == dimension, let bytes = Self.read(descriptor, at: CodeLayout.page, count: 4 * width) else {
                return nil
            }
            centre = EmbeddedStore.floats(of: Data(bytes))
            return centre
        }
        guard let header, header.identity == identity, header.dimension == dimension,
            let layout = CodeLayout(dimension: dimension, capacity: header.capacity),
            status.st_size == layout.fileBytes,
            let mapping = mmap(nil, layout.recordsOffset, PROT_READ, MAP_SHARED, descriptor, 0), mapping != MAP_FAILED
        else {
            close(descriptor)
            return nil
        }
        self.path = path
        self.layout = layout
        self.header = header
        self.centre = centre
        self.file = FileIdentity(status)
        self.descriptor = descriptor
        self.mapping = mapping
    }

    deinit {
        munmap(mapping, layout.recordsOffset)
        close(descriptor)
    }

    /// What counts at the moment; nil when both places for it are damaged.
    func commit() -> CodeCommit? {
        CodeLayout.commitOffsets.compactMap { offset in
            Self.read(descriptor, at: offset, count: CodeCommit.bytes).flatMap { CodeCommit($0, header: header) }
        }.max { $0.sequence < $1.sequence }
    }

    /// The id of a vector.
    func id(_ slot: Int) -> Int64 {
        precondition((0..<layout.capacity).contains(slot))
        return Int64(littleEndian: mapping.load(fromByteOffset: layout.idsOffset + 8 * slot, as: Int64.self))
    }

    /// The first-pass codes from a block on.
    func blocks(from block: Int) -> UnsafeRawPointer {
        precondition((0...layout.capacity / CodeLayout.block).contains(block))
        return UnsafeRawPointer(mapping + layout.blocksOffset + block * layout.blockBytes)
    }

    /// The factor of a vector: what one standard deviation of its estimate's error is in proportion to.
    func factor(_ slot: Int) -> Float {
        precondition((0..<layout.capacity).contains(slot))
        let (block, lane) = slot.quotientAndRemainder(dividingBy: CodeLayout.block)
        return mapping.load(fromByteOffset: layout.blocksOffset + block * layout.blockBytes + 4 * lane, as: Float.self)
    }

    /// Reads records from a vector on into `buffer`; false when that fails.
    func readRecords(from slot: Int, count: Int, into buffer: UnsafeMutableRawPointer) -> Bool {
        precondition(slot >= 0 && count >= 0 && slot + count <= layout.capacity)
        var (done, total) = (0, count * layout.recordBytes)
        while done < total {
            let offset = layout.recordsOffset + slot * layout.recordBytes + done
            let got = pread(descriptor, buffer + done, total - done, off_t(offset))
            if got < 0, errno == EINTR { continue }
            guard got > 0 else { return false }
            done += got
        }
        return true
    }

    private static func read(_ descriptor: Int32, at offset: Int, count: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        let got = bytes.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, count, off_t(offset)) }
        return got == count ? bytes : nil
    }
}
