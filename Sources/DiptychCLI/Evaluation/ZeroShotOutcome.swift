import ArgumentParser
import Diptych
import DiptychDatasets
import DiptychEvaluation
import Foundation

/// What a classifier says of labelled images.
struct ZeroShotOutcome {
    let samples: ZeroShotSamples
    let classifier: Classifier
    let accuracy: ClassificationAccuracy
    /// How many labels score as high as the right one or higher, for each image.
    let ranks: [Int]

    init(_ samples: ZeroShotSamples, _ classifier: Classifier) {
        (self.samples, self.classifier) = (samples, classifier)
        var accuracy = ClassificationAccuracy(labels: classifier.labels)
        var ranks: [Int] = []
        for (image, place) in samples.places.enumerated() {
            let scores = classifier.similarities(to: Self.embedding(image, samples, classifier))
            accuracy.add(scores: scores, label: place)
            ranks.append(RetrievalAccuracy.rank(scores, relevant: [place]))
        }
        (self.accuracy, self.ranks) = (accuracy, ranks)
    }

    private static func embedding(_ image: Int, _ samples: ZeroShotSamples, _ classifier: Classifier) -> Embedding {
        let width = classifier.embeddings.dimension
        return Embedding(values: Array(samples.values[image * width..<(image + 1) * width]))
    }

    /// The cosines of an image to each label.
    func scores(_ image: Int) -> [Float] {
        classifier.similarities(to: Self.embedding(image, samples, classifier))
    }

    /// The 95 % intervals of top-1 and top-5, each image drawn by itself; nil for a single image.
    var intervals: (top1: Interval, top5: Interval)? {
        let columns = [1, 5].map { k in ranks.map { $0 < k ? 1.0 : 0.0 } }
        guard
            let found = ClusterBootstrap.intervals(
                of: columns, bounds: 0...1, clusters: Array(ranks.indices), seed: 0)
        else { return nil }
        return (found[0], found[1])
    }

    /// The figures, what they were measured with, and each image's rank.
    func file(_ origin: EvaluationOrigin, _ figures: JSON) -> JSON {
        var origin = origin
        let labels = classifier.labels
        origin.digest = RetrievalSet.hash(
            samples.images.indices.map { "\(samples.images[$0])\t\(labels[samples.places[$0]])" }.joined(
                separator: "\n"))
        origin.words = RetrievalSet.hash(labels.sorted().joined(separator: "\n"))
        let rows = samples.images.indices.map { image -> JSON in
            [
                "id": .string(samples.images[image]), "image": .string(samples.images[image]),
                "text": .string(labels[samples.places[image]]), "rank": .int(ranks[image] + 1), "cluster": .int(image),
            ]
        }
        let head: [(String, JSON)] = [("kind", "zero-shot"), ("version", .int(evaluationFileVersion))]
        return .object(head + origin.json + figures.members + [("samples", ["images": .array(rows)])])
    }
}

/// The options of Chinese-CLIP's `zeroshot_evaluation` that the command does not have itself.
struct ZeroShotOriginalArguments: ParsableArguments {
    @Option(help: ArgumentHelp("The dataset's name in the file for ELEVATER.", valueName: "name"))
    var dataset = "imagenet"

    @Option(
        help: ArgumentHelp(
            "A JSON list of the images' places: the order of predictions in that file.", valueName: "file"))
    var index: String?

    @Option(help: ArgumentHelp("Write DATASET.json for ELEVATER into this folder.", valueName: "folder"))
    var saveDir: String?

    @Option(name: .customLong("img-batch-size"), parsing: .unconditional, help: "The images of a batch.")
    var batchSize: Int?

    @Option(parsing: .unconditional, help: "Cut texts to so many tokens (default: what the model reads).")
    var contextLength: Int?

    @Option(
        name: .customLong("resume"), help: ArgumentHelp("The checkpoint, as --model names it.", valueName: "checkpoint")
    )
    var checkpoint: String?

