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
            Draws sample images of 20 classes, objects of a colour before a backdrop, some of them rare, and labels them as \
            somebody would who is always right. After every ten decisions a head is trained and measured on images that are never labelled. Heads \
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

    @Option(help: ArgumentHelp("Keep the images to label in a new folder, with labels.csv.", valueName: "dir"))
    var save: String?

    private static let colors: [DiptychSamples.Color] = [.red, .yellow, .purple, .black, .pink]
    private static let backdrops: [(backdrop: Backdrop, words: String)] = [
        (.grass, "grass"), (.sea, "water"), (.snow, "snow"), (.wood, "wood"),
    ]

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
        let labels = Self.colors.flatMap { color in Self.backdrops.map { "\(color.rawValue) on \($0.words)" } }
        let (features, truth) = try await samples(model, labels)
        let images = Embeddings(values: Array(features[..<(count * model.dimension)]), dimension: model.dimension)
        let others = Embeddings(values: Array(features[(count * model.dimension)...]), dimension: model.dimension)
        let simulation = LabelSimulation(
            images: images, truth: Array(truth[..<count]), held: others, heldTruth: Array(truth[count...]),
            labels: labels, texts: texts ? try await model.embed(texts: labels) : nil, scale: model.logits.scale)
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
                    "curve": .array(
                        points.map { ["decisions": .int($0.decisions), "accuracy": .double($0.accuracy)] }),
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
            "decisions for an accuracy of " + levels.map { String(format: "%.1f %%", $0 * 100) }.joined(separator: ", ")
        )
        for (order, points) in curves {
            let needed = levels.map { LabelSimulation.decisions(points, for: $0).map(String.init) ?? "–" }
            let last = points.last?.accuracy ?? 0
            try StandardOutput.line(
                "\(order.rawValue): \(needed.joined(separator: ", ")); in the end \(String(format: "%.1f %%", last * 100))"
            )
        }
    }

    /// Embeddings of drawn images and the places of their labels. Of 20 classes, each is rarer than the one before.
    private func samples(_ model: any DualEncoder, _ labels: [String]) async throws -> ([Float], [Int]) {
        let folder =
            save.map { URL(fileURLWithPath: $0) }
            ?? FileManager.default.temporaryDirectory.appendingPathComponent("diptych-labelling-\(getpid())")
        guard !FileManager.default.fileExists(atPath: folder.path) else {
            throw Failure("\(folder.path) exists; give the name of a new folder")
        }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { if save == nil { try? FileManager.default.removeItem(at: folder) } }
        let scenes = try scenes(labels.count)
        var values: [Float] = []
        let progress = Progress("drawing and embedding", total: scenes.count, isQuiet: self.model.quiet)
        for start in stride(from: 0, to: scenes.count, by: 64) {
            let names = try scenes[start..<min(scenes.count, start + 64)].map {
                try SampleSet(seed: seed).write(index: $0.index, to: folder.path)
            }
            values += try await model.embed(
                images: names.map { .file(folder.appendingPathComponent($0).path) }
            ).values
            if save != nil, start + 64 > count {
                // Those to measure by are not to be labelled.
                for (name, place) in zip(names, start...) where place >= count {
                    try FileManager.default.removeItem(at: folder.appendingPathComponent(name))
                }
            }
            progress.update(start)
        }
        progress.end()
        if save != nil {
            let lines = scenes[..<count].map { "scene-\(String(format: "%06d", $0.index)).jpg,\(labels[$0.label])\n" }
            try Data(("image,label\n" + lines.joined()).utf8).write(to: folder.appendingPathComponent("labels.csv"))
        }
        return (values, scenes.map(\.label))
    }

    private func scenes(_ classes: Int) throws -> [(index: Int, label: Int)] {
        let set = SampleSet(seed: seed)
        var (found, counts) = ([(index: Int, label: Int)](), [Int](repeating: 0, count: classes))
        let wanted = (0..<classes).map { 1 / Double($0 + 5) }
        let total = wanted.reduce(0, +)
        for index in 0..<SampleSet.countLimit where found.count < count + held {
            let scene = set.scene(at: index)
            guard case .alone(let group, _) = scene.arrangement,
                let color = Self.colors.firstIndex(of: group.color),
                let backdrop = Self.backdrops.firstIndex(where: { $0.backdrop == scene.backdrop })
            else { continue }
            let label = color * Self.backdrops.count + backdrop
            guard Double(counts[label]) < wanted[label] / total * Double(found.count + 2 * classes) else { continue }
            counts[label] += 1
            found.append((index, label))
        }
        guard found.count == count + held else { throw Failure("there are not so many sample images; choose fewer") }
        return found
    }
}
