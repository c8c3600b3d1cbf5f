/// The lines of a file of merges.
struct MergeLines {
    private let file: FileBytes
    private var start = 0
    /// The number of the line that `next` gave last, from 1.
    private(set) var number = 0

    init(_ file: FileBytes) { self.file = file }

    /// The next line without its end; nil behind the last, and behind the last that is not empty.
    mutating func next() -> Range<Int>? {
        let bytes = file.bytes
        guard start < bytes.count else { return nil }
        var end = start
        while end < bytes.count, bytes[end] != 0x0A { end += 1 }
        defer { start = end + 1 }
        number += 1
        let content = start..<(end > start && bytes[end - 1] == 0x0D ? end - 1 : end)
        if content.isEmpty, bytes[end...].allSatisfy({ $0 == 0x0A || $0 == 0x0D }) {
            start = bytes.count
            end = bytes.count
            return nil
        }
        return content
    }

    /// The two pieces of a line, which has one space between them.
    func pair(_ line: Range<Int>) -> (left: ArraySlice<UInt8>, right: ArraySlice<UInt8>)? {
        let bytes = file.bytes[line]
        guard let space = bytes.firstIndex(of: 0x20), space > line.lowerBound, space + 1 < line.upperBound,
            !bytes[(space + 1)...].contains(0x20)
        else { return nil }
        return (bytes[..<space], bytes[(space + 1)...])
    }

    /// Whether a line starts with some text.
    func starts(_ line: Range<Int>, with text: StaticString) -> Bool {
        text.withUTF8Buffer { file.bytes[line].starts(with: $0) }
    }

    /// An error at the line that `next` gave last.
    func failure(_ reason: String) -> TokenizerError {
        TokenizerError(.malformed, file: file.name, place: "line \(number)", reason: reason)
    }
}
