import ArgumentParser
import Diptych
import DiptychBasics
import DiptychSearch
import Foundation

struct EvaluateMomentsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "moments",
        abstract: "Measure how well moments of videos are found by their captions.",
        discussion: """
            Searches a store of the videos that videos.jsonl names for each of their moments' captions, in both languages. A \
            moment is found where the first result is of its file, and their intersection is at least half of their union. The \
            file has the form that `diptych pictures --videos` writes. Without --store, the videos are indexed into a store that \
            is removed afterwards.

            Example: diptych pictures --videos 20 --seed 7 --output films && diptych evaluate moments --videos films
            """)

    @OptionGroup var model: ModelArguments
    @OptionGroup var indexing: VideoIndexArguments

    @Option(help: "The directory of the videos and their videos.jsonl.")
    var videos: String

    @Option(help: "A store that has them already.")
    var store: String?

    @Option(parsing: .unconditional, help: "From which share of the union on two times are the same.")
    var iou = 0.5

    @Option(help: "The format of the report.")
    var format = EvaluationFormat.text

    func validate() throws {
        guard iou > 0, iou <= 1 else { throw ValidationError("--iou must be more than 0 and at most 1, not \(iou).") }
    }

    /// A moment as the truth has it.
    private struct Truth {
        let path: String
        let start: Double
        let end: Double
        let begins: String
        let captions: [(language: String, text: String)]
    }

    func run() async throws {
        let truths = try readTruth()
        guard !truths.isEmpty else { throw Failure("\(videos)/videos.jsonl: names no moment") }
        let model = try await model.loadDualEncoder()
        let scratch = FileManager.default.temporaryDirectory.appendingPathComponent("diptych-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: scratch) }
        let place = store.map { URL(fileURLWithPath: $0, isDirectory: true) } ?? scratch
        let opened = try await EmbeddedStore.open(at: place, for: model, decode: self.model.decode)
        if store == nil {
            var indexer = Indexer(store: opened, model: model)
            indexer.videos = indexing.indexing
            let files = NSOrderedSet(array: truths.map(\.path)).compactMap { $0 as? String }
            let progress = Progress("indexing", total: files.count, isQuiet: self.model.quiet)
            var done = 0
            let summary = try await indexer.index(inputs: files.map { .success(.file($0)) }) { _ in
                done += 1
                progress.update(done)
            }
            progress.end()
            if let first = summary.skipped.first { throw Failure("\(first.path): \(first.reason)") }
        }
        try await report(try await tally(truths, Searcher(store: opened, model: model)), truths, opened)
    }

    /// What became of the queries of one kind.
    private struct Tally {
        var queries = 0
        var moments = 0
        var files = 0
    }

    private func tally(_ truths: [Truth], _ searcher: Searcher) async throws -> [(name: String, tally: Tally)] {
        var tallies: [String: Tally] = [:]
        var options = Searcher.Options()
        options.limit = 1
        options.filter = .compare(.kind, .equal, .text("video"))
        for truth in truths {
            for (language, text) in truth.captions {
                try Task.checkCancellation()
                let hit = try await searcher.search(SearchQuery(text: text), options).first
                let isFile = hit?.path == truth.path
                let overlap = hit?.moments.first.map { Self.overlap($0.start...$0.end, truth.start...truth.end) } ?? 0
                for name in ["all", language, truth.begins == "cut" ? "cut" : "no cut", truth.begins] {
                    if name == truth.begins, name == "cut" { continue }
                    tallies[name, default: Tally()].queries += 1
                    tallies[name]?.files += isFile ? 1 : 0
                    tallies[name]?.moments += isFile && overlap >= iou ? 1 : 0
                }
            }
        }
        let order = ["all", "en", "zh", "cut", "no cut"]
        return tallies.sorted {
            (order.firstIndex(of: $0.key) ?? 9, $0.key) < (order.firstIndex(of: $1.key) ?? 9, $1.key)
        }.map { ($0.key, $0.value) }
    }

    private static func overlap(_ a: ClosedRange<Double>, _ b: ClosedRange<Double>) -> Double {
        let both = min(a.upperBound, b.upperBound) - max(a.lowerBound, b.lowerBound)
        let either = max(a.upperBound, b.upperBound) - min(a.lowerBound, b.lowerBound)
        return either > 0 ? max(0, both) / either : 0
    }

    private func report(
        _ tallies: [(name: String, tally: Tally)], _ truths: [Truth], _ store: EmbeddedStore
    ) async throws {
        let stored = try await store.partsAndAnnotations().parts / 2
        func share(_ part: Int, _ all: Int) -> Double { all > 0 ? Double(part) / Double(all) : 0 }
        if format == .json {
            try StandardOutput.line(
                JSON.object(
                    [
                        ("moments", .int(truths.count)), ("stored_moments", .int(stored)), ("iou", .double(iou)),
                    ]
                        + tallies.map { name, tally in
                            (
                                name,
                                [
                                    "queries": .int(tally.queries),
                                    "recall_at_1": .double(share(tally.moments, tally.queries)),
                                    "file_recall_at_1": .double(share(tally.files, tally.queries)),
                                ] as JSON
                            )
                        }
                ).text)
            return
        }
        try StandardOutput.line("\(truths.count) moments, \(stored) of the store compete; IoU \(iou)")
        try StandardOutput.line("queries         number  recall@1  file recall@1")
        for (name, tally) in tallies {
            try StandardOutput.line(
                name.padding(toLength: 14, withPad: " ", startingAt: 0)
                    + String(
                        format: "  %6d     %.3f          %.3f", tally.queries, share(tally.moments, tally.queries),
                        share(tally.files, tally.queries)))
        }
    }

    private static func number(_ value: JSONValue?) -> Double? {
        switch value {
        case .int(let value)?: Double(value)
        case .double(let value)?: value
        default: nil
        }
    }

    private func readTruth() throws -> [Truth] {
        let directory = URL(fileURLWithPath: videos, isDirectory: true)
        let list = directory.appendingPathComponent("videos.jsonl")
        guard let text = try? String(contentsOf: list, encoding: .utf8) else {
            throw Failure("\(list.path): cannot be read; `diptych pictures --videos 20 --output DIR` writes one")
        }
        var truths: [Truth] = []
        for (number, line) in text.split(separator: "\n").enumerated() {
            func wrong(_ what: String) -> Failure { Failure("\(list.path):\(number + 1): \(what)") }
            guard let value = try? JSONParser.parse(Array(line.utf8)), let file = value["file"]?.string,
                case .array(let moments)? = value["moments"]
            else { throw wrong("is no object with 'file' and 'moments'") }
            let path: String
            do { path = try ImageFiles.resolve(directory.appendingPathComponent(file).path) } catch let error
                as StoreError
            { throw wrong(error.description) }
            for moment in moments {
                guard let start = Self.number(moment["start"]), let end = Self.number(moment["end"]), start < end else {
                    throw wrong("a moment has no 'start' before its 'end'")
                }
                let captions = ["en", "zh"].compactMap { language in
                    moment["caption_\(language)"]?.string.map { (language, $0) }
                }
                truths.append(
                    Truth(
                        path: path, start: start, end: end, begins: moment["begins"]?.string ?? "cut",
                        captions: captions))
            }
        }
        return truths
    }
}
