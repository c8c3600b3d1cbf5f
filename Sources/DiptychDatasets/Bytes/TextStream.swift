/// The text of a file or of standard input as UTF-8: a byte order mark is dropped, and UTF-16 is decoded where one says
/// that it is that.
final class TextStream {
    let bytes: ByteStream
    private var isStarted = false
    private var decoder: (any TextDecoder)?
    private var decoded: ArraySlice<UInt8> = []
    private let encoding: TextFileEncoding?

    /// - Parameter encoding: what the text is in; without it, UTF-8, or UTF-16 where a mark says so.
    init(_ bytes: ByteStream, encoding: TextFileEncoding? = nil) {
        self.bytes = bytes
        self.encoding = encoding
    }

    var name: String { bytes.name }

    /// Whether it is not UTF-8.
    var isDecoded: Bool { decoder != nil }

    /// The bytes that are in memory now, at least one unless the end is reached.
    func available() throws(DatasetError) -> ArraySlice<UInt8> {
        try start()
        guard decoder != nil else { return try bytes.available() }
        while decoded.isEmpty {
            let some = try bytes.available()
            guard let text = decoder?.decode(some, isLast: some.isEmpty) else { break }
            decoded = text[...]
            bytes.consume(some.count)
            if some.isEmpty { break }
        }
        return decoded
    }

    /// Takes `count` of the bytes that ``available()`` gave.
    func consume(_ count: Int) {
        if decoder == nil { bytes.consume(count) } else { decoded = decoded.dropFirst(count) }
    }

    /// The beginning of the text without taking it, to look at.
    func head(_ count: Int) throws(DatasetError) -> [UInt8] {
        try start()
        guard decoder != nil else { return Array(try bytes.peek(count).prefix(count)) }
        guard decoded.isEmpty, var decoder = try makeDecoder() else { return Array(decoded) }
        return decoder.decode(try bytes.peek(2 * count).prefix(2 * count), isLast: false)
    }

    private func start() throws(DatasetError) {
        guard !isStarted else { return }
        isStarted = true
        // Only a file begins with a mark.
        guard bytes.offset == 0 else { return }
        let mark = Array(try bytes.peek(4).prefix(4))
        switch (mark.first, mark.dropFirst().first) {
        case (0xFF, 0xFE) where mark.dropFirst(2).elementsEqual([0, 0]):
            throw DatasetError(.unsupported, path: name, "is UTF-32, which is not read; save it as UTF-8")
        case (0xFF, 0xFE), (0xFE, 0xFF):
            bytes.consume(2)
            marked = UTF16Decoder(isBigEndian: mark[0] == 0xFE)
        case (0xEF, 0xBB) where mark.dropFirst(2).first == 0xBF: bytes.consume(3)
        default: isNamed = encoding != nil && encoding != .utf8
        }
        decoder = try makeDecoder()
    }

    /// What a byte order mark says; it counts more than what was said.
    private var marked: UTF16Decoder?
    private var isNamed = false

    /// A decoder that has read nothing.
    private func makeDecoder() throws(DatasetError) -> (any TextDecoder)? {
        if let marked { return marked }
        guard isNamed, let encoding else { return nil }
        guard let decoder = SystemTextDecoder(encoding) else {
            throw DatasetError(
                .unsupported, path: name, "is in \(encoding.rawValue), which this system cannot convert; use iconv")
        }
        return decoder
    }
}

/// Makes UTF-8 of UTF-16 a piece at a time. Halves of surrogate pairs that stand alone become U+FFFD.
struct UTF16Decoder: TextDecoder {
    private let isBigEndian: Bool
    /// The first byte of a unit, and the first unit of a pair, of which the rest has not come yet.
    private var half: UInt8?
    private var high: UInt16?

    init(isBigEndian: Bool) { self.isBigEndian = isBigEndian }

    mutating func decode(_ bytes: ArraySlice<UInt8>, isLast: Bool) -> [UInt8] {
        var units: [UInt16] = []
        units.reserveCapacity(bytes.count / 2 + 2)
        if let high { units.append(high) }
        high = nil
        for byte in bytes {
            guard let first = half else {
                half = byte
                continue
            }
            units.append(isBigEndian ? UInt16(first) << 8 | UInt16(byte) : UInt16(byte) << 8 | UInt16(first))
            half = nil
        }
        if !isLast, let last = units.last, last & 0xFC00 == 0xD800 { high = units.removeLast() }
        // An odd byte at the end is half a unit.
        if isLast, half != nil {
            units.append(0xFFFD)
            // Said once: the end may be asked for again.
            half = nil
        }
        return Array(String(decoding: units, as: UTF16.self).utf8)
    }
}
