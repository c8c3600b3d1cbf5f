/// The lines of a text, with their numbers, in constant memory.
struct LineStream {
    struct Line {
        /// Its place in the file, from 1.
        let number: Int
        /// Its bytes, without the line break.
        let bytes: [UInt8]
        /// Whether it was longer than is kept; the bytes are missing then.
        var isTooLong = false
    }

    /// The longest line that is taken. Long enough for a picture as a data URI.
    static let longest = 64 << 20

    let stream: ByteStream
    private var number = 0
    private var pushed: [Line] = []

    init(path: String) throws(DatasetError) { stream = try ByteStream(path: path) }

    /// Gives lines back, to come next in their order.
    mutating func push(back lines: some BidirectionalCollection<Line>) { pushed.append(contentsOf: lines.reversed()) }

    /// The next line, nil at the end.
    mutating func next() throws(DatasetError) -> Line? {
        if let line = pushed.popLast() { return line }
        var bytes: [UInt8] = []
        var isTooLong = false
        var isThere = false
        while true {
            let some = try stream.available()
            if some.isEmpty {
                guard isThere else { return nil }
                break
            }
            isThere = true
            let end = some.firstIndex(of: UInt8(ascii: "\n"))
            let part = some[..<(end ?? some.endIndex)]
            if bytes.count + part.count > Self.longest {
                (bytes, isTooLong) = ([], true)
            } else if !isTooLong {
                bytes.append(contentsOf: part)
            }
            stream.consume(part.count + (end == nil ? 0 : 1))
            if end != nil { break }
        }
        number += 1
        if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
        // A byte order mark.
        if number == 1, bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes.removeFirst(3) }
        return Line(number: number, bytes: bytes, isTooLong: isTooLong)
    }
}
