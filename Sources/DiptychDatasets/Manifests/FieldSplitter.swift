/// Splits a record of comma- or tab-separated values into fields, a line at a time.
struct FieldSplitter {
    enum Outcome {
        case isWhole
        /// A quoted field goes on in the next line.
        case isOpen
        case isMalformed
    }

    private(set) var fields: [[UInt8]] = []
    /// The bytes that were taken.
    private(set) var byteCount = 0
    private let delimiter: UInt8
    /// A quoted field that is not closed yet.
    private var open: [UInt8]?
    /// The line break behind the last line, which belongs to an open field.
    private var ending: [UInt8] = []

    private static let quote = UInt8(ascii: "\"")

    init(delimiter: UInt8) { self.delimiter = delimiter }

    /// Takes the record's next line.
    mutating func take(_ line: [UInt8], ending: [UInt8]) -> Outcome {
        byteCount += line.count + 1
        open?.append(contentsOf: self.ending)
        self.ending = ending
        var position = 0
        while true {
            if open == nil, position < line.count, line[position] == Self.quote {
                open = []
                position += 1
            }
            if open != nil {
                guard let end = close(line, from: position) else { return .isOpen }
                position = end
                if position == line.count { return .isWhole }
                guard line[position] == delimiter else { return .isMalformed }
            } else {
                let end = line[position...].firstIndex(of: delimiter) ?? line.count
                fields.append(Array(line[position..<end]))
                position = end
                if position == line.count { return .isWhole }
            }
            position += 1
        }
    }

    /// Goes on with the open field, and gives the place behind its closing quote; nil where the line has none.
    private mutating func close(_ line: [UInt8], from start: Int) -> Int? {
        var position = start
        while let end = line[position...].firstIndex(of: Self.quote) {
            open?.append(contentsOf: line[position..<end])
            position = end + 1
            guard position < line.count, line[position] == Self.quote else {
                fields.append(open ?? [])
                open = nil
                return position
            }
            // Two quotes stand for one.
            open?.append(Self.quote)
            position += 1
        }
        open?.append(contentsOf: line[position...])
        return nil
    }
}
