import CZlib

/// Inflating gzip within a bound.
package enum Gzip {
    /// Why bytes could not be inflated.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// The inflated content of a gzip file, refused beyond `limit` bytes so that a small file cannot fill the memory.
    package static func inflate(_ bytes: [UInt8], limit: Int) throws(Failure) -> [UInt8] {
        var stream = z_stream()
        guard diptych_inflate_gzip(&stream) == Z_OK else { throw Failure(description: "zlib cannot start") }
        defer { inflateEnd(&stream) }
        var output: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        var status = Z_OK
        // zlib reads through a pointer that it declares mutable.
        var input = bytes
        input.withUnsafeMutableBufferPointer { source in
            stream.next_in = source.baseAddress
            stream.avail_in = UInt32(source.count)
            while status == Z_OK && output.count <= limit {
                let made = chunk.withUnsafeMutableBufferPointer { target in
                    stream.next_out = target.baseAddress
                    stream.avail_out = UInt32(target.count)
                    status = zlibInflate(&stream)
                    return target.count - Int(stream.avail_out)
                }
                output.append(contentsOf: chunk[..<made])
            }
        }
        guard output.count <= limit else { throw Failure(description: "inflates to more than \(limit) bytes") }
        guard status == Z_STREAM_END else {
            throw Failure(description: "is not a whole gzip file (zlib status \(status))")
        }
        return output
    }

    private static func zlibInflate(_ stream: inout z_stream) -> Int32 { CZlib.inflate(&stream, Z_NO_FLUSH) }
}

extension FileBytes {
    func gunzipped(limit: Int) throws(TokenizerError) -> FileBytes {
        do {
            return FileBytes(name: name, bytes: try Gzip.inflate(bytes, limit: limit))
        } catch {
            throw TokenizerError(.malformed, file: name, reason: error.description)
        }
    }
}
