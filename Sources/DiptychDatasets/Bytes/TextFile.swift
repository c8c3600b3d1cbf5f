internal import Foundation

/// A short file of people's making with one label, template or text a line: UTF-8, with or without a byte order mark, or
/// UTF-16 with one, with line ends of any system.
public enum TextFile {
    /// A line.
    public struct Line: Sendable, Equatable {
        /// Its place in the file, from 1.
        public let number: Int
        /// What it says.
        public let text: String
    }

    /// The longest line that is taken, so that a file without line breaks cannot fill the memory. Long enough for an image
    /// as a data URI.
    public static let longestLine = 400 << 20

    /// Every line as it stands.
    ///
    /// - Parameters:
    ///   - path: the file; `-` is standard input.
    ///   - kind: what a line holds, such as "text".
    ///   - mayBeJSON: whether JSON is as good as any other text.
    /// - Throws: ``DatasetError`` when the file cannot be read or is not UTF-8; `CancellationError`.
    public static func allLines(
        path: String, of kind: String, separator: LineStream.Separator = .lineBreak, mayBeJSON: Bool = true
    ) throws -> [Line] {
        var stream = try LineStream(
            path: path, separator: separator, longest: longestLine, mayBeJSON: mayBeJSON,
            advice: "give a file with one \(kind) a line")
        var lines: [Line] = []
        while let line = try stream.next() {
            guard !line.isTooLong else {
                throw DatasetError(
                    .tooLarge, path: stream.name, "has a line of more than \(longestLine >> 20) MiB")
            }
            // Other programs write U+FFFD where they lost a character.
            guard let text = String(validating: line.bytes, as: UTF8.self), !text.unicodeScalars.contains("\u{FFFD}")
            else {
                throw DatasetError(
                    .malformed, path: "\(path):\(line.number)", "is not UTF-8; save the file in that encoding")
            }
            lines.append(Line(number: line.number, text: text))
        }
        try Task.checkCancellation()
        return lines
    }

    /// The lines that are not blank, without white space around them.
    ///
    /// - Parameters:
    ///   - kind: what a line holds, such as "label".
    ///   - mayBeJSON: whether JSON is as good as any other text.
    /// - Throws: ``DatasetError`` when the file cannot be read, is not UTF-8, or has no lines; `CancellationError`.
    public static func lines(path: String, of kind: String, mayBeJSON: Bool = false) throws -> [Line] {
        let lines = try allLines(path: path, of: kind, mayBeJSON: mayBeJSON).map { line in
            Line(number: line.number, text: line.text.trimmingCharacters(in: .whitespaces))
        }.filter { !$0.text.isEmpty }
        guard !lines.isEmpty else {
            throw DatasetError(.incomplete, path: path, "holds no \(kind)s; give one a line")
        }
        return lines
    }

    /// The labels of a file, each of which must stand there once.
    ///
    /// - Throws: like ``lines(path:of:mayBeJSON:)``.
    public static func labels(path: String) throws -> [String] {
        let lines = try lines(path: path, of: "label")
        var known: [String: Int] = [:]
        for line in lines {
            if let first = known.updateValue(line.number, forKey: line.text) {
                throw DatasetError(
                    .malformed, path: "\(path):\(line.number)",
                    "the label '\(line.text)' stands on line \(first) already")
            }
        }
        return lines.map(\.text)
    }
}
