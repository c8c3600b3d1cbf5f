import ArgumentParser
import Diptych
import DiptychDatasets
import DiptychEvaluation
import Foundation

struct EvaluateProbeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "probe",
        abstract: "Measure how well a linear classifier on a model's features tells classes apart.",
        discussion: """
            Fits multinomial logistic regression to the features of the split train, as OpenAI's notebook does (L-BFGS, C 0.316, 1000 \
            steps, features as the model gives them), and counts top-1, top-5 and the mean per class on another split. Rows have a \
            class in the column label or class, or in --text-column; folders train/cat/1.jpg and test/cat/2.jpg are splits with \
            classes.

            Example: diptych pictures --count 40 --seed 7 --choices 2 --output held-out && diptych dataset split \
            held-out/choices.parquet --parts train:0.5,test:0.5 --save quiz && diptych evaluate probe --data quiz
            """)

    @OptionGroup var model: ModelArguments
    @OptionGroup var data: EvaluationDataArguments

    @Option(help: "The split that is fitted.") var trainSplit = "train"

    @Option(name: .customLong("C"), parsing: .unconditional, help: "The inverse of how much weights are held back.")
    var c = 0.316

    @Option(parsing: .unconditional, help: "The most steps of the fit.") var iterations = 1000

    @Option(
        help: ArgumentHelp(
            "Write the figures and each image's rank, for `diptych evaluate compare`.", valueName: "file"))
    var output: String?

    @Option(help: "The format of the report.") var format = EvaluationFormat.text

    func validate() throws {
        guard !data.sources.isEmpty else { throw ValidationError("give --data.") }
        guard c > 0, c.isFinite else { throw ValidationError("--C must be a positive number, not \(c).") }
        guard (1...1_000_000).contains(iterations) else {
            throw ValidationError("--iterations must be 1 to 1000000, not \(iterations).")
        }
        if output?.isEmpty == true { throw ValidationError("--output is empty.") }
    }

    func run() async throws {
        try RetrievalFiles.check(outputs: [output])
        let notes = DatasetNotes()
        data.remote.install()
        let parts = try await DatasetSources(data.sources, data.options(notes), data.catalog).readingStores().splits()
        let train = try EvaluationDataArguments.chosen(parts, trainSplit, title: data.title).part
        let test = try EvaluationDataArguments.chosen(parts, data.split, title: data.title).part
        guard train.split != test.split else {
            throw Failure(
                train.split == nil
                    ? "\(data.title): has no splits to fit and to measure; give rows a column split, or folders train and test"
                    : "\(data.title): fitted and measured on the same split; name another with --split")
        }
        for part in [train, test] {
            guard try part.hasImages() else { throw Failure("\(part.path): a split has no images") }
            guard try part.hasTexts() else {
                throw Failure("\(part.path): has no labels; name their column with --text-column")
            }
        }
        var skips = Skips()
        let model = try await model.load()
        let fitted = try await ProbeSamples(train, model, self.model, &skips)
        let measured = try await ProbeSamples(test, model, self.model, &skips)
        let names = Array(Set(fitted.labels)).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        let places = Dictionary(names.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        let progress = Progress("fitting", total: iterations, isQuiet: self.model.quiet)
        let probe = try LinearProbe(
            features: fitted.features, labels: fitted.labels.compactMap { places[$0] }, classes: names.count, c: c,
            iterations: iterations, threads: self.model.threads, progress: progress.update)
        progress.end()
        var report = ProbeReport(names, probe, train: fitted.labels.count)
        for (index, label) in measured.labels.enumerated() {
            guard let place = places[label] else {
                skips.add(
                    "\(test.path): \(measured.ids[index].text)", reason: "its label '\(label)' is not in \(trainSplit)")
                continue
            }
            report.add(measured.ids[index], scores: probe.scores(measured.features[index]), label: place)
        }
        guard report.accuracy.images > 0 else { throw Failure("\(test.path): none of its labels are in \(trainSplit)") }
        if let output {
            var origin = EvaluationOrigin()
            (origin.sources, origin.split) = (data.sources.map(EvaluationOrigin.absolute), data.split ?? test.split)
            (origin.imageColumn, origin.textColumn) = (data.imageColumn, data.textColumn)
            origin.model = (model.name, await model.fingerprint())
            try AtomicFile.write((report.file(origin, skips.count).text + "\n").utf8, to: output, isDurable: false)
            if !self.model.quiet { Console.say("written: \(output)") }
        }
        if !probe.isConverged, !self.model.quiet {
            Console.say("note: the fit did not converge in \(probe.iterations) steps; --iterations allows more")
        }
        try StandardOutput.line(format == .json ? report.json(skips.count).text : report.text)
        notes.report(isQuiet: self.model.quiet)
        try skips.end(of: fitted.labels.count + report.accuracy.images + skips.count)
    }
}

