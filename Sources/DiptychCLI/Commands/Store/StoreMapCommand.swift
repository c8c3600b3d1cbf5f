import ArgumentParser
import Diptych
import DiptychMap
import DiptychSearch
import Foundation

struct StoreMapCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "map",
        abstract: "Make a map of a store: a point of the plane for each item, such that what is alike lies together.",
        discussion: """
            The map is kept with the store, and `diptych serve` shows it. Items that are added later are placed among the others, which \
            stay where they are; --fresh lays all of them out again. --output writes a line of JSON an item: id, path, x, y.

            Example: diptych store map --store images.store --output map.jsonl
            """)

    @OptionGroup var arguments: StoreArguments

    @Option(name: .shortAndLong, help: "A .jsonl file to write.")
    var output: String?

    @Flag(help: "Lay all items out again.")
    var fresh = false

    @Option(parsing: .unconditional, help: "The number of threads (default: one a physical core).")
    var threads: Int?

    @Flag(help: "No progress.")
    var quiet = false

    func validate() throws {
        if let threads, !(1...1024).contains(threads) {
            throw ValidationError("--threads must be 1 to 1024, not \(threads).")
        }
        if let output, !output.hasSuffix(".jsonl") {
            throw ValidationError("--output \(output) does not end in .jsonl.")
        }
    }

    func run() async throws {
        let store = try await arguments.open()
        let options = EmbeddingMap.Options(threads: threads ?? ModelOptions().threadCount)
        let progress = Progress("mapping, %", total: 100, isQuiet: quiet)
        let map = try await StoreMap.make(of: store, options: options, isFresh: fresh) { share in
            progress.update(Int(100 * share))
        }
        let seconds = progress.seconds
        if let output { try await write(map, of: store, to: output) }
        try StandardOutput.line(
            "\(map.ids.count) items, \(map.added) of them placed now, in \(String(format: "%.1f", seconds)) s")
    }

    private func write(_ map: StoreMap, of store: any VectorStore, to path: String) async throws {
        let sink = try JSONLinesSink(path: path, includesEmbeddings: false)
        for start in stride(from: 0, to: map.ids.count, by: 256) {
            let range = start..<min(map.ids.count, start + 256)
            let items = try await store.items(ids: Array(map.ids[range]))
            let paths = Dictionary(items.map { ($0.0.id, $0.0.path) }) { first, _ in first }
            for row in range {
                guard let place = paths[map.ids[row]] else { continue }
                try sink.append(
                    [
                        ("id", .string(map.ids[row])), ("path", .string(place)), ("x", .float(map.points[row].x)),
                        ("y", .float(map.points[row].y)),
                    ], [])
            }
        }
        try sink.finish()
    }
}
