import ArgumentParser
import Diptych
import DiptychSearch
import Foundation

struct IndexCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "index",
        abstract: "Bring a store up to date with files and folders of pictures.",
        discussion: """
            Embeds what is new or changed, marks what has vanished, and leaves the rest alone. Safe to repeat, to interrupt \
            and to resume: what was stored stays. A store belongs to the model that made it.

            Example: diptych index pictures --store pictures.store
            """)

    @OptionGroup var model: ModelArguments

    @Argument(help: "Files, and folders with everything below them.")
    var paths: [String]

    @Option(help: "The store: a directory, or milvus://host/database/collection; made where it is missing.")
    var store: String

    @Flag(help: "Drop the pictures that have vanished, instead of keeping them marked.")
    var prune = false

    @Flag(help: "Print a JSON line for each stored file once it is safe on disk; the summary goes to standard error.")
    var list = false

    @Option(help: "The summary as text or json.")
    var format = ResultFormat.text

    func validate() throws {
        if paths.contains("") { throw ValidationError("a path is empty.") }
        if store.isEmpty { throw ValidationError("--store is empty.") }
    }

    func run() async throws {
        let roots = try paths.map(PictureFiles.resolve)
        let model = try await model.load()
        let store = try await StoreLocation(self.store).open(
            for: model, appliesOrientation: self.model.ignoresOrientation ? false : nil, decode: self.model.decode)
        let total = try self.model.quiet ? nil : count(roots)
        let progress = Progress("indexing", total: total, isQuiet: self.model.quiet)
        defer { progress.end() }

        var (done, stored) = (0, 0)
        var summary: IndexSummary
        do {
            summary = try await Indexer(store: store, model: model).index(roots) { event in
                done += 1
                if event.kind == .skipped {
                    Console.say("skipped \(event.path): \(event.reason ?? "unreadable")")
                } else {
                    if event.kind != .unchanged { stored += 1 }
                    if list {
                        let line: JSON = ["path": .string(event.path), "status": .string(event.kind.rawValue)]
                        try StandardOutput.line(line.text)
                        try StandardOutput.flush()
                    }
                }
                progress.update(done)
            }
            if prune { _ = try await store.prune() }
        } catch let error as CancellationError {
            Console.say("stopped after \(done) files, \(stored) of them newly stored; run again to go on")
            throw error
        }
        progress.end()
        try report(summary, rate: Double(done) / max(progress.seconds, 1e-3))
        if summary.skippedCount > 0 { throw ExitStatus.skippedInputs }
    }

    private func count(_ roots: [String]) throws -> Int {
        var total = 0
        for _ in PictureFiles(roots: roots) {
            total += 1
            if total % 1024 == 0 { try Task.checkCancellation() }
        }
        return total
    }

    private func report(_ summary: IndexSummary, rate: Double) throws {
        let line: String
        switch format {
        case .text:
            line =
                "added \(summary.added), updated \(summary.updated), unchanged \(summary.unchanged), "
                + "removed \(summary.removed), reused \(summary.reused), skipped \(summary.skippedCount) "
                + "(\(Progress.rounded(rate)) files/s)"
        case .json, .jsonl:
            let skipped = summary.skipped.map { ["path": .string($0.path), "reason": .string($0.reason)] as JSON }
            line =
                JSON.object([
                    ("added", .int(summary.added)), ("updated", .int(summary.updated)),
                    ("unchanged", .int(summary.unchanged)), ("removed", .int(summary.removed)),
                    ("reused", .int(summary.reused)), ("skipped_count", .int(summary.skippedCount)),
                    ("skipped", .array(skipped)),
                ]).text
        }
        if list {
            Console.say(line)
        } else {
            try StandardOutput.line(line)
        }
    }
}
