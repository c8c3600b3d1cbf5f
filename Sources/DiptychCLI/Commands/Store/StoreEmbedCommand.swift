import ArgumentParser
import Diptych
import DiptychSearch
import Foundation

struct StoreEmbedCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "embed",
        abstract: "Embed what a store holds with another model, beside the embeddings that it is searched by.",
        discussion: """
            Files, URLs and texts are read again where they lie; searches and indexing go on meanwhile. Safe to interrupt and to \
            repeat: only what has no embedding is embedded. `diptych store switch` then makes the model the one that is searched by.

            Example: diptych store embed --store images.store --model ViT-L-14
            """)

    @OptionGroup var model: ModelArguments
    @OptionGroup var fetching: FetchArguments
    @OptionGroup var store: StoreOption

    @Option(help: "The format of the summary.")
    var format = ResultFormat.text

    func run() async throws {
        SourceSettings.install()
        let model = try await model.load()
        let store = try await self.store.location().open(
            addingSpaceFor: model, decode: self.model.decode)
        try await Self.fill(
            store, model, reading: self.model.images, fetch: fetching.options, isQuiet: self.model.quiet, format)
    }

    /// Embeds what a space lacks, and says what was done.
    ///
    /// - Throws: also ``ExitStatus`` where something could not be read.
    static func fill(
        _ store: any VectorStore, _ model: any Embedder, reading: ImageOptions, fetch: FetchOptions, isQuiet: Bool,
        _ format: ResultFormat?
    ) async throws {
        var filler = SpaceFiller(store: store, model: model)
        filler.reading = reading
        filler.fetch = fetch
        let space = try await store.info().spaces.first { $0.id == store.space.id }
        let progress = Progress(
            "embedding", total: space.map { max(0, $0.parts - $0.embeddings) }, isQuiet: isQuiet)
        defer { progress.end() }
        var done = 0
        let summary = try await filler.fill { part, reason in
            done += 1
            if let reason { Console.say("skipped \(part.path): \(reason)") }
            progress.update(done)
        }
        progress.end()
        switch format {
        case .text: try StandardOutput.line("embedded \(summary.embedded), skipped \(summary.skippedCount)")
        case nil: Console.say("parts embedded \(summary.embedded), skipped \(summary.skippedCount)")
        case .json, .jsonl:
            try StandardOutput.line(
                JSON.object([
                    ("space", .string(store.space.name)), ("embedded", .int(summary.embedded)),
                    ("skipped_count", .int(summary.skippedCount)),
                    (
                        "skipped",
                        .array(
                            summary.skipped.map { ["path": .string($0.path), "reason": .string($0.reason)] as JSON })
                    ),
                ]).text)
        }
        if summary.skippedCount > 0 { throw ExitStatus.skippedInputs }
    }
}
