import Diptych
import ArgumentParser
import DiptychSearch
import Foundation

struct StoreMergeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "merge",
        abstract: "Put the items of several stores into one.",
        discussion: """
            All must be of one model, and their images read in one way. Captions, attributes, boxes, spans and annotations come along; images whose \
            file has vanished stay behind. Of images with one path, the last store's counts. Safe to repeat, to interrupt \
            and to resume.

            Example: diptych store merge images.store --store all.store
            """)

    @Argument(help: "The stores: directories, or milvus://host/database/collection.")
    var sources: [String]

    @OptionGroup var store: StoreOption

    @Flag(help: "No progress on standard error.")
    var quiet = false

    @OptionGroup var formatting: FormatArguments

    func validate() throws {
        if sources.contains("") { throw ValidationError("a store is empty.") }
    }

    func run() async throws {
        var stores: [any VectorStore] = []
        for source in sources { stores.append(try await StoreLocation(source).open()) }
        guard let first = try await stores.first?.identity else { return }
        for other in stores.dropFirst() { try await other.identity.require(first, store: other.name) }
        let target = try await store.location().open(like: first)
        for (source, path) in zip(stores, sources) where Self.isSame(source, target) {
            throw Failure("\(path): is the store that is merged into; leave it out")
        }
        var total = 0
        for store in stores {
            try await LeftBehind.say(of: store)
            let info = try await store.info()
            total += info.count + info.missing
        }
        let progress = Progress("merging", total: total, isQuiet: quiet)
        defer { progress.end() }
        let summary: StoreMerge.Summary
        do {
            summary = try await StoreMerge(of: stores, into: target).run { _, done in progress.update(done.total) }
        } catch let error as CancellationError {
            Console.say("stopped; run again to go on")
            throw error
        }
        progress.end()
        LeftBehind.say(parts: summary.parts, annotations: summary.annotations, in: target)
        try report(summary, into: target.name, count: try await target.info().count)
    }

    private static func isSame(_ a: any VectorStore, _ b: any VectorStore) -> Bool {
        guard let a = a as? EmbeddedStore, let b = b as? EmbeddedStore else { return a.name == b.name }
        return a.directory.resolvingSymlinksInPath().standardizedFileURL.path
            == b.directory.resolvingSymlinksInPath().standardizedFileURL.path
    }

    private func report(_ summary: StoreMerge.Summary, into name: String, count: Int) throws {
        guard formatting.chosen == .text else {
            let json: JSON = [
                "added": .int(summary.added), "updated": .int(summary.updated), "unchanged": .int(summary.unchanged),
                "overruled": .int(summary.overruled), "vanished": .int(summary.vanished), "count": .int(count),
                "parts": .int(summary.parts), "annotations": .int(summary.annotations),
            ]
            return try StandardOutput.line(json.text)
        }
        try StandardOutput.line(
            "added \(summary.added), updated \(summary.updated), unchanged \(summary.unchanged), overruled by a later store "
                + "\(summary.overruled), vanished and left out \(summary.vanished); \(name.shown) holds \(count)")
    }
}

extension StoreMerge.Summary {
    /// The items that were looked at.
    fileprivate var total: Int { added + updated + unchanged + overruled + vanished }
}
