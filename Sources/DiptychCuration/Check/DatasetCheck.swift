public import Diptych
internal import DiptychBasics
internal import DiptychDatasets
internal import DiptychMedia

/// Looks for the faults that datasets of images and texts have.
///
///     let report = try await DatasetCheck(["data"]).report()
///     for finding in report.findings { print(finding.kind.rawValue, finding.count, finding.kind.cost) }
///
/// Every image is decoded and every text read; rows that cannot be read are findings. Memory is about 300 bytes an image and 60 a text,
/// with a model four bytes more for each number of an embedding.
public struct DatasetCheck: Sendable {
    private let sources: [String]
    private let options: CheckOptions

    /// - Parameter sources: files and folders as `DatasetFiles` reads them; all of them are one dataset.
    public init(_ sources: [String], options: CheckOptions = CheckOptions()) {
        (self.sources, self.options) = (sources, options)
    }

    /// Checks the dataset.
    ///
    /// - Parameters:
    ///   - model: embeds images to find near duplicates, and counts tokens.
    ///   - progress: told of the number of images so far.
    /// - Throws: `DatasetError` where a source is not there, `ModelError`, `CancellationError`.
    public func report(
        model: (any Embedder)? = nil, progress: @escaping @Sendable (Int) -> Void = { _ in }
    ) async throws -> CheckReport { try await run(model, progress).report }

    /// Checks the dataset, and writes a copy without its faults: Chinese-CLIP's files or an LMDB, whichever it was; folders of images
    /// without texts stay folders, and everything else becomes Chinese-CLIP's files. `changes.jsonl` beside it says what was
    /// left out or changed, and why.
    ///
    /// - Parameter output: a folder that is missing or empty, and apart from the sources, which stay as they are.
    /// - Throws: ``CurationError`` for another folder, `FileWriteError`, and what ``report(model:progress:)`` throws.
    public func repair(
        to output: String, model: (any Embedder)? = nil, progress: @escaping @Sendable (Int) -> Void = { _ in }
    ) async throws -> (report: CheckReport, repair: RepairSummary) {
        try OutputFolder.check(output, apartFrom: sources)
        let run = try await run(model, progress)
        let summary = try await WorkerThreads.shared.value {
            var writer = try RepairWriter(run, output: output)
            return try writer.write()
        }
        return (run.report, summary)
    }

    private func run(_ model: (any Embedder)?, _ progress: @escaping @Sendable (Int) -> Void) async throws -> CheckRun {
        let run = try await read(model, observer: nil, readsHeadersOnly: false, progress)
        try await run.finish()
        return run
    }

    /// Reads everything.
    ///
    /// - Parameter readsHeadersOnly: whether images are not decoded where nothing embeds them.
    func read(
        _ model: (any Embedder)?, observer: (any CheckObserver)?, readsHeadersOnly: Bool,
        _ progress: @escaping @Sendable (Int) -> Void
    ) async throws -> CheckRun {
        let (sources, options) = (sources, options)
        let parts = try await WorkerThreads.shared.value { try SourceParts(sources, options.reading) }
        let tokenizer = (model as? any DualEncoder)?.tokenizer
        let run = CheckRun(parts, options: options, tokenizer: tokenizer, progress: progress)
        run.observer = observer
        if let model, options.nearDuplicates > 0 {
            try await embedImages(run, model)
        } else {
            try await decodeImages(run, headersOnly: readsHeadersOnly)
        }
        await WorkerThreads.shared.result { run.checkTexts() }
        try Task.checkCancellation()
        return run
    }

    private static let batch = 256
    /// A batch ends at so many bytes of images.
    private static let batchBytes = 64 << 20

    private func decodeImages(_ run: CheckRun, headersOnly: Bool) async throws {
        let work = ParallelWork(threads: options.threads)
        let inspector = run.inspector
        var isAtEnd = false
        while !isAtEnd {
            try Task.checkCancellation()
            isAtEnd = await WorkerThreads.shared.result {
                var (jobs, bytes): ([ImageJob], Int) = ([], 0)
                while jobs.count < Self.batch, bytes < Self.batchBytes, let job = run.nextJob() {
                    if case .base64(let text) = job.scanned.content { bytes += text.count }
                    if case .reference(.bytes(let some)) = job.scanned.content { bytes += some.count }
                    jobs.append(job)
                }
                let facts = work.map(jobs) { CheckRun.facts($0, inspector, headerOnly: headersOnly) }
                for (job, facts) in zip(jobs, facts) { run.take(job, facts) }
                return jobs.isEmpty
            }
        }
    }

    /// Decodes each image once, to check and to embed it.
    private func embedImages(_ run: CheckRun, _ model: any Embedder) async throws {
        let (inspector, preprocessing, images) = (run.inspector, model.preprocessing, options.images)
        try await model.embedBatches(
            AnySequence { AnyIterator { run.nextJob() } },
            readingFrom: { job in
                if case .reference(.file(let path)) = job.scanned.content { path } else { nil }
            },
            load: { job -> LoadedInput<ImageFacts> in
                guard case .everything = job.work else {
                    return LoadedInput(facts: CheckRun.facts(job, inspector), pixels: nil)
                }
                var pixels: [Float]?
                let facts = inspector.facts(job.scanned) { (bytes, facts) throws(ImageError) in
                    let image = try preprocessing.preprocessed(bytes, label: "image", options: images)
                    (facts.width, facts.height) = (image.fullSize.width, image.fullSize.height)
                    pixels = image.pixels
                }
                return LoadedInput(facts: facts, pixels: pixels)
            },
            { items in
                for item in items {
                    // Loading gives facts of everything, and never fails.
                    guard case .success(let (facts, embedding)) = item.result else { continue }
                    run.take(item.input, facts, embedding: embedding)
                }
            })
    }
}
