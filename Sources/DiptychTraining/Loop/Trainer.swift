public import Diptych
internal import DiptychCheckpoints
public import DiptychDatasets
internal import DiptychEngine
internal import DiptychModels
public import DiptychTorch
internal import Foundation

/// Trains a model on pairs of images and texts.
///
///     let trainer = Trainer(model: model, engine: .init(plugin: plugin, threads: 2), folder: folder, options: options)
///     let summary = try await trainer.train(on: pairs, validation: nil) { print($0) }
public struct Trainer: Sendable {
    /// Where a training computes.
    public struct Engine: Sendable {
        /// The library that computes.
        public var plugin: TorchPlugin
        /// The device.
        public var device: TorchDevice
        /// The threads of operations on processors.
        public var threads: Int
        /// The processes that train together; nil for this one alone.
        public var group: TorchGroup?

        /// States where.
        public init(plugin: TorchPlugin, device: TorchDevice = .cpu, threads: Int, group: TorchGroup? = nil) {
            (self.plugin, self.device, self.threads, self.group) = (plugin, device, threads, group)
        }
    }

    /// What happens during a run.
    public enum Event: Sendable {
        /// A line of the log.
        case line(String)
        /// A step is done.
        case step(done: Int, of: Int, pairsPerSecond: Double)
    }

    /// How a run ended.
    public struct Summary: Sendable {
        /// The steps that are done, with those before this run.
        public var steps = 0
        /// The steps of the whole run.
        public var totalSteps = 0
        /// The last step's loss.
        public var loss: Double?
        /// Whether it was stopped before its end.
        public var wasStopped = false
        /// Pairs that could not be read.
        public var skipped = 0
        /// The last checkpoint.
        public var checkpoint: String?
    }

    /// The model to start from, whose tokenizer and preprocessing are used.
    public var model: CLIPModel
    /// Where it computes.
    public var engine: Engine
    /// Where files go; nil to keep nothing. Of several processes the first writes.
    public var folder: RunFolder?
    /// The run's name, which checkpoints state.
    public var name = "train_clip"
    /// How it trains.
    public var options: TrainingOptions
    /// A model whose image features are to be learnt.
    public var teacher: CLIPModel?
    /// A checkpoint to go on from; without it, the folder's latest is.
    public var resume: String?
    /// The values of all options for the log, by their names.
    public var parameters: [(name: String, value: String)] = []

    /// Whether the run should be saved and end, besides where its task is cancelled; asked before each step.
    public var shouldStop: @Sendable () -> Bool = { false }

    /// Trains `model` as `options` say.
    public init(model: CLIPModel, engine: Engine, folder: RunFolder?, options: TrainingOptions) {
        (self.model, self.engine, self.folder, self.options) = (model, engine, folder, options)
    }

    /// Trains to the end, or until the task is cancelled: then the run is saved, and the same call goes on.
    ///
    /// - Parameter report: hears of lines and steps, on the thread that trains.
    /// - Throws: ``TrainingError``, `EngineError`, `CheckpointError`, `DatasetError`, `FileWriteError`.
    public func train(
        on pairs: any ImageTextPairs, validation: (any ImageTextPairs)? = nil,
        report: @escaping @Sendable (Event) -> Void = { _ in }
    ) async throws -> Summary {
        try options.check()
        return try await TrainingThreads.train { [shouldStop] isStopped in
            var run = try TrainingRun(
                self, pairs, validation, isStopped: { isStopped() || shouldStop() }, report)
            return try run.run()
        }
    }
}

/// A run on its thread.
struct TrainingRun {
    private let trainer: Trainer
    private let options: TrainingOptions
    private let isStopped: () -> Bool
    private let report: (Trainer.Event) -> Void
    private let pairs: any ImageTextPairs
    private let reader: PairReader
    private let order: PairOrder
    private let model: TrainedModel
    private let optimizer: AdamWOptimizer
    private let step: TrainingStep
    private let validation: Validation?
    private let log: TrainingLog
    private let group: TorchGroup?
    private let pulse: GroupPulse?
    /// Where this process writes.
    private let folder: RunFolder?
    private let metrics: MetricsFile?
    private let validations: MetricsFile?
    private let events: EventFile?
    private var position: TrainingPosition
    private let epochs: Int
    private let totalSteps: Int
    private var summary = Trainer.Summary()
    private var collapses = 0
    private var saves = 0

