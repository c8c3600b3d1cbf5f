internal import DiptychBasics
internal import Foundation

/// The log of a run in Chinese-CLIP's form: `date,time | INFO | Rank r | line`.
final class TrainingLog {
    private let handle: FileHandle?
    private let rank: Int
    private let onLine: (String) -> Void
    private let formatter = DateFormatter()

    init(path: String?, rank: Int, onLine: @escaping (String) -> Void) throws {
        if let path {
            guard FileManager.default.createFile(atPath: path, contents: nil),
                let handle = FileHandle(forWritingAtPath: path)
            else { throw TrainingError("\(path): cannot be written; check the mode and owner of its folder") }
            self.handle = handle
        } else {
            handle = nil
        }
        (self.rank, self.onLine) = (rank, onLine)
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.dateFormat = "yyyy-MM-dd,HH:mm:ss"
    }

    /// Writes a line.
    func info(_ text: String) {
        let line = "\(formatter.string(from: Date())) | INFO | Rank \(rank) | \(text)"
        // A log that cannot grow any more ends no run.
        try? handle?.write(contentsOf: Data((line + "\n").utf8))
        onLine(line)
    }

    deinit { try? handle?.close() }
}

/// A file of a JSON object a line.
final class MetricsFile {
    private let path: String
    private let handle: FileHandle

    /// Opens the file, and takes off the lines of steps that will be made again.
    ///
    /// - Parameter steps: the steps that are done.
    init(path: String, steps: Int) throws {
        self.path = path
        let kept =
            (try? String(contentsOfFile: path, encoding: .utf8))
            .map { text in
                text.split(separator: "\n").filter { line in
                    guard case .object(let members)? = try? JSONParser.parse(Data(line.utf8)),
                        case .int(let step)? = members.first(where: { $0.name == "step" })?.value
                    else { return false }
                    return step <= Int64(steps)
                }.map { $0 + "\n" }.joined()
            } ?? ""
        guard FileManager.default.createFile(atPath: path, contents: Data(kept.utf8)),
            let handle = FileHandle(forWritingAtPath: path)
        else { throw TrainingError("\(path): cannot be written; check the mode and owner of its folder") }
        _ = try? handle.seekToEnd()
        self.handle = handle
    }

    /// Adds a line.
    func write(_ members: [(String, JSONNumber)]) {
        let text = members.map { "\"\($0.0)\":\($0.1.text)" }.joined(separator: ",")
        try? handle.write(contentsOf: Data("{\(text)}\n".utf8))
    }

    deinit { try? handle.close() }
}

/// A number of a line of metrics.
enum JSONNumber {
    case int(Int)
    case double(Double)

    /// Its shortest text; null for what is no number.
    var text: String {
        switch self {
        case .int(let value): "\(value)"
        case .double(let value): value.isFinite ? "\(value)" : "null"
        }
    }
}

/// A number with so many digits after the point, as Python's `:.6f` writes it.
func fixed(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }
