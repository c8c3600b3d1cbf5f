internal import DiptychBasics

extension FileBytes {
    /// Reads the file as JSON.
    ///
    /// - Parameter offset: where to begin, in a file that was read already.
    func readJSON<T>(
        at offset: Int = 0, _ body: (inout JSONReader) throws(JSONFault) -> T
    ) throws(TokenizerError) -> T {
        if offset == 0 { try validateUTF8() }
        var reader = JSONReader(bytes, at: offset)
        do throws(JSONFault) { return try body(&reader) } catch {
            let line = 1 + bytes[..<min(error.offset, bytes.count)].count { $0 == UInt8(ascii: "\n") }
            let place =
                error.key.isEmpty
                ? "line \(line), byte \(error.offset)" : "line \(line), key \(error.key.debugDescription)"
            throw TokenizerError(.malformed, file: name, place: place, reason: error.reason)
        }
    }
}