    @Option(name: .customLong("vision-model"), help: "The name of the image tower, for that file.")
    var visionModel: String?

    @Option(name: .customLong("text-model"), help: "Taken and not needed: the checkpoint says it.")
    var textModel: String?

    @Option(name: .customLong("num-workers"), parsing: .unconditional, help: "Taken and not needed: --threads says it.")
    var workers: Int?

    func validate() throws {
        if let batchSize, !(1...65_536).contains(batchSize) {
            throw ValidationError("--img-batch-size must be 1 to 65536, not \(batchSize).")
        }
        if let contextLength, contextLength < 2 {
            throw ValidationError("--context-length must be at least 2, not \(contextLength).")
        }
        guard saveDir != nil || index == nil else { throw ValidationError("--index goes with --save-dir.") }
        if saveDir?.isEmpty == true { throw ValidationError("--save-dir is empty.") }
        guard !dataset.isEmpty, !dataset.contains("/") else {
            throw ValidationError("--dataset is a name without slashes, not '\(dataset)'.")
        }
    }

    /// The order of images that --index gives.
    ///
    /// - Throws: ``Failure`` where it is none.
    func order() throws -> [Int]? {
        guard let index else { return nil }
        guard let bytes = FileManager.default.contents(atPath: index) else {
            throw Failure("\(index): there is no such file, or it cannot be read")
        }
        guard case .array(let values)? = try? JSONParser.parse(bytes) else {
            throw Failure("\(index): should be a JSON list of the places of images, from 0")
        }
        return try values.enumerated().map { place, value in
            guard case .int(let number) = value, number >= 0, number <= Int64(Int32.max) else {
                throw Failure("\(index): entry \(place + 1) is not a place of an image, from 0")
            }
            return Int(number)
        }
    }

    /// Writes the file for ELEVATER, if it is wanted.
    func save(_ outcome: ZeroShotOutcome, order: [Int]?, _ model: any DualEncoder, isQuiet: Bool) throws {
        guard let saveDir else { return }
        let images = outcome.samples.images.count
        if let wrong = order?.first(where: { $0 >= images }) {
            throw Failure("\(index ?? ""): names the image \(wrong), and there are \(images)")
        }
        let path = "\(saveDir)/\(dataset).json"
        let file = try AtomicFile(path: path)
        let cost = try (model as? any CheckpointModel)?.cost()
        let (vision, text) = (cost?.visionParameters ?? 0, cost?.textParameters ?? 0)
        // The factor of cosines, which neither tower has.
        let all = vision + text + (cost == nil ? 0 : 1)
        let facts: [(String, JSON)] = [
            ("model_name", .string("CN-CLIP-" + (visionModel ?? model.name))), ("dataset_name", .string(dataset)),
            ("num_trainable_params", .int(0)), ("num_params", .int(all)), ("num_visual_params", .int(vision)),
            ("num_backbone_params", .int(all)), ("n_shot", .int(0)), ("rnd_seeds", [.int(123)]),
        ]
        try file.write((JSON.object(facts).text.dropLast() + ",\"predictions\":[[").utf8)
        for (place, image) in (order ?? Array(0..<images)).enumerated() {
            let rounded = Self.probabilities(outcome.scores(image)).map { ($0 * 1e6).rounded() / 1e6 }
            try file.write(((place > 0 ? "," : "") + JSON.array(rounded.map { .double($0) }).text).utf8)
        }
        try file.write("]]}\n".utf8)
        try file.commit(isDurable: false)
        if !isQuiet { Console.say("written: \(path)") }
    }

    /// The softmax of a hundred times the cosines, as Chinese-CLIP's script takes it whatever the model's own factor is.
    private static func probabilities(_ cosines: [Float]) -> [Double] {
        let best = Double(cosines.max() ?? 0)
        let powers = cosines.map { exp(100 * (Double($0) - best)) }
        let sum = powers.reduce(0, +)
        return powers.map { $0 / sum }
    }
}
