import DiptychDatasets
import Foundation

/// A short file of people's making with one label, template or text a line: UTF-8, with or without a byte order mark, or
/// UTF-16 with one, with line ends of any system.
enum TextFile {
    struct Line {
        /// Its place in the file, from 1.
        let number: Int
        let text: String
    }

    /// Every line as it stands.
    ///
    /// - Parameters:
    ///   - kind: what a line holds, such as "text".
    ///   - mayBeJSON: whether JSON is as good as any other text.
    /// - Throws: ``Failure`` when the file cannot be read or is not UTF-8.
    static func allLines(
        path: String, of kind: String, separator: LineStream.Separator = .lineBreak, mayBeJSON: Bool = true
    ) throws -> [Line] {
        let reader = try LineReader(
            path: path, separator: separator, mayBeJSON: mayBeJSON, advice: "one \(kind) a line")
        var lines: [Line] = []
        for (index, line) in reader.enumerated() {
            guard !line.unicodeScalars.contains("\u{FFFD}") else {
                throw Failure("\(path):\(index + 1): is not UTF-8; save the file in that encoding")
            }
            lines.append(Line(number: index + 1, text: line))
        }
        if let failure = reader.failure { throw failure }
        try Task.checkCancellation()
        return lines
    }

    /// The lines that are not blank, without white space around them.
    ///
    /// - Parameters:
    ///   - kind: what a line holds, such as "label".
    ///   - mayBeJSON: whether JSON is as good as any other text.
    /// - Throws: ``Failure`` when the file cannot be read, is not UTF-8, or has no lines.
    static func lines(path: String, of kind: String, mayBeJSON: Bool = false) throws -> [Line] {
        let lines = try allLines(path: path, of: kind, mayBeJSON: mayBeJSON).map { line in
            Line(number: line.number, text: line.text.trimmingCharacters(in: .whitespaces))
        }.filter { !$0.text.isEmpty }
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