    init(
        _ trainer: Trainer, _ pairs: any ImageTextPairs, _ validation: (any ImageTextPairs)?,
        isStopped: @escaping () -> Bool, _ report: @escaping (Trainer.Event) -> Void
    ) throws {
        (self.trainer, options, self.pairs) = (trainer, trainer.options, pairs)
        (self.isStopped, self.report) = (isStopped, report)
        let options = trainer.options
        group = trainer.engine.group
        pulse = trainer.engine.group.map(GroupPulse.init)
        let (group, isFirst) = (trainer.engine.group, (trainer.engine.group?.rank ?? 0) == 0)
        reader = try PairReader(model: trainer.model, contextLength: options.contextLength)
        order = try PairOrder(
            count: pairs.count, batchSize: options.batchSize, rank: group?.rank ?? 0,
            processes: group?.size ?? 1)
        self.validation = try validation.map { [reader] in try Validation($0, reader, options, group) }
        let stepsPerEpoch = order.batches / options.accumulation
        guard stepsPerEpoch > 0 else {
            throw TrainingError(
                "\(pairs.count) pairs are \(order.batches) batches of \(options.batchSize), fewer than --accum-freq "
                    + "\(options.accumulation)")
        }
        if let steps = options.maximumSteps {
            // Chinese-CLIP: ceil(max_steps · accum_freq / batches)
            epochs = (steps * options.accumulation - 1) / order.batches + 1
            totalSteps = steps
        } else {
            (epochs, totalSteps) = (options.maximumEpochs, stepsPerEpoch * options.maximumEpochs)
        }
        let folder = isFirst ? trainer.folder : nil
        self.folder = folder
        log = try TrainingLog(path: folder?.log, rank: group?.rank ?? 0) { report(.line($0)) }
        let (configuration, weights) = try trainer.model.configuration.trainingTensors(
            of: trainer.model.runner.checkpoint)
        let engine = trainer.engine
        model = try TrainedModel(
            weights, configuration, plugin: engine.plugin, device: engine.device, threads: engine.threads, options)
        model.setTraining(true)
        try model.engine.seed(options.seed &+ UInt64(group?.rank ?? 0))
        optimizer = try AdamWOptimizer(model, weightDecay: options.weightDecay)
        let teacher = try trainer.teacher.map {
            try TeacherModel(
                $0, imageSize: configuration.vision.imageSize, plugin: engine.plugin, device: engine.device,
                threads: engine.threads, options)
        }
        step = TrainingStep(model: model, optimizer: optimizer, teacher: teacher, options: options, group: group)
        if let folder { try Self.requireSpace(folder, model, options, epochs: epochs, totalSteps: totalSteps) }
        if isFirst { Self.writeParameters(trainer, log) }

        position = TrainingPosition()
        position.stepsPerEpoch = stepsPerEpoch
        let latest = trainer.folder.map(\.latest).flatMap { FileManager.default.fileExists(atPath: $0) ? $0 : nil }
        if let path = trainer.resume ?? latest {
            log.info("=> begin to load checkpoint '\(path)'")
            let checkpoint = TrainingCheckpoint(
                model: model, optimizer: optimizer, name: trainer.name, options: options, group: group)
            let (found, notes) = try checkpoint.restore(from: path, stepsPerEpoch: stepsPerEpoch)
            position = found
            for note in notes { log.info(note) }
            log.info("=> loaded checkpoint '\(path)' (epoch \(position.epoch) @ \(position.steps) steps)")
        }
        metrics = try folder.map { [steps = position.steps] in try MetricsFile(path: $0.metrics, steps: steps) }
        validations = try folder.map { [steps = position.steps] in try MetricsFile(path: $0.validations, steps: steps) }
        events = folder.flatMap { EventFile(folder: $0.path) }
        (summary.totalSteps, summary.steps) = (totalSteps, position.steps)
    }

