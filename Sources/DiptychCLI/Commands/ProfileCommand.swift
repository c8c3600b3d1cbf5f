import ArgumentParser
import Diptych
import DiptychDatasets
import DiptychEngine
import DiptychTokenizers
import Foundation

struct ProfileCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "profile",
        abstract: "Time a model by operation, beside what the processor could do.",
        discussion: """
            The limits are measured here, by the same engine, threads and precision: the best of several products of two \
            2048 × 2048 matrices, and the bandwidth of memory and caches. Times are those of the median pass; they do not \
            include decoding images or reading texts. Documentation/profile.md says what the columns mean.

            Example: diptych profile --batch 4 --repeat 3
            """)

    @OptionGroup var model: ModelArguments

    @Option(parsing: .unconditional, help: "The number of images or texts in a pass.")
    var batch = 16

    @Option(parsing: .unconditional, help: "Profile texts of this many tokens instead of images.")
    var textLength: Int?

    @Option(help: "Profile the texts of a file, one a line, each of its own length, in batches of --batch.")
    var texts: String?

    @Option(parsing: .unconditional, help: "The side of the images; it must be the model's.")
    var imageSize: Int?

    @Option(
        name: .customLong("repeat"), parsing: .unconditional, help: "The number of passes, of which the median counts.")
    var passes = 5

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Also model how the pass would scale, from the threads measured here, to this many cores.", valueName: "n"))
    var cores: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The memory bandwidth of the machine that --cores is about (default: what is measured here, for any number).",
            valueName: "GB/s"))
    var memoryBandwidth: Double?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "What the last cache of that machine holds, all cores together (default: what it holds here).",
            valueName: "MB"))
    var lastCache: Double?

    @Option(help: "The format of the report.")
    var format: ResultFormat?

    func validate() throws {
        guard model.engine.isOnProcessors else {
            // There operations return before they are done, and the limits are another's.
            throw ValidationError("profile times engines on this machine's processors only, not on \(model.engine).")
        }
        guard (1...4096).contains(batch) else { throw ValidationError("--batch must be 1 to 4096, not \(batch).") }
        guard (1...10_000).contains(passes) else {
            throw ValidationError("--repeat must be 1 to 10000, not \(passes).")
        }
        if [textLength != nil, imageSize != nil, texts != nil].filter({ $0 }).count > 1 {
            throw ValidationError("give one of --text-length, --texts and --image-size.")
        }
        if let cores, !(2...1024).contains(cores) {
            throw ValidationError("--cores must be 2 to 1024, not \(cores).")
        }
        if cores == nil, memoryBandwidth != nil || lastCache != nil {
            throw ValidationError("--memory-bandwidth and --last-cache describe the machine of --cores; give that too.")
        }
        for (name, value) in [("--memory-bandwidth", memoryBandwidth), ("--last-cache", lastCache)] {
            if let value, !(value > 0 && value < 1e6) {
                throw ValidationError("\(name) must be more than 0, not \(value).")
            }
        }
    }

    func run() async throws {
        let model = try await self.model.loadCheckpoint()
        let definition = model.runner.definition
        if let imageSize, imageSize != definition.imageSize {
            throw ValidationError("--image-size \(imageSize): the model reads images of \(definition.imageSize).")
        }
        let dualEncoder = textLength != nil || texts != nil ? try model.requireTexts() : nil
        if let textLength, let longest = definition.textInput?.contextLength, !(2...longest).contains(textLength) {
            throw ValidationError("--text-length must be 2 to \(longest) for this model, not \(textLength).")
        }
        let engine = try await model.engineDescription()
        if let cores, engine.threads < 2 || cores < engine.threads {
            throw ValidationError("--cores \(cores): measure on at least 2 threads, and on no more than that.")
        }
        let tokenized = try texts.map {
            try TextFile.lines(path: $0, of: "text", mayBeJSON: true).compactMap { dualEncoder?.tokenize($0.text) }
        }
        let input: ProfileReport.Input =
            if let tokenized {
                .file(texts: tokenized.count, tokens: tokenized.reduce(0) { $0 + $1.ids.count }, batch: batch)
            } else if let textLength { .texts(batch, length: textLength) } else { .images(batch) }
        let operations = try await operations(of: model, tokenized)
        try Task.checkCancellation()
        let roofline = try MachineLimits.measure(engine)
        let report = ProfileReport(
            operations: operations, engine: engine, roofline: roofline, input: input,
            scaling: scaling(operations, engine, roofline, input))
        if (format ?? .text) == .text {
            for line in report.lines { try StandardOutput.line(line) }
        } else {
            try StandardOutput.line(report.json.text)
        }
    }

    private func operations(
        of model: any CheckpointModel, _ tokenized: [TokenizedText]?
    ) async throws -> [OperationProfile] {
        if let tokenized, let model = model as? CLIPModel {
            return try await model.profile(tokenized: tokenized, batch: batch, passes: passes)
        }
        if let textLength { return try await model.profile(texts: batch, length: textLength, passes: passes) }
        return try await model.profile(images: batch, passes: passes)
    }

    private func scaling(
        _ operations: [OperationProfile], _ engine: EngineDescription, _ roofline: Roofline,
        _ input: ProfileReport.Input
    ) -> ScalingReport? {
        guard let cores else { return nil }
        let scaling = CoreScaling(
            operations: operations, roofline: roofline, threads: engine.threads,
            teamStart: MemoryBandwidth.teamStart(threads: engine.threads),
            memory: memoryBandwidth.map { $0 * 1e9 } ?? roofline.memory.best,
            lastCache: lastCache.map { $0 * 1e6 } ?? Double(roofline.caches.last?.capacity ?? 0))
        return ScalingReport(
            scaling, cores: cores, input: input, isMemoryMeasured: memoryBandwidth == nil,
            isCacheMeasured: lastCache == nil)
    }
}