/// The features of a split and the class of each.
private struct ProbeSamples {
    var ids: [JSONValue] = []
    var labels: [String] = []
    let features: Embeddings

    init(_ part: DatasetPart, _ model: any Embedder, _ arguments: ModelArguments, _ skips: inout Skips) async throws {
        var left = skips
        let (set, rows) = try await RetrievalFeatures.read(
            part, by: model, arguments.images, normalize: false, isQuiet: arguments.quiet, skip: { left.add($0) })
        var own = [String?](repeating: nil, count: set.imageIDs.count)
        for (text, images) in set.imagesOfTexts.enumerated() {
            for image in images { own[image] = own[image] ?? set.texts[text] }
        }
        var values: [Float] = []
        for (image, label) in own.enumerated() {
            guard let label else {
                left.add("\(part.path): \(set.imageIDs[image].text)", reason: "has no label")
                continue
            }
            ids.append(set.imageIDs[image])
            labels.append(label)
            values += rows[image].values
        }
        features = Embeddings(values: values, dimension: rows.dimension)
        skips = left
    }
}

/// The figures of a probe.
private struct ProbeReport {
    private(set) var accuracy: ClassificationAccuracy
    private var samples: [(id: JSONValue, label: Int, rank: Int)] = []
    private let probe: LinearProbe
    private let train: Int

    init(_ labels: [String], _ probe: LinearProbe, train: Int) {
        accuracy = ClassificationAccuracy(labels: labels)
        (self.probe, self.train) = (probe, train)
    }

    mutating func add(_ id: JSONValue, scores: [Float], label: Int) {
        accuracy.add(scores: scores, label: label)
        samples.append((id, label, RetrievalAccuracy.rank(scores, relevant: [label])))
    }

    private var interval: Interval? {
        ClusterBootstrap.intervals(
            of: [samples.map { $0.rank == 0 ? 1 : 0 }], bounds: 0...1, clusters: Array(samples.indices), seed: 0)?.first
    }

    func json(_ skipped: Int) -> JSON {
        [
            "n": .int(accuracy.images), "train": .int(train), "classes": .int(accuracy.labels.count),
            "top1": .number(accuracy.top1), "top5": .number(accuracy.top5),
            "mean_per_class": .number(accuracy.meanPerClass), "interval_top1": .interval(interval),
            "iterations": .int(probe.iterations), "converged": .bool(probe.isConverged), "skipped": .int(skipped),
        ]
    }

    func file(_ origin: EvaluationOrigin, _ skipped: Int) -> JSON {
        var origin = origin
        origin.digest = RetrievalSet.hash(
            samples.map { "\($0.id.text)\t\(accuracy.labels[$0.label])" }.joined(separator: "\n"))
        let rows = samples.enumerated().map { place, sample -> JSON in
            [
                "id": JSON(id: sample.id), "image": JSON(id: sample.id), "text": .string(accuracy.labels[sample.label]),
                "rank": .int(sample.rank + 1), "cluster": .int(place),
            ]
        }
        let head: [(String, JSON)] = [("kind", "probe"), ("version", .int(evaluationFileVersion))]
        return .object(head + origin.json + json(skipped).members + [("samples", ["images": .array(rows)])])
    }

    var text: String {
        func share(_ value: Double?) -> String { value.map { String(format: "%.3f", $0) } ?? "–" }
        let range = interval.map { "  95 %: \(share($0.low)) to \(share($0.high))" } ?? ""
        return [
            "images          \(accuracy.images), fitted to \(train)", "classes         \(accuracy.labels.count)",
            "top-1           \(share(accuracy.top1))\(range)", "top-5           \(share(accuracy.top5))",
            "mean per class  \(share(accuracy.meanPerClass))",
        ].joined(separator: "\n")
    }
}
