/// The elements of a JSON array, or JSON values that follow one another, as bytes: in constant memory, one at a time.
struct JSONElements {
    struct Element {
        /// Its place, from 1.
        let number: Int
        let bytes: [UInt8]
        /// Where it begins in a file that is neither compressed nor UTF-16.
        let offset: Int
        /// Whether it was longer than is kept; the bytes are missing then.
        var isTooLong = false
    }

    private let stream: TextStream
    private let isArray: Bool
    private var number = 0
    private var isDone = false

    init(_ stream: TextStream, isArray: Bool) {
        self.stream = stream
        self.isArray = isArray
    }

    /// The next element; nil at the end.
    mutating func next() throws(DatasetError) -> Element? {
        guard !isDone else { return nil }
        do throws(DatasetError) { return try element() } catch {
            isDone = true
            throw error
        }
    }

    private mutating func element() throws(DatasetError) -> Element? {
        var first = try mark()
        if isArray {
            if number == 0 {
                guard first == UInt8(ascii: "[") else { throw malformed("should begin with [") }
                stream.consume(1)
                first = try mark()
            }
            if first == UInt8(ascii: "]") {
                stream.consume(1)
                isDone = true
                guard try mark() == nil else { throw malformed("has something behind the end of its array") }
                return nil
            }
            if number > 0 {
                guard first == nil || first == UInt8(ascii: ",") else {
                    throw malformed("has no comma behind item \(number)")
                }
                stream.consume(1)
                first = try mark()
            }
        }
        guard first != nil else {
            guard !isArray else { throw malformed("ends within its array; it may be cut short") }
            isDone = true
            return nil
        }
        number += 1
        return try collect()
    }

    /// The next byte that is not blank, which stays; nil at the end.
    private func mark() throws(DatasetError) -> UInt8? {
        while true {
            let some = try stream.available()
            guard !some.isEmpty else { return nil }
            let blanks = some.prefix(while: FileContent.isBlank).count
            stream.consume(blanks)
            if blanks < some.count { return some[some.startIndex + blanks] }
        }
    }

    private func collect() throws(DatasetError) -> Element {
        var (bytes, isTooLong): ([UInt8], Bool) = ([], false)
        let offset = stream.bytes.offset
        var scanner = JSONScanner()
        while !scanner.hasEnded {
            let some = try stream.available()
            guard !some.isEmpty else {
                guard scanner.isBare else { throw malformed("ends within item \(number); it may be cut short") }
                break
            }
            let count = scanner.scan(some)
            if count > LineStream.longest - bytes.count {
                (bytes, isTooLong) = ([], true)
            } else if !isTooLong {
                bytes.append(contentsOf: some.prefix(count))
            }
            stream.consume(count)
        }
        return Element(number: number, bytes: bytes, offset: offset, isTooLong: isTooLong)
    }

    private func malformed(_ reason: String) -> DatasetError { DatasetError(.malformed, path: stream.name, reason) }
}

/// Finds the end of a JSON value that comes in pieces, without understanding it.
struct JSONScanner {
    private(set) var hasEnded = false
    /// Whether the value is a number or a word, which ends before whatever follows it.
    private(set) var isBare = false
    private var isStarted = false
    private var depth = 0
    private var isText = false
    private var isEscaped = false

    /// - Returns: the number of `bytes` that belong to the value.
    mutating func scan(_ bytes: ArraySlice<UInt8>) -> Int {
        var count = 0
        for byte in bytes {
            if !isStarted {
                isStarted = true
                isBare = !Array("{[\"".utf8).contains(byte)
            }
            if isBare {
                guard !Array(",]}".utf8).contains(byte), !FileContent.isBlank(byte) else {
                    hasEnded = true
                    // A stray mark is a value by itself, so that reading goes on behind it.
                    return max(count, 1)
                }
            } else {
                take(byte)
            }
            count += 1
            if hasEnded { break }
        }
        return count
    }

    private mutating func take(_ byte: UInt8) {
        if isEscaped {
            isEscaped = false
        } else if isText {
            if byte == UInt8(ascii: "\\") { isEscaped = true }
            if byte == UInt8(ascii: "\"") { (isText, hasEnded) = (false, depth == 0) }
        } else {
            switch byte {
            case UInt8(ascii: "\""): isText = true
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                hasEnded = depth <= 0
            default: break
            }
        }
    }
}
