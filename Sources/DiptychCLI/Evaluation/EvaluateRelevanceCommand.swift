import ArgumentParser
import Diptych
import DiptychDatasets
import DiptychEvaluation
import DiptychMedia
import DiptychSearch
import Foundation

struct EvaluateRelevanceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "relevance",
        abstract: "Measure whether match probabilities come true.",
        discussion: """
            Indexes half of the images that captions.jsonl names into a separate store, searches for the captions of all of \
            them, and for a clipping of each image, and compares the match probability of every result with how often it \
            was the caption's, or the clipping's, own image. The file has the form that `diptych pictures` writes.

            Example: diptych pictures --count 1000 --seed 7 --output held-out && diptych evaluate relevance \
            --images held-out
            """)

    @OptionGroup var model: ModelArguments

    // The second is the older spelling.
    @Option(
        name: [.customLong("images"), .customLong("pictures")],
        help: "The directory of the images and their captions.jsonl.")
    var images: String

    @Option(parsing: .unconditional, help: "The results of each query that count.")
    var limit = 20

    @Option(
        parsing: .unconditional,
        help: "Simulate a burst: so many further frames of each indexed image, which count as the image.")
    var burst = 0

    @Flag(help: "Also refit the curve: its intercept and slope for these images.")
    var fit = false

    @Option(help: "The format of the report.")
    var format = EvaluationFormat.text

    func validate() throws {
        guard limit > 0 else { throw ValidationError("--limit must be at least 1, not \(limit).") }
        guard (0...100).contains(burst) else { throw ValidationError("--burst must be 0 to 100, not \(burst).") }
    }

    func run() async throws {
        let captions = try CaptionedImage.read(in: images)
        guard captions.count >= 200 else {
            throw Failure("\(images): has captions of \(captions.count) images; 200 at least say something")
        }
        let model = try await model.loadDualEncoder()
        let scratch = FileManager.default.temporaryDirectory.appendingPathComponent("diptych-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: scratch) }
        let store = try await EmbeddedStore.open(at: scratch, for: model, decode: self.model.decode)
        let directory = URL(fileURLWithPath: images, isDirectory: true)
        let paths = try captions.map { try ImageFiles.resolve(directory.appendingPathComponent($0.file).path) }
        let half = captions.count / 2
        _ = try await Indexer(store: store, model: model).index(inputs: paths[..<half].map { .success(.file($0)) })

        if burst > 0 { try await addBursts(of: Array(paths[..<half]), to: store, model) }

        let texts = captions.map(\.english) + captions.map(\.chinese)
        let words = try await observe(
            try await model.embed(texts: texts), own: paths + paths, kind: .text, in: store)
        let clippings = try paths.map {
            try ImageSource.file($0).image(options: model.preprocessing.readingOptions(self.model.images))
                .clipping()
        }
        let views = try await observe(
            try await model.embed(images: clippings), own: paths, kind: .image, in: store)
        try report([("captions", words), ("clippings", views)])
    }

    /// Stores further frames of images, under their paths with a number behind.
    private func addBursts(of paths: [String], to store: EmbeddedStore, _ model: any Embedder) async throws {
        for (index, path) in paths.enumerated() {
            let image = try ImageSource.file(path).image(
                options: model.preprocessing.readingOptions(self.model.images))
            let frames = try (1...burst).map { number in
                try BurstFrame(seed: UInt64(index * 128 + number)).image(from: image)
            }
            let embeddings = try await model.embed(images: frames)
            try await store.put(
                frames.indices.map { number in
                    ItemRecord(
                        path: path + BurstFrame.mark + "\(number)",
                        content: ContentHash(of: frames[number].bytes), embedding: embeddings[number],
                        image: ImageFacts(width: frames[number].width, height: frames[number].height))
                })
        }
        try await store.refreshBackground(with: model)
    }

    /// A result: what was expected by chance at its similarity, its probability, and whether it was what was meant.
    private typealias Observation = (expected: Double, probability: Float, isMatch: Bool)

    private func observe(
        _ queries: Embeddings, own: [String], kind: NullDistribution.Kind, in store: EmbeddedStore
    ) async throws -> [Observation] {
        guard let background = try await store.background() else {
            throw Failure("\(images): too few of its images can be read to measure a background")
        }
        var observations: [Observation] = []
        for (index, path) in own.enumerated() {
            guard let estimate = MatchCalibration(of: queries[index], kind: kind, against: background) else { continue }
            for hit in try await store.search(SearchRequest(queries[index], limit: limit, isExact: true)) {
                observations.append(
                    (
                        estimate.expectedByChance(similarity: hit.similarity),
                        estimate.probability(similarity: hit.similarity),
                        hit.path == path || hit.path.hasPrefix(path + BurstFrame.mark)
                    ))
            }
        }
        return observations
    }

    private func report(_ kinds: [(String, [Observation])]) throws {
        // The first bounds are near 0, where most results are.
        let bounds = [0, 0.01, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1]
        var documents: [(String, JSON)] = []
        for (name, observations) in kinds {
            if format == .text { try StandardOutput.line("\(name): said     came true  results") }
            let calibration = Calibration(
                observations.map { (Double($0.probability), $0.isMatch) }, bounds: bounds)
            for bin in calibration.bins where format == .text {
                try StandardOutput.line(
                    "  " + String(format: "%.3f  %.3f  %d", bin.said, bin.cameTrue, bin.count))
            }
            let bins = calibration.bins.map { bin -> JSON in
                ["said": .double(bin.said), "came_true": .double(bin.cameTrue), "results": .int(bin.count)]
            }
            let kept = observations.filter { $0.probability >= MatchCalibration.relevantFrom }
            let matches = observations.filter(\.isMatch).count
            let found = kept.filter(\.isMatch).count
            let figures: [(String, Double)] = [
                ("expected_calibration_error", calibration.expectedError),
                ("kept_of_matches", Double(found) / Double(max(1, matches))),
                ("kept_of_others", Double(kept.count - found) / Double(max(1, observations.count - matches))),
            ]
            var members = figures.map { ($0.0, JSON.double($0.1)) } + [("bins", .array(bins))]
            for (figure, value) in figures where format == .text {
                try StandardOutput.line("  \(figure) " + String(format: "%.4f", value))
            }
            if fit {
                let curve = LogisticCurve(
                    fitting: observations.map { (log(max($0.expected, 1e-30)), $0.isMatch) })
                members += [("intercept", .double(curve.intercept)), ("slope", .double(-curve.slope))]
                if format == .text {
                    try StandardOutput.line(
                        "  " + String(format: "intercept %.3f, slope %.3f", curve.intercept, -curve.slope))
                }
            }
            documents.append((name, .object(members)))
        }
        if format == .json { try StandardOutput.line(JSON.object(documents).text) }
    }
}

extension Image {
    /// The middle of the image, without a tenth on each side: what somebody has who cut it out.
    fileprivate func clipping() throws -> Image {
        let (left, top) = (width / 10, height / 10)
        let (columns, rows) = (width - 2 * left, height - 2 * top)
        var clipped: [UInt8] = []
        clipped.reserveCapacity(columns * rows * 3)
        for row in top..<top + rows {
            let start = (row * width + left) * 3
            clipped += bytes[start..<start + columns * 3]
        }
        return try Image(width: columns, height: rows, bytes: clipped)
    }
}
