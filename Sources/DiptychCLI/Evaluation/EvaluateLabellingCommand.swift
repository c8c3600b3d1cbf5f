import ArgumentParser
import Diptych
import DiptychLabels
import DiptychMedia
import DiptychSamples
import Foundation

struct EvaluateLabellingCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "labelling",
        abstract: "Measure how many decisions each order of labelling needs for the same accuracy.",
        discussion: """
            Draws sample images of 20 classes, a shape and a colour each, some of them rare, and labels them as somebody would who \
            is always right. After every ten decisions a head is trained and measured on images that are never labelled. Heads \
            know nothing of the labels' texts, unless --texts is given.

            Example: diptych evaluate labelling
            """)

    @Option(help: "The images to label.")
    var count = 1000

    @Option(help: "The images to measure by.")
    var held = 500

    @Option(help: "The most decisions.")
    var decisions = 400

    @Option(help: "How often orders with chance in them are tried; the mean counts.")
    var runs = 3

    @Option(help: "The random seed.")
    var seed: UInt64 = 1

    @Flag(help: "Begin with the embeddings of the labels' texts.")
    var texts = false

    @Option(help: "The form of the results.")
    var format = EvaluationFormat.text

    @OptionGroup var model: ModelArguments

    private static let shapes: [Shape] = [.star, .heart, .ring, .moon, .flower]
    private static let colors: [DiptychSamples.Color] = [.red, .yellow, .green, .purple]

    func validate() throws {
        guard (100...20_000).contains(count), (50...20_000).contains(held), (20...20_000).contains(decisions),
            (1...20).contains(runs)
        else {
            throw ValidationError(
                "--count must be 100 to 20000, --held 50 to 20000, --decisions 20 to 20000, --runs 1 to 20.")
        }
    }

    func run() async throws {
        let model = try await self.model.load().requireTexts()
        let labels = Self.colors.flatMap { color in Self.shapes.map { "\(color.rawValue) \($0.rawValue)" } }
        let (features, truth) = try await samples(model, labels.count)
        let images = Embeddings(values: Array(features[..<(count * model.dimension)]), dimension: model.dimension)
        let others = Embeddings(values: Array(features[(count * model.dimension)...]), dimension: model.dimension)
        let simulation = LabelSimulation(
            images: images, truth: Array(truth[..<count]), held: others, heldTruth: Array(truth[count...]), labels: labels,
            texts: texts ? try await model.embed(texts: labels.map { "a \($0)" }) : nil, scale: model.logits.scale)
        var curves: [(order: LabelSimulation.Order, points: [LabelSimulation.Point])] = []
        for order in LabelSimulation.Order.allCases {
            let some = (0..<(order == .random || order == .uncertain ? runs : 1)).map { run in
                simulation.run(order, seed: seed &+ UInt64(run) &* 7919, most: decisions)
            }
            let mean = some[0].indices.map { step in
                LabelSimulation.Point(
                    decisions: some[0][step].decisions,
                    accuracy: some.reduce(0) { $0 + $1[step].accuracy } / Double(some.count))
            }
            curves.append((order, mean))
        }
        try report(curves)
    }

    private func report(_ curves: [(order: LabelSimulation.Order, points: [LabelSimulation.Point])]) throws {
        // What random reaches in the end, and what one may want beside it.
        let reached = curves.first { $0.order == .random }?.points.last?.accuracy ?? 0
        let levels = [0.5, 0.8, 0.9, 0.95].filter { $0 < reached } + [reached]
        if format == .json {
            let orders = curves.map { order, points -> JSON in
                [
                    "order": .string(order.rawValue),
                    "curve": .array(points.map { ["decisions": .int($0.decisions), "accuracy": .double($0.accuracy)] }),
                    "needed": .array(
                        levels.map { level in
                            [
                                "accuracy": .double(level),
                                "decisions": LabelSimulation.decisions(points, for: level).map(JSON.int) ?? .null,
                            ]
                        }),
                ]
            }
            return try StandardOutput.line(JSON.object([("kind", "labelling"), ("orders", .array(orders))]).text)
        }
        try StandardOutput.line(
            "decisions for an accuracy of " + levels.map { String(format: "%.1f %%", $0 * 100) }.joined(separator: ", "))
        for (order, points) in curves {
            let needed = levels.map { LabelSimulation.decisions(points, for: $0).map(String.init) ?? "–" }
            let last = points.last?.accuracy ?? 0
            try StandardOutput.line(
                "\(order.rawValue): \(needed.joined(separator: ", ")); in the end \(String(format: "%.1f %%", last * 100))")
        }
    }

    /// Embeddings of drawn images and the places of their labels. Of 20 classes, each is rarer than the one before.
    private func samples(_ model: any DualEncoder, _ classes: Int) async throws -> ([Float], [Int]) {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("diptych-labelling-\(getpid())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let set = SampleSet(seed: seed)
        var (names, truth, index, counts) = ([String](), [Int](), 0, [Int](repeating: 0, count: classes))
        let wanted = (0..<classes).map { 1 / Double($0 + 2) }
        let total = wanted.reduce(0, +)
        while truth.count < count + held, index < SampleSet.countLimit {
            defer { index += 1 }
            guard case .alone(let group, _) = set.scene(at: index).arrangement, let color = Self.colors.firstIndex(of: group.color),
                let shape = Self.shapes.firstIndex(of: group.shape)
            else { continue }
            let place = color * Self.shapes.count + shape
            guard Double(counts[place]) < wanted[place] / total * Double(truth.count + 2 * classes) else { continue }
            counts[place] += 1
            names.append(try set.write(index: index, to: folder.path))
            truth.append(place)
        }
        guard truth.count == count + held else { throw Failure("there are not so many sample images; choose fewer") }
        var values: [Float] = []
        let progress = Progress("embedding", total: names.count, isQuiet: self.model.quiet)
        for start in stride(from: 0, to: names.count, by: 64) {
            let paths = names[start..<min(names.count, start + 64)].map { folder.appendingPathComponent($0).path }
            values += try await model.embed(images: paths.map { .file($0) }).values
            progress.update(start)
        }
        progress.end()
        return (values, truth)
    }
}
