public import Foundation

/// The files of a run: `out_TIME.log`, `params_TIME.txt`, `metrics.jsonl`, `checkpoints/`, `best/`.
public struct RunFolder: Sendable {
    /// The folder.
    public let path: String
    /// The time in the names of files, as Chinese-CLIP writes it.
    public let time: String

    /// Makes the folder of a run below `logs`.
    ///
    /// - Throws: ``TrainingError`` for a name that is none, or where it cannot be made.
    public init(logs: String, name: String, date: Date) throws {
        guard !name.isEmpty, name != ".", name != "..", !name.contains("/"), !name.utf8.contains(0) else {
            throw TrainingError("--name '\(name)' is not the name of a folder")
        }
        path = (logs.isEmpty ? "." : logs) + (logs.hasSuffix("/") ? "" : "/") + name
        time = Self.stamp(date)
        do {
            try FileManager.default.createDirectory(atPath: checkpoints, withIntermediateDirectories: true)
        } catch {
            throw TrainingError("\(checkpoints): cannot be made; check the mode and owner of the folder above it")
        }
    }

    /// The folder of checkpoints.
    public var checkpoints: String { path + "/checkpoints" }
    /// The checkpoint that is written last.
    public var latest: String { checkpoints + "/epoch_latest.pt" }
    /// The model of the lowest loss in validation.
    public var best: String { path + "/best" }
    /// The log.
    public var log: String { "\(path)/out_\(time).log" }
    /// The options of the run.
    public var parameters: String { "\(path)/params_\(time).txt" }
    /// A line of JSON for each logged step.
    public var metrics: String { path + "/metrics.jsonl" }
    /// The same of validations.
    public var validations: String { path + "/validation.jsonl" }

    /// Chinese-CLIP's `%Y-%m-%d-%H-%M-%S`, in UTC.
    private static func stamp(_ date: Date) -> String {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(identifier: "UTC")
        formatter.dateFormat = "yyyy-MM-dd-HH-mm-ss"
        return formatter.string(from: date)
    }

    /// Removes numbered checkpoints but the latest `kept`.
    func prune(keeping kept: Int) {
        let manager = FileManager.default
        let names = (try? manager.contentsOfDirectory(atPath: checkpoints)) ?? []
        let numbered = names.compactMap { name -> (String, [Int])? in
            guard name.hasPrefix("epoch_"), name.hasSuffix(".pt"), name != "epoch_latest.pt" else { return nil }
            let numbers = name.dropFirst(6).dropLast(3).split(separator: "_").compactMap { Int($0) }
            return numbers.isEmpty ? nil : (name, numbers)
        }.sorted { age($0.0) < age($1.0) }
        for (name, _) in numbered.dropLast(kept) {
            try? manager.removeItem(atPath: "\(checkpoints)/\(name)")
            try? manager.removeItem(atPath: "\(checkpoints)/\(Self.alias(of: name))")
        }
    }

    private func age(_ name: String) -> Date {
        let attributes = try? FileManager.default.attributesOfItem(atPath: "\(checkpoints)/\(name)")
        return attributes?[.modificationDate] as? Date ?? .distantPast
    }

    /// Chinese-CLIP's own name of the checkpoint of an epoch, `epoch1.pt`.
    static func alias(of name: String) -> String { name.replacingOccurrences(of: "epoch_", with: "epoch") }

    /// The bytes that may still be written to the folder's disk; nil where that is not known.
    var freeBytes: Int? {
        let attributes = try? FileManager.default.attributesOfFileSystem(forPath: path)
        return (attributes?[.systemFreeSize] as? NSNumber)?.intValue
    }
}