    /// Compares what checkpoints will take with what the disk has.
    private static func requireSpace(
        _ folder: RunFolder, _ model: TrainedModel, _ options: TrainingOptions, epochs: Int, totalSteps: Int
    ) throws {
        guard let free = folder.freeBytes else { return }
        let each = TrainingCheckpoint.byteCount(
            parameters: model.parameters.reduce(0) { $0 + $1.count },
            trained: model.trained.reduce(0) { $0 + $1.count },
            isDouble: options.precision == .fp64)
        let numbered =
            (options.saveEpochs > 0 ? epochs / options.saveEpochs : 1)
            + (options.saveSteps.map { totalSteps / $0 } ?? 0)
        let kept = min(numbered, options.keptCheckpoints ?? .max)
        // The latest, the best, and the one being written.
        let (needed, overflows) = each.multipliedReportingOverflow(by: kept + 3)
        guard overflows || needed > free else { return }
        func megabytes(_ bytes: Int) -> String { "\(bytes / 1_000_000) MB" }
        let fitting = free / max(1, each) - 3
        let all =
            "the checkpoints that will be written (\(kept), the latest, the best, and one being written, of \(megabytes(each)) each) "
            + "would take more than the \(megabytes(free)) that are free at \(folder.path)"
        guard fitting > 0 else { throw TrainingError("\(all); free some, or give --logs another disk") }
        throw TrainingError(
            "\(all); save fewer (--save-epoch-frequency \(epochs / fitting + 1)) or keep the latest: --keep \(fitting)")
    }

    private static func writeParameters(_ trainer: Trainer, _ log: TrainingLog) {
        let lines = trainer.parameters.sorted { $0.name < $1.name }.map { "\($0.name): \($0.value)" }
        if let folder = trainer.folder {
            try? (lines.joined(separator: "\n") + "\n").write(
                toFile: folder.parameters, atomically: true, encoding: .utf8)
        }
        guard !lines.isEmpty else { return }
        log.info("Params:")
        for line in lines { log.info("  " + line) }
    }

    // MARK: The loop

    mutating func run() throws -> Trainer.Summary {
        let pairsOfStep = options.batchSize * options.accumulation * (group?.size ?? 1)
        epochs: while position.epoch < epochs, position.steps < totalSteps {
            let epoch = position.epoch
            log.info("Start epoch \(epoch + 1)")
            let batches = try order.batches(seed: options.seed, epoch: epoch) {
                try model.engine.permutation(of: $0, seed: $1)
            }
            let loader = PairLoader(
                pairs, epochReader(epoch), batches: batches, workers: options.workers,
                skipsBroken: options.skipsBrokenPairs)
            while position.stepInEpoch < position.stepsPerEpoch {
                guard position.steps < totalSteps else { break epochs }
                if try shouldStop() { return try stopped(epoch) }
                let clock = ContinuousClock()
                let began = clock.now
                let chunks = try (0..<options.accumulation).map { chunk in
                    try loader.batch(position.stepInEpoch * options.accumulation + chunk)
                }
                let loaded = clock.now
                count(chunks.flatMap(\.skipped))
                let rate = options.rate(atStep: position.steps, of: totalSteps)
                let result = try together { try step(chunks, rate: rate) }
                position.stepInEpoch += 1
                position.steps += 1
                (summary.loss, summary.steps) = (result.loss, position.steps)
                let (data, whole) = (seconds(loaded - began), seconds(clock.now - began))
                let speed = Double(pairsOfStep) / max(whole, 1e-9)
                if position.steps % options.logInterval == 0 {
                    try logStep(result, epoch: epoch, rate: rate, data: data, whole: whole, speed: speed)
                }
                report(.step(done: position.steps, of: totalSteps, pairsPerSecond: speed))
                if let every = options.validationSteps, position.steps % every == 0 { try validate(epoch) }
                if let every = options.saveSteps, position.steps % every == 0 {
                    try save(as: "epoch_\(epoch + 1)_\(position.steps).pt", epoch: epoch + 1)
                    try save(as: "epoch_latest.pt", epoch: epoch + 1)
                }
            }
            try endEpoch(epoch)
        }
        if position.stepInEpoch > 0 { try endEpoch(position.epoch) }
        try end()
        return summary
    }

    /// Whether the run should end, which all processes agree on.
    private func shouldStop() throws -> Bool {
        guard group != nil else { return isStopped() }
        return try together { try model.engine.groupSum([isStopped() ? 1 : 0])[0] > 0 }
    }

    /// What `body` gives, or an error that names the process which did not come.
    private func together<Result>(_ body: () throws -> Result) throws -> Result {
        guard let group else { return try body() }
        do { return try body() } catch let error as EngineError {
            let silent = pulse?.silent() ?? []
            // Without process 0 nobody can be asked.
            let named = silent.contains(0) ? "process 0" : "process " + silent.map(String.init).joined(separator: ", ")
            let who = silent.isEmpty ? "a process of the \(group.size) did not come" : "\(named) ended or hangs"
            throw TrainingError(
                "\(who), in step \(position.steps + 1) (\(error.description.prefix(160))); the same command goes on from the last "
                    + "checkpoint")
        }
    }

