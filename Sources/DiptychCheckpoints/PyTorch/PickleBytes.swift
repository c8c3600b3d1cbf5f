/// A pickle as it is read: from front to back, every length checked against what is left.
struct PickleBytes {
    /// Keeps the bytes mapped; nil where the caller does.
    private let file: MappedFile?
    private let bytes: UnsafeRawBufferPointer
    private let path: String
    private let end: Int
    private let start: Int
    /// The place of the next byte in the file.
    private var at: Int

    init(file: MappedFile, range: Range<Int>) {
        (self.file, bytes, path) = (file, file.bytes, file.path)
        (start, end, at) = (range.lowerBound, range.upperBound, range.lowerBound)
    }

    /// A pickle in memory that the caller keeps while it is read.
    init(_ bytes: UnsafeRawBufferPointer, path: String) {
        (file, self.bytes, self.path) = (nil, bytes, path)
        (start, end, at) = (0, bytes.count, 0)
    }

    /// The place of the next byte in the pickle.
    var position: Int { at - start }

    func malformed(_ reason: String) -> CheckpointError {
        CheckpointError(.malformed, path: path, "its pickle is broken near byte \(position): \(reason)")
    }

    /// The next little-endian number.
    mutating func number<Number: FixedWidthInteger & BitwiseCopyable>(_ type: Number.Type) throws -> Number {
        let size = MemoryLayout<Number>.size
        guard end - at >= size else { throw malformed("it ends too early") }
        defer { at += size }
        return Number(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: Number.self))
    }

    /// Passes over a part whose length is given by the next number.
    mutating func skip<Length: FixedWidthInteger & BitwiseCopyable>(countedBy type: Length.Type) throws {
        _ = try part(try number(Length.self))
    }

    /// The next text, whose length in bytes is given by the next number.
    mutating func text<Length: FixedWidthInteger & BitwiseCopyable>(countedBy type: Length.Type) throws -> String {
        let part = bytes[try part(try number(Length.self))]
        guard let text = String(validating: part, as: UTF8.self) else { throw malformed("a text is not valid UTF-8") }
        return text
    }

    /// The text up to the next line feed, which is passed over.
    mutating func line() throws -> String {
        guard let feed = bytes[at..<end].firstIndex(of: 0x0A) else { throw malformed("it ends too early") }
        guard let text = String(validating: bytes[at..<feed], as: UTF8.self) else {
            throw malformed("a name is not valid UTF-8")
        }
        at = feed + 1
        return text
    }

    /// The next whole number of `count` bytes in two's complement; nil when it does not fit.
    mutating func integer(bytes count: some FixedWidthInteger) throws -> Int? {
        let digits = bytes[try part(count)]
        guard digits.count <= 8 else { return nil }
        let negative = (digits.last ?? 0) & 0x80 != 0
        return digits.reversed().reduce(negative ? -1 : 0) { $0 << 8 | Int($1) }
    }

    private mutating func part(_ count: some FixedWidthInteger) throws -> Range<Int> {
        guard let count = Int(exactly: count), count >= 0, count <= end - at else {
            throw malformed("it announces \(count) bytes and has \(end - at)")
        }
        defer { at += count }
        return at..<at + count
    }
}
