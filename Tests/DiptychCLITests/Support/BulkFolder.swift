import DiptychTestSupport
import Foundation
import Testing

/// What is compared of two stores' exports.
struct ExportedItem: Decodable, Equatable {
    struct Attributes: Decodable, Equatable {
        let width: Int
        let height: Int
        let caption: String?
        let number: Int?
        let tags: [String]?
    }
    let path: String
    let attributes: Attributes
    let embedding: [Float]

    static func of(_ store: String, in folder: TemporaryFolder) throws -> [String: ExportedItem] {
        let file = folder / "export-\(UUID().uuidString).jsonl"
        #expect(try Command.run("store", "export", "--store", store, "--output", file).status == 0)
        let lines = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n")
        let items = try lines.map { try JSONDecoder().decode(ExportedItem.self, from: Data($0.utf8)) }
        return Dictionary(items.map { ($0.path, $0) }) { $1 }
    }
}

/// The same images with the same words, and embeddings that differ by no more than a batch's company.
func expectSame(
    _ a: [String: ExportedItem], _ b: [String: ExportedItem], within tolerance: Double = 1e-6,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(Set(a.keys) == Set(b.keys), sourceLocation: sourceLocation)
    for (path, item) in a {
        guard let other = b[path] else { continue }
        #expect(item.attributes == other.attributes, sourceLocation: sourceLocation)
        #expect(distance(item.embedding, other.embedding) < tolerance, "\(path)", sourceLocation: sourceLocation)
    }
}

/// The counts that index and merge print.
struct BulkSummary: Decodable, Equatable {
    var added = 0
    var updated = 0
    var unchanged = 0
    let skipped_count: Int?
    let overruled: Int?
    let vanished: Int?
    let count: Int?
}

/// A folder of small images for bulk work.
struct BulkFolder {
    let folder: TemporaryFolder
    let images: String

    init() throws {
        folder = try TemporaryFolder()
        images = URL(fileURLWithPath: folder / "pictures").resolvingSymlinksInPath().path
        try FileManager.default.createDirectory(atPath: images, withIntermediateDirectories: true)
    }

    /// Makes small images, and a manifest with captions and attributes beside them.
    func makeImages(_ count: Int) throws -> String {
        var random = SeededGenerator(UInt64(count))
        var manifest = ""
        for number in 0..<count {
            try Data(random.png()).write(to: URL(fileURLWithPath: "\(images)/\(number).png"))
            let caption = number % 3 == 0 ? "" : ", \"caption\": \"image \(number)\""
            manifest +=
                "{\"image\": \"\(number).png\", \"number\": \(number), \"tags\": [\"a\", \"b\(number % 2)\"]\(caption)}\n"
        }
        try manifest.write(toFile: images + "/manifest.jsonl", atomically: true, encoding: .utf8)
        return images + "/manifest.jsonl"
    }

    func index(_ arguments: [String]) throws -> BulkSummary {
        let result = try Command.run(["index"] + arguments + ["--format", "json", "--quiet"])
        #expect(result.signal == nil)
        return try result.json()
    }
}

/// Other programs.
enum Shell {
    /// What a command prints; it must succeed.
    static func run(_ command: String, environment: [String: String] = [:]) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments = ["-c", command]
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw CommandError(description: "\(command): status \(process.terminationStatus)")
        }
        return String(decoding: data, as: UTF8.self)
    }

    struct CommandError: Error, CustomStringConvertible { let description: String }
}
