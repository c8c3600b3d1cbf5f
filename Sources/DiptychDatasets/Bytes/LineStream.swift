#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// The lines of a text, with their numbers, in constant memory: UTF-8 with or without a byte order mark, or UTF-16 with
/// one, compressed with gzip or Zstandard or not, with line ends of any system.
public struct LineStream {
    /// A line.
    public struct Line: Sendable {
        /// Its place in the file, from 1.
        public let number: Int
        /// Where it begins in a file that is neither compressed nor UTF-16.
        package var offset = 0
        /// Its bytes, without the line break.
        public let bytes: [UInt8]
        /// Whether it was longer than is kept; the bytes are missing then.
        public var isTooLong = false
        /// The line break behind it.
        var ending: [UInt8] = []

        init(number: Int, offset: Int, bytes: [UInt8], isTooLong: Bool, ending: [UInt8] = []) {
            self.number = number
            self.offset = offset
            self.bytes = bytes
            self.isTooLong = isTooLong
            self.ending = ending
        }
    }

    /// What stands between lines.
    public enum Separator: Sendable {
        /// A line feed, a carriage return, or both.
        case lineBreak
        /// A zero byte, as `find -print0` writes; line breaks belong to the lines.
        case null
    }

    /// The longest line that is taken. Long enough for an image as a data URI.
    public static let longest = 64 << 20

    let stream: TextStream
    /// What errors call the file.
    public var name: String { stream.name }
    private let separator: Separator
    private let longest: Int
    private var number: Int
    private var pushed: [Line] = []

    /// Opens the file at `path`; `-` is standard input.
    ///
    /// - Parameters:
    ///   - longest: lines of more bytes are passed over.
    ///   - mayBeJSON: whether JSON is as good as any other text.
    ///   - advice: what to give instead of a file that does not hold such lines.
    /// - Throws: ``DatasetError`` when it cannot be read, or is an image, a table, an archive or the like.
    public init(
        path: String, separator: Separator = .lineBreak, longest: Int = Self.longest, mayBeJSON: Bool, advice: String
    ) throws(DatasetError) {
        self.init(TextStream(try ByteStream(path: path, advice: advice)), separator: separator, longest: longest)
        try refuse(mayBeJSON: mayBeJSON, advice: advice)
    }

    /// - Parameter firstNumber: the number of the first line, of a part of a file.
    init(
        _ stream: TextStream, separator: Separator = .lineBreak, longest: Int = Self.longest, firstNumber: Int = 1
    ) {
        number = firstNumber - 1
        self.stream = stream
        self.separator = separator
        self.longest = longest
    }

    private func refuse(mayBeJSON: Bool, advice: String) throws(DatasetError) {
        let length = FileContent.headLength
        var found = FileContent(head: Array(try stream.bytes.peek(length).prefix(length)))
        if found == .zeros, separator == .null { found = nil }
        if found == nil, !mayBeJSON, FileContent.isJSON(try stream.head(length)) { found = .json }
        if let found { throw DatasetError(.unsupported, path: stream.name, "is \(found); \(advice)") }
    }

    /// Gives lines back, to come next in their order.
    mutating func push(back lines: some BidirectionalCollection<Line>) { pushed.append(contentsOf: lines.reversed()) }

    /// The next line, nil at the end.
    ///
    /// - Throws: ``DatasetError`` when the file cannot be read on.
    public mutating func next() throws(DatasetError) -> Line? {
        if let line = pushed.popLast() { return line }
        // Past a byte order mark.
        _ = try stream.available()
        let offset = stream.bytes.offset
        var bytes: [UInt8] = []
        var isTooLong = false
        var isThere = false
        var ending: [UInt8] = []
        let isLines = separator == .lineBreak
        while true {
            let some = try stream.available()
            if some.isEmpty {
                guard isThere else { return nil }
                break
            }
            isThere = true
            let end = isLines ? Self.lineBreak(in: some) : some.firstIndex(of: 0)
            let part = some[..<(end ?? some.endIndex)]
            if part.count > longest - bytes.count {
                (bytes, isTooLong) = ([], true)
            } else if !isTooLong {
                bytes.append(contentsOf: part)
            }
            guard let end else {
                stream.consume(part.count)
                continue
            }
            ending = [some[end]]
            stream.consume(part.count + 1)
            if ending == [0x0D], try stream.available().first == 0x0A {
                ending.append(0x0A)
                stream.consume(1)
            }
            break
        }
        number += 1
        return Line(number: number, offset: offset, bytes: bytes, isTooLong: isTooLong, ending: ending)
    }

    private static func lineBreak(in bytes: ArraySlice<UInt8>) -> Int? {
        bytes.withUnsafeBytes { buffer in
            guard let start = buffer.baseAddress else { return nil }
            func first(_ byte: Int32, in count: Int) -> Int? {
                memchr(start, byte, count).map { UnsafeRawPointer($0) - start }
            }
            let feed = first(0x0A, in: buffer.count)
            return (first(0x0D, in: feed ?? buffer.count) ?? feed).map { bytes.startIndex + $0 }
        }
    }
}
