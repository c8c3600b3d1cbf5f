import ArgumentParser
import Diptych
import DiptychCuration
import DiptychDatasets
import DiptychEvaluation
import Foundation

struct EvaluateRetrievalCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retrieval",
        abstract: "Measure how well texts find their images, and images their texts.",
        discussion: """
            Embeds a split of a dataset in any form and counts recall at 1, 5 and 10, its mean, and the mean and median rank, in \
            both directions, with 95 % intervals that draw whole images with their texts again. A query counts as answered by the \
            first candidate that belongs to it; candidates of one score keep the order of the data. --save-features, \
            --save-predictions and --muge-score write the files that Chinese-CLIP's scripts read and write; features in its form \
            are measured without a model: --image-features, --text-features and --truth, or --data for what belongs together.

            With --images instead, reads captions.jsonl as `diptych pictures` writes it, and counts for each language which \
            captions find their image within a group; an image that is just as near counts as nearer.

            Example: diptych pictures --count 200 --seed 7 --output held-out && diptych evaluate retrieval \
            --data held-out/captions.jsonl --text-column caption_en
            """)

    @OptionGroup var model: ModelArguments
    @OptionGroup var data: EvaluationDataArguments
    @OptionGroup var benchmark: BenchmarkArguments

    @Option(
        help: ArgumentHelp("Features of images, as Chinese-CLIP's extract_features writes them.", valueName: "file"))
    var imageFeatures: String?

    @Option(help: ArgumentHelp("Features of texts.", valueName: "file"))
    var textFeatures: String?

    @Option(
        help: ArgumentHelp(
            "Lines of {\"text_id\": 1, \"image_ids\": [1]}: what belongs together, for features.", valueName: "file"))
    var truth: String?

    @Option(
        help: ArgumentHelp(
            "Write SPLIT_imgs.img_feat.jsonl and SPLIT_texts.txt_feat.jsonl into this folder.", valueName: "folder"))
    var saveFeatures: String?

    @Option(
        help: ArgumentHelp(
            """
            Write the ten best images of each text, SPLIT_predictions.jsonl, and texts of each image, \
            SPLIT_tr_predictions.jsonl, into this folder, and SPLIT_texts.tr.jsonl beside them; a name that ends in .jsonl is the \
            file of texts, and that of images has .tr in its name.
            """, valueName: "folder"))
    var savePredictions: String?

    @Option(
        help: ArgumentHelp(
            "Write MUGE's score of texts that look for images; that of images goes beside it, with .tr in its name.",
            valueName: "file"))
    var mugeScore: String?

    @Option(
        help: ArgumentHelp(
            "Write the figures and each query's rank, for `diptych evaluate compare`.", valueName: "file"))
    var output: String?

    @Option(parsing: .unconditional, help: "What the draws of the intervals follow from.")
    var seed: UInt64 = 0

    // The second is the older spelling.
    @Option(
        name: [.customLong("images"), .customLong("pictures")],
        help: "Instead of a dataset: the directory of images and their captions.jsonl.")
    var images: String?

    @Option(
        parsing: .unconditional,
        help: "With --images: how many compete for a caption (default: 200); a smaller rest is left out.")
    var group: Int?

    @Option(help: "The format of the report.")
    var format = EvaluationFormat.text

    func validate() throws {
        if let group, group < 2 { throw ValidationError("--group must be at least 2, not \(group).") }
        for (name, value) in [
            ("--image-features", imageFeatures), ("--text-features", textFeatures), ("--truth", truth),
            ("--save-features", saveFeatures), ("--save-predictions", savePredictions), ("--muge-score", mugeScore),
            ("--output", output), ("--images", images),
        ] where value?.isEmpty == true { throw ValidationError("\(name) is empty.") }
        guard (imageFeatures == nil) == (textFeatures == nil) else {
            throw ValidationError("give both --image-features and --text-features.")
        }
        let hasFeatures = imageFeatures != nil
        if benchmark.selfTest, data.sources.isEmpty { throw ValidationError("--self-test looks at --data.") }
        if benchmark.benchmark == .imageNet {
            throw ValidationError("imagenet-cn is measured by `diptych evaluate zero-shot`.")
        }
        if images != nil {
            guard data.sources.isEmpty, !hasFeatures else {
                throw ValidationError("give one of --data, features and --images.")
            }
            for (name, value) in [
                ("--truth", truth), ("--save-features", saveFeatures), ("--save-predictions", savePredictions),
                ("--muge-score", mugeScore), ("--output", output),
            ] where value != nil { throw ValidationError("\(name) goes with --data or features, not with --images.") }
            return
        }
        guard hasFeatures || !data.sources.isEmpty else {
            throw ValidationError("give --data, features, or --images with a captions.jsonl.")
        }
        if group != nil { throw ValidationError("--group goes with --images only.") }
        if hasFeatures {
            guard truth != nil || !data.sources.isEmpty || savePredictions != nil else {
                throw ValidationError("name what belongs together with --truth or --data.")
            }
            if saveFeatures != nil { throw ValidationError("--save-features goes with --data, not with features.") }
        }
        if truth != nil, !hasFeatures || !data.sources.isEmpty {
            throw ValidationError("--truth goes with features, instead of --data.")
        }
    }

    func run() async throws {
        if let images {
            return try await CaptionGroups(images: images, group: group ?? 200).measure(model, format)
        }
        try makeFolders()
        try RetrievalFiles.check(outputs: [mugeScore, output])
        let findings = try await benchmark.findings(data, model)
        var skips = Skips()
        var total = 0
        let (features, origin, split) = try await features(&skips, &total)
        try finish(features, origin, split, skips, findings)
        try skips.end(of: total)
    }

    private func makeFolders() throws {
        if let saveFeatures { try RetrievalFiles.makeFolder(saveFeatures) }
        guard let savePredictions else { return }
        guard !savePredictions.hasSuffix(".jsonl") else { return try RetrievalFiles.check(outputs: [savePredictions]) }
        try RetrievalFiles.makeFolder(savePredictions)
    }

    /// Ranks, writes files and reports.
    private func finish(
        _ features: RetrievalFeatures, _ origin: EvaluationOrigin, _ split: String, _ skips: Skips,
        _ findings: [Finding]?
    ) throws {
        let set = features.set
        let keeps = savePredictions != nil || mugeScore != nil
        let started = ContinuousClock.now
        let metrics = try RetrievalMetrics(
            images: features.images, texts: features.texts, imagesOfTexts: set.imagesOfTexts,
            limit: keeps ? MUGEScore.answers : 0, threads: model.threads)
        var files: [String] = []
        if let saveFeatures { files += try RetrievalFiles.save(features: features, of: split, in: saveFeatures) }
        let predictions = RetrievalPredictions(metrics, set)
        if let savePredictions {
            files += try RetrievalFiles.save(predictions, truth: set.truth, of: split, in: savePredictions)
        }
        if let mugeScore {
            let scores = [
                (mugeScore, MUGEScore(predictions: predictions.texts, truth: set.truth, .textToImage)),
                (
                    RetrievalFiles.turned(mugeScore),
                    MUGEScore(
                        predictions: predictions.images, truth: PredictionLines.inverted(set.truth), .imageToText)
                ),
            ]
            for (path, score) in scores {
                files.append(try RetrievalFiles.write([score.json.text], to: path))
                if case .failure(let reason) = score, !model.quiet { Console.say("note: \(path): \(reason)") }
            }
        }
        if set.missing > 0, !model.quiet {
            Console.say("note: \(set.missing) times a text names an image that is not there; such pairs do not count")
        }
        guard !metrics.textToImage.queries.isEmpty else {
            Console.say("note: no text belongs to an image here, so there are no figures")
            return files.forEach { Console.say("written: \($0)") }
        }
        let report = RetrievalReport(
            metrics, set, origin, skipped: skips.count, files: files, seed: seed,
            more: benchmark.members(origin.model?.name, findings))
        let json = report.json
        if !model.quiet {
            let seconds = String(format: "%.2f", (ContinuousClock.now - started) / .seconds(1))
            Console.say("scored \(set.textIDs.count) texts × \(set.imageIDs.count) images both ways in \(seconds) s")
        }
        if let output { try AtomicFile.write((report.file.text + "\n").utf8, to: output, isDurable: false) }
        if !model.quiet { (files + [output].compactMap(\.self)).forEach { Console.say("written: \($0)") } }
        try StandardOutput.line(
            format == .json ? json.text : report.text + (benchmark.text(origin.model?.name) ?? ""))
    }

    /// The features that were given, or those of the dataset by the model.
    private func features(
        _ skips: inout Skips, _ total: inout Int
    ) async throws -> (RetrievalFeatures, EvaluationOrigin, String) {
        let notes = DatasetNotes()
        defer { notes.report(isQuiet: model.quiet) }
        var origin = EvaluationOrigin()
        (origin.imageColumn, origin.textColumn) = (data.imageColumn, data.textColumn)
        origin.sources = data.sources.map(EvaluationOrigin.absolute)
        if let imageFeatures, let textFeatures {
            let split = data.split.map(DatasetFiles.splitName) ?? "test"
            let (images, texts) = (
                try RetrievalFiles.features(imageFeatures, .image, threads: model.threads),
                try RetrievalFiles.features(textFeatures, .text, threads: model.threads)
            )
            guard images.embeddings.dimension == texts.embeddings.dimension else {
                throw Failure(
                    "\(textFeatures): has \(texts.embeddings.dimension) numbers a text, and \(imageFeatures) "
                        + "\(images.embeddings.dimension) an image; they are of different models")
            }
            let set = try await set(images.ids, texts.ids, notes, &skips)
            (origin.digest, origin.split) = (set.digest, data.split)
            total = images.ids.count + texts.ids.count + skips.count
            return (RetrievalFeatures(set: set, images: images.embeddings, texts: texts.embeddings), origin, split)
        }
        let (part, split) = try await data.chosen(notes, usual: benchmark.benchmark?.split)
        guard try part.hasImages() else { throw Failure("\(part.path): the split has no images") }
        guard try part.hasTexts() || savesOnly else {
            throw Failure("\(part.path): no text belongs to an image; --text-column names a column of texts")
        }
        let model = try await model.loadDualEncoder()
        let features = try await RetrievalFeatures(
            part, by: model, self.model.images, isQuiet: self.model.quiet, skip: { skips.add($0) })
        total = features.set.imageIDs.count + features.set.textIDs.count + skips.count
        origin.model = (model.name, await model.fingerprint())
        (origin.digest, origin.words, origin.split) = (features.set.digest, features.set.wordsDigest, part.split)
        return (features, origin, split)
    }

    /// Whether only files are wanted, as of a split whose answers are kept secret.
    private var savesOnly: Bool { (saveFeatures ?? savePredictions) != nil }

    /// What belongs together among the ids of features.
    private func set(
        _ images: [JSONValue], _ texts: [JSONValue], _ notes: DatasetNotes, _ skips: inout Skips
    ) async throws -> RetrievalSet {
        var answers: [String: (images: [JSONValue], words: String?)] = [:]
        var title = truth ?? data.title
        if let truth {
            for (entry, text) in try RetrievalFiles.entries(truth, .textToImage) {
                answers[entry.query.text] = (entry.answers, text)
            }
        } else if !data.sources.isEmpty {
            let part = try await data.chosen(notes).part
            title = part.path
            let reader = try PairReader(part)
            // Ids of rows follow from what their images hold.
            while let image = reader.next() { if case .failure(let error) = image { skips.add(error) } }
            if let failure = reader.failure { throw failure }
            try reader.texts({ skips.add($0) }, { answers[$0.id.text] = ($0.imageIDs, $0.text) })
        }
        var set = RetrievalSet()
        for id in images { _ = set.add(image: id) }
        let isWhole = texts.allSatisfy { answers[$0.text]?.words != nil }
        for id in texts {
            let answer = answers[id.text]
            set.add(text: id, isWhole ? answer?.words : nil, of: answer?.images ?? [])
        }
        guard !set.imagesOfTexts.allSatisfy(\.isEmpty) || (truth == nil && data.sources.isEmpty) else {
            throw Failure("\(title): none of its pairs are of the ids of these features")
        }
        let unknown = texts.count { answers[$0.text] == nil }
        if unknown > 0, !answers.isEmpty, !model.quiet {
            Console.say("note: \(unknown) texts with features are not in \(title); they are candidates only")
        }
        return set
    }
}

extension EvaluationOrigin {
    /// A source that can be found again from elsewhere: the absolute path of what is here, else as it was typed.
    static func absolute(_ source: String) -> String {
        FileManager.default.fileExists(atPath: source) ? URL(fileURLWithPath: source).standardizedFileURL.path : source
    }
}
