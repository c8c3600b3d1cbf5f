import Foundation

/// A short file of people's making with one label or template a line: UTF-8, with or without a byte order mark, with line
/// ends of any system; white space around a line and blank lines mean nothing.
enum TextFile {
    struct Line {
        /// Its place in the file, from 1.
        let number: Int
        let text: String
    }

    /// The lines that are not blank.
    ///
    /// - Parameter kind: what a line holds, such as "label".
    /// - Throws: ``Failure`` when the file cannot be read, is not UTF-8, or has no lines.
    static func lines(path: String, of kind: String) throws -> [Line] {
        let reader = try LineReader(path: path, advice: "one \(kind) a line")
        var lines: [Line] = []
        for (index, line) in reader.enumerated() {
            var scalars = line.unicodeScalars[...]
            if index == 0, scalars.first == "\u{FEFF}" { scalars = scalars.dropFirst() }
            guard !scalars.contains("\u{FFFD}") else {
                throw Failure("\(path):\(index + 1): is not UTF-8; save the file in that encoding")
            }
            let text = String(scalars).trimmingCharacters(in: .whitespaces)
            if !text.isEmpty { lines.append(Line(number: index + 1, text: text)) }
        }
        if let failure = reader.failure { throw failure }
        try Task.checkCancellation()
        guard !lines.isEmpty else { throw Failure("\(path): holds no \(kind)s; give one a line") }
        return lines
    }

    /// The labels of a file, each of which must stand there once.
    static func labels(path: String) throws -> [String] {
        let lines = try lines(path: path, of: "label")
        var known: [String: Int] = [:]
        for line in lines {
            if let first = known.updateValue(line.number, forKey: line.text) {
                throw Failure("\(path):\(line.number): the label '\(line.text)' stands on line \(first) already")
            }
        }
        return lines.map(\.text)
    }
}