    /// Process 0 keeps the store that others ask: it leaves when all are done.
    private func end() throws {
        if group != nil { _ = try together { try model.engine.groupSum([0]) } }
    }

    /// Waits until process 0 has written what it writes, however long that takes.
    private func waitForFirst(_ key: String) throws {
        guard let group else { return }
        if group.rank == 0 { return try group.tell(key, 1) }
        var misses = 0
        while group.asked(key) == nil {
            misses = group.asked("pulse/0") == nil ? misses + 1 : 0
            guard misses < 200 else {
                throw TrainingError("process 0 is gone; the same command goes on from the last checkpoint")
            }
            Thread.sleep(forTimeInterval: 0.05)
        }
    }

    private func epochReader(_ epoch: Int) -> PairReader {
        var reader = reader
        if options.augments { reader.augmentation = Augmentation(seed: options.seed &+ UInt64(epoch) &* 0x9E37_79B9) }
        return reader
    }

    private mutating func endEpoch(_ epoch: Int) throws {
        (position.epoch, position.stepInEpoch) = (epoch + 1, 0)
        if let every = options.validationEpochs, (epoch + 1) % every == 0 { try validate(epoch) }
        let isLast = epoch + 1 >= epochs || position.steps >= totalSteps
        if isLast || options.saveEpochs > 0 && (epoch + 1) % options.saveEpochs == 0 {
            try save(as: "epoch_\(epoch + 1).pt", epoch: epoch + 1)
        }
        try save(as: "epoch_latest.pt", epoch: epoch + 1)
    }

    private mutating func stopped(_ epoch: Int) throws -> Trainer.Summary {
        summary.wasStopped = true
        try save(as: "epoch_latest.pt", epoch: epoch + 1)
        try end()
        return summary
    }

    private mutating func count(_ skipped: [String]) {
        summary.skipped += skipped.count
        for reason in skipped.prefix(max(0, 20 - (summary.skipped - skipped.count))) {
            log.info("skipped a pair: \(reason)")
        }
    }

