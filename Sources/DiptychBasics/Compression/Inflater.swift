internal import CZlib

/// Undoes zlib's compression (RFC 1950 to 1952) a piece at a time: the only place that calls it.
package final class Inflater {
    /// The container format around the compressed bytes.
    package enum Form: Sendable {
        /// gzip (RFC 1952), of any number of members.
        case gzip
        /// zlib (RFC 1950), as in PNG files.
        case zlib
        /// Neither header nor check sum (RFC 1951), as in zip archives.
        case raw
    }

    /// Why bytes could not be inflated.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    private var stream = z_stream()
    private let form: Form
    private var input: [UInt8] = []
    private var position = 0
    /// Whether the bytes so far are whole: a further member may follow.
    private var isBetweenMembers = true
    private var hasEnded = false

    /// - Throws: ``Failure`` when zlib has no memory.
    package init(_ form: Form) throws(Failure) {
        self.form = form
        let status =
            switch form {
            case .gzip: diptych_inflate_gzip(&stream)
            case .zlib: diptych_inflate_zlib(&stream)
            case .raw: diptych_inflate_raw(&stream)
            }
        guard status == Z_OK else { throw Failure(description: "zlib cannot start") }
    }

    deinit { inflateEnd(&stream) }

    /// Whether all input was taken and ended where its compression ends.
    package var isComplete: Bool { isBetweenMembers && position == input.count }

    /// Inflates into `output`.
    ///
    /// - Parameter more: gives the next compressed bytes, none at the end.
    /// - Returns: the number of bytes; 0 only at the end.
    /// - Throws: ``Failure`` for bytes that are damaged or end too early, and what `more` throws.
    package func read<E: Error>(
        into output: UnsafeMutableBufferPointer<UInt8>, more: () throws(E) -> [UInt8],
        failure: (Failure) -> E
    ) throws(E) -> Int {
        while true {
            if position == input.count {
                guard !hasEnded else { return 0 }
                input = try more()
                position = 0
                if input.isEmpty {
                    guard isBetweenMembers else { throw failure(Failure(description: "ends within \(name) data")) }
                    return 0
                }
            }
            if isBetweenMembers {
                // Some writers fill up with zeros behind the last member.
                while position < input.count, input[position] == 0, form == .gzip { position += 1 }
                guard position < input.count else { continue }
                inflateReset(&stream)
                isBetweenMembers = false
            }
            var status = Z_OK
            let made = input.withUnsafeMutableBufferPointer { source in
                // zlib counts in 32 bits, and reads through a pointer that it declares mutable.
                let offered = UInt32(clamping: source.count - position)
                stream.next_in = source.baseAddress.map { $0 + position }
                stream.avail_in = offered
                stream.next_out = output.baseAddress
                stream.avail_out = UInt32(clamping: output.count)
                let room = Int(stream.avail_out)
                status = CZlib.inflate(&stream, Z_NO_FLUSH)
                position += Int(offered - stream.avail_in)
                return room - Int(stream.avail_out)
            }
            if status == Z_STREAM_END {
                isBetweenMembers = true
                if form != .gzip { (hasEnded, position) = (true, input.count) }
            }
            guard status == Z_OK || status == Z_STREAM_END || (status == Z_BUF_ERROR && position == input.count) else {
                throw failure(Failure(description: "is not a whole \(name) file (zlib status \(status))"))
            }
            if made > 0 { return made }
        }
    }

    private var name: String { form == .gzip ? "gzip" : form == .zlib ? "zlib" : "deflate" }

    /// All that `bytes` inflate to, refused beyond `limit` bytes so that a small file cannot fill the memory.
    package static func inflate(_ bytes: [UInt8], _ form: Form, limit: Int) throws(Failure) -> [UInt8] {
        let inflater = try Inflater(form)
        var rest: [UInt8]? = bytes
        var output: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: min(1 << 16, max(1, limit)))
        while true {
            var failure: Failure?
            let made = chunk.withUnsafeMutableBufferPointer { target in
                do throws(Failure) {
                    return try inflater.read(
                        into: target,
                        more: { () throws(Failure) in
                            defer { rest = nil }
                            return rest ?? []
                        }, failure: { $0 })
                } catch {
                    failure = error
                    return 0
                }
            }
            if let failure { throw failure }
            guard made > 0 else { break }
            output.append(contentsOf: chunk[..<made])
            guard output.count <= limit else { throw Failure(description: "inflates to more than \(limit) bytes") }
        }
        guard !bytes.isEmpty else { throw Failure(description: "is not a whole \(inflater.name) file: it is empty") }
        return output
    }

    /// Inflates into a buffer that must be filled exactly.
    ///
    /// - Returns: false where the bytes are damaged, or fewer or more than that.
    package static func inflate(
        _ bytes: ArraySlice<UInt8>, _ form: Form, exactlyInto buffer: UnsafeMutableBufferPointer<UInt8>
    ) -> Bool {
        guard let inflater = try? Inflater(form) else { return false }
        var rest: [UInt8]? = Array(bytes)
        func more() -> [UInt8] {
            defer { rest = nil }
            return rest ?? []
        }
        var filled = 0
        while filled < buffer.count {
            let target = UnsafeMutableBufferPointer(rebasing: buffer[filled...])
            let made = try? inflater.read(into: target, more: { () throws(Failure) in more() }, failure: { $0 })
            guard let made, made > 0 else { return false }
            filled += made
        }
        // The check sum behind the last byte is read with nothing more to come out.
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 1) { spare in
            (try? inflater.read(into: spare, more: { () throws(Failure) in more() }, failure: { $0 })) == 0
                && inflater.isComplete
        }
    }
}
