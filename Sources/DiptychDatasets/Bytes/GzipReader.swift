internal import CZlib

/// Compressed bytes that are unpacked a piece at a time.
protocol Decompressor: AnyObject {
    /// Unpacks into `output`.
    ///
    /// - Parameter more: gives the next compressed bytes, none at the end.
    /// - Returns: the number of bytes; 0 only at the end.
    func read(
        into output: UnsafeMutableBufferPointer<UInt8>, more: () throws(DatasetError) -> [UInt8]
    ) throws(DatasetError) -> Int
}

/// A gzip stream (RFC 1952), of any number of members, that is inflated a piece at a time.
final class GzipReader: Decompressor {
    private var stream = z_stream()
    private var input: [UInt8] = []
    private var position = 0
    private var isBetweenMembers = true
    private let path: String

    init(path: String) throws(DatasetError) {
        self.path = path
        guard diptych_inflate_gzip(&stream) == Z_OK else {
            throw DatasetError(.unreadable, path: path, "zlib cannot start")
        }
    }

    deinit { inflateEnd(&stream) }

    func read(
        into output: UnsafeMutableBufferPointer<UInt8>, more: () throws(DatasetError) -> [UInt8]
    ) throws(DatasetError) -> Int {
        while true {
            if position == input.count {
                input = try more()
                position = 0
                if input.isEmpty {
                    guard isBetweenMembers else { throw DatasetError(.malformed, path: path, "ends within gzip data") }
                    return 0
                }
            }
            if isBetweenMembers {
                // Some writers fill up with zeros behind the last member.
                while position < input.count, input[position] == 0 { position += 1 }
                guard position < input.count else { continue }
                inflateReset(&stream)
                isBetweenMembers = false
            }
            var status = Z_OK
            let made = input.withUnsafeMutableBufferPointer { source in
                stream.next_in = source.baseAddress.map { $0 + position }
                stream.avail_in = UInt32(source.count - position)
                stream.next_out = output.baseAddress
                stream.avail_out = UInt32(min(output.count, Int(UInt32.max)))
                let room = Int(stream.avail_out)
                status = inflate(&stream, Z_NO_FLUSH)
                position = source.count - Int(stream.avail_in)
                return room - Int(stream.avail_out)
            }
            if status == Z_STREAM_END { isBetweenMembers = true }
            guard status == Z_OK || status == Z_STREAM_END || (status == Z_BUF_ERROR && position == input.count) else {
                throw DatasetError(.malformed, path: path, "is not a whole gzip file (zlib status \(status))")
            }
            if made > 0 { return made }
        }
    }
}