    private func seconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
    }

    // MARK: Files

    /// The states of all processes' random numbers, one after the other.
    private func randomState() throws -> [UInt8] {
        let own = try model.engine.generatorState()
        guard group != nil else { return own }
        let row = try model.engine.matrix(own.map(Float.init), columns: own.count)
        let all = try together { try model.engine.gathered(row, follows: false) }
        return try model.engine.floats(of: all, count: own.count * (group?.size ?? 1)).map {
            UInt8(max(0, min(255, $0)))
        }
    }

    private mutating func save(as name: String, epoch: Int) throws {
        let random = try randomState()
        defer { saves += 1 }
        guard let folder else { return try waitForFirst("saved/\(saves)") }
        let path = "\(folder.checkpoints)/\(name)"
        let clock = ContinuousClock()
        let began = clock.now
        let checkpoint = TrainingCheckpoint(
            model: model, optimizer: optimizer, name: trainer.name, options: options, group: group)
        let rate = options.rate(atStep: max(0, position.steps - 1), of: totalSteps)
        do { try checkpoint.write(to: path, epoch: epoch, position, rate: rate, random: random) } catch {
            throw TrainingError("\(error); training stops, and everything up to the last checkpoint is there")
        }
        if name == "epoch_\(epoch).pt" {
            // Scripts look for Chinese-CLIP's own name of it.
            let alias = "\(folder.checkpoints)/\(RunFolder.alias(of: name))"
            try? FileManager.default.removeItem(atPath: alias)
            try? FileManager.default.createSymbolicLink(atPath: alias, withDestinationPath: name)
        }
        if let kept = options.keptCheckpoints { folder.prune(keeping: kept) }
        try trainer.model.copyTokenizer(to: folder.checkpoints)
        summary.checkpoint = path
        try waitForFirst("saved/\(saves)")
        log.info(
            "Saved checkpoint \(path) (epoch \(epoch) @ \(position.steps) steps) (writing took \(seconds(clock.now - began)) "
                + "seconds)")
    }

    private mutating func validate(_ epoch: Int) throws {
        guard let validation else { return }
        log.info("Begin to eval on validation set (epoch \(epoch + 1) @ \(position.steps) steps)...")
        guard let result = try together({ try validation(model, options, isStopped: { false }) }) else { return }
        count(result.skipped)
        let scale = try model.scaleNumber()
        log.info(
            "Validation Result (epoch \(epoch + 1) @ \(position.steps) steps) | Valid Loss: \(fixed(result.loss, 6)) | "
                + "Image2Text Acc: \(fixed(result.imageToText * 100, 2)) | Text2Image Acc: "
                + "\(fixed(result.textToImage * 100, 2)) | logit_scale: \(fixed(scale, 3)) | Valid Batch Size: "
                + "\(options.validationBatchSize)")
        let numbers: [(String, Double)] = [
            ("valid_loss", result.loss), ("valid_i2t_acc", result.imageToText), ("valid_t2i_acc", result.textToImage),
        ]
        validations?.write(
            [("step", .int(position.steps)), ("epoch", .int(epoch + 1))] + numbers.map { ($0.0, .double($0.1)) })
        events?.write(step: position.steps, numbers)
        guard result.loss < position.bestLoss ?? .infinity, result.loss.isFinite else { return }
        position.bestLoss = result.loss
        defer { saves += 1 }
        if let folder {
            try model.saveBest(to: folder.best, trainer.model)
            log.info("Saved the best model so far to \(folder.best)")
        }
        try waitForFirst("saved/\(saves)")
    }

    private mutating func logStep(
        _ result: StepResult, epoch: Int, rate: Double, data: Double, whole: Double, speed: Double
    ) throws {
        let pairs = options.batchSize * options.accumulation * (group?.size ?? 1)
        let share = 100 * Double(position.stepInEpoch) / Double(position.stepsPerEpoch)
        let scale = try model.scaleNumber()
        log.info(
            "Global Steps: \(position.steps)/\(totalSteps) | Train Epoch: \(epoch + 1) [\(position.stepInEpoch * pairs)/"
                + "\(order.padded) (\(fixed(share, 0))%)] | Loss: \(fixed(result.loss, 6)) | "
                + (options.reportsAccuracy
                    ? "Image2Text Acc: \(fixed(result.imageToText * 100, 2)) | Text2Image Acc: "
                        + "\(fixed(result.textToImage * 100, 2)) | " : "")
                + "Data Time: \(fixed(data, 3))s | Batch Time: \(fixed(whole, 3))s | LR: \(fixed(rate, 6)) | logit_scale: "
                + "\(fixed(scale, 3)) | Global Batch Size: \(pairs)")
        let numbers: [(String, Double)] = [
            ("loss", result.loss), ("lr", rate), ("logit_scale", scale), ("i2t_acc", result.imageToText),
            ("t2i_acc", result.textToImage), ("pairs_per_second", speed), ("gradient_norm", result.gradientNorm),
        ]
        metrics?.write(
            [("step", .int(position.steps)), ("epoch", .int(epoch + 1))] + numbers.map { ($0.0, .double($0.1)) })
        events?.write(step: position.steps, numbers)
        try checkCollapse(result)
    }

    /// Three times in a row is no accident.
    private mutating func checkCollapse(_ result: StepResult) throws {
        let (engine, width, count) = (model.engine, model.configuration.embeddingDimension, options.batchSize)
        // Where all features are one, all logits are equal, and the loss is the logarithm of their number. A model that has not learnt
        // yet may have features as close as that.
        let chance = logarithm(Double(count * options.accumulation * (options.aggregates ? group?.size ?? 1 : 1)))
        guard count >= 8, position.steps > options.warmup, abs(result.loss - chance) < 0.02 else {
            collapses = 0
            return
        }
        let spreads = try [result.features.images, result.features.texts].map {
            FeatureSpread(try engine.floats(of: $0, count: count * width), columns: width)
        }
        guard let worst = spreads.first(where: \.isCollapsed) else {
            collapses = 0
            return
        }
        collapses += 1
        guard collapses >= 3 else { return }
        throw TrainingError(
            "the model has collapsed: the features of a batch have a mean cosine of \(fixed(worst.meanCosine, 5)) and an "
                + "effective rank of \(fixed(worst.effectiveRank, 2)); start again from an earlier checkpoint with a lower --lr, "
                + "a longer --warmup or larger batches")
    }
}

/// A number with so many digits after the point, as Python's `:.6f` writes it.
func fixed(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }
