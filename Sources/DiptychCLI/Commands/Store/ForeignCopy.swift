#if Milvus
    import ArgumentParser
    import Diptych
    import DiptychMilvus
    import DiptychSearch
    import Foundation

    /// Copies a collection that another program made into a store.
    struct ForeignCopy {
        private let source: MilvusForeignCollection
        private let location: StoreLocation
        private let model: String?
        private let isQuiet: Bool

        init(_ source: MilvusForeignCollection, to location: StoreLocation, model: String?, isQuiet: Bool) {
            (self.source, self.location, self.model, self.isQuiet) = (source, location, model, isQuiet)
        }

        func run(_ format: ResultFormat) async throws {
            let store = try await destination()
            guard store.dimension == source.dimension else {
                throw Failure(
                    "\(store.name): holds embeddings of \(store.dimension) numbers, and the vectors of \(source.name) have "
                        + "\(source.dimension); copy into another store")
            }
            let lock = try store.lockForIndexing()
            defer { withExtendedLifetime(lock) {} }
            if !source.leftOut.isEmpty {
                Console.say("note: \(source.name): not read: \(source.leftOut.joined(separator: ", "))")
            }
            let count = try await source.count()
            let progress = Progress("copying", total: count, isQuiet: isQuiet)
            defer { progress.end() }
            var copy = EmbeddingCopy(to: store)
            try await source.forEachPage { page in
                try await copy.add(page)
                progress.update(copy.summary.total)
            }
            try await copy.verify()
            progress.end()
            try await report(copy.summary, count: count, in: store, format)
        }

        /// The store to copy into: one that is there keeps its model; a new one belongs to the given model, or to none that is known.
        private func destination() async throws -> any VectorStore {
            if let model {
                let loaded = try await ModelArguments.parse(["--model", model] + (isQuiet ? ["--quiet"] : [])).load()
                guard loaded.dimension == source.dimension else {
                    throw Failure(
                        "\(loaded.name) makes embeddings of \(loaded.dimension) numbers, and the vectors of \(source.name) have "
                            + "\(source.dimension); give the model that made them")
                }
                return try await location.open(for: loaded, appliesOrientation: nil, decode: nil)
            }
            do { return try await location.open() } catch let error as StoreError where error.kind == .missing {
                Console.say(
                    "note: \(source.name) does not say which model made its vectors; with --model the copy could be searched by "
                        + "texts and images")
                let fingerprint = ContentHash(of: Data("vectors of \(source.name)".utf8)).bytes
                    .map { String(format: "%02x", $0) }.joined()
                return try await location.open(
                    like: StoreIdentity(
                        model: "unknown", fingerprint: fingerprint, modelPath: nil, dimension: source.dimension,
                        preprocessing: "{}", appliesOrientation: true, decode: .exact,
                        created: Date().timeIntervalSince1970))
            }
        }

        private func report(
            _ summary: EmbeddingCopy.Summary, count: Int, in store: any VectorStore, _ format: ResultFormat
        ) async throws {
            for skipped in summary.skipped { Console.say("skipped \(skipped.path): \(skipped.reason)") }
            let info = try await store.info()
            let used = summary.copied + summary.unchanged
            if info.count + info.missing < used {
                Console.say(
                    "note: \(used - info.count - info.missing) rows share their path with another, of which the last counts"
                )
            }
            switch format {
            case .text:
                try StandardOutput.line(
                    "copied \(summary.copied), unchanged \(summary.unchanged), skipped \(summary.skippedCount), in all "
                        + "\(summary.total); \(summary.compared) embeddings compared")
            case .json, .jsonl:
                let json: JSON = [
                    "copied": .int(summary.copied), "unchanged": .int(summary.unchanged),
                    "skipped_count": .int(summary.skippedCount), "total": .int(summary.total),
                    "compared": .int(summary.compared),
                ]
                try StandardOutput.line(json.text)
            }
            guard summary.total == count else {
                throw Failure(
                    "\(source.name): has \(count) rows, of which \(summary.total) were read: others write to it; run the copy again"
                )
            }
            if summary.skippedCount > 0 { throw ExitStatus.skippedInputs }
        }
    }
#endif
