internal import CZlib

/// The gzip format (RFC 1952).
package enum Gzip {
    /// What is written once and read once: the fastest level saves most of what there is to save.
    private static let level: Int32 = 1

    /// The bytes, compressed; nil where zlib fails, or where they are too many for it.
    package static func compressed(_ bytes: UnsafeRawBufferPointer) -> [UInt8]? {
        var stream = z_stream()
        guard diptych_deflate_gzip(&stream, level) == Z_OK else { return nil }
        defer { deflateEnd(&stream) }
        guard let count = UInt32(exactly: bytes.count),
            let bound = UInt32(exactly: deflateBound(&stream, UInt(count)))
        else { return nil }
        let output = [UInt8](unsafeUninitializedCapacity: Int(bound)) { target, filled in
            // zlib reads through a pointer that it declares mutable.
            stream.next_in = UnsafeMutablePointer(mutating: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
            stream.avail_in = count
            stream.next_out = target.baseAddress
            stream.avail_out = bound
            filled = deflate(&stream, Z_FINISH) == Z_STREAM_END ? Int(stream.total_out) : 0
        }
        return output.isEmpty ? nil : output
    }
}
