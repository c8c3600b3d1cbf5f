import ArgumentParser
import DiptychSearch
import Foundation

struct StoreMergeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "merge",
        abstract: "Put the pictures of several stores into one.",
        discussion: """
            All must be of one model, and their pictures read in one way. Captions and attributes come along; pictures whose \
            file has vanished stay behind. Of pictures with one path, the last store's counts. Safe to repeat, to interrupt \
            and to resume.

            Example: diptych store merge pictures.store --store all.store
            """)

    @Argument(help: "The stores' directories.")
    var sources: [String]

    @Option(help: "The store to put them into; made where it is missing.")
    var store: String

    @Flag(help: "No progress on standard error.")
    var quiet = false

    @OptionGroup var formatting: FormatArguments

    func validate() throws {
        if sources.contains("") || store.isEmpty { throw ValidationError("a store's directory is empty.") }
    }

    func run() async throws {
        var stores: [EmbeddedStore] = []
        for source in sources { stores.append(try await StoreLocation(source).embedded(for: "merged")) }
        guard let first = stores.first else { return }
        for other in stores.dropFirst() { try await first.require(sameKindAs: other) }
        let target = try await EmbeddedStore.open(at: URL(fileURLWithPath: store, isDirectory: true), like: first)
        for (source, path) in zip(stores, sources) where Self.isSame(source, target) {
            throw Failure("\(path): is the store that is merged into; leave it out")
        }
        var total = 0
        for store in stores {
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
        try report(summary, count: try await target.info().count)
    }

    private static func isSame(_ a: EmbeddedStore, _ b: EmbeddedStore) -> Bool {
        a.directory.resolvingSymlinksInPath().standardizedFileURL.path
            == b.directory.resolvingSymlinksInPath().standardizedFileURL.path
    }

    private func report(_ summary: StoreMerge.Summary, count: Int) throws {
        guard formatting.chosen == .text else {
            let json: JSON = [
                "added": .int(summary.added), "updated": .int(summary.updated), "unchanged": .int(summary.unchanged),
                "overruled": .int(summary.overruled), "vanished": .int(summary.vanished), "count": .int(count),
            ]
            return try StandardOutput.line(json.text)
        }
        try StandardOutput.line(
            "added \(summary.added), updated \(summary.updated), unchanged \(summary.unchanged), overruled by a later store "
                + "\(summary.overruled), vanished and left out \(summary.vanished); \(store) holds \(count)")
    }
}

extension StoreMerge.Summary {
    /// The items that were looked at.
    fileprivate var total: Int { added + updated + unchanged + overruled + vanished }
}
