internal import Diptych
internal import DiptychDatasets
internal import DiptychModels
internal import DiptychTorch
internal import Foundation

/// A run on its thread.
struct TrainingRun {
    let trainer: Trainer
    let options: TrainingOptions
    let isStopped: () -> Bool
    let report: (Trainer.Event) -> Void
    let pairs: any ImageTextPairs
    let reader: PairReader
    let order: PairOrder
    let model: TrainedModel
    let optimizer: AdamWOptimizer
    let step: TrainingStep
    let validation: Validation?
    let record: RunRecord
    let group: ProcessGroup
    /// Where this process writes.
    let folder: RunFolder?
    var position: TrainingPosition
    let epochs: Int
    let totalSteps: Int
    var summary = Trainer.Summary()
    var collapse: CollapseGuard
    var saves = 0

    init(
        _ trainer: Trainer, _ pairs: any ImageTextPairs, _ validation: (any ImageTextPairs)?,
        isStopped: @escaping () -> Bool, _ report: @escaping (Trainer.Event) -> Void
    ) throws {
        (self.trainer, options, self.pairs) = (trainer, trainer.options, pairs)
        (self.isStopped, self.report) = (isStopped, report)
        let options = trainer.options
        let group = ProcessGroup(trainer.engine.group)
        self.group = group
        collapse = CollapseGuard(options, processes: group.size)
        reader = try PairReader(model: trainer.model, contextLength: options.contextLength)
        order = try PairOrder(
            count: pairs.count, batchSize: options.batchSize, rank: group.rank, processes: group.size)
        self.validation = try validation.map { [reader] in try Validation($0, reader, options, group.torch) }
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
        let folder = group.isFirst ? trainer.folder : nil
        self.folder = folder
        let log = try TrainingLog(path: folder?.log, rank: group.rank) { report(.line($0)) }
        model = try trainer.trainedModel()
        let (configuration, engine) = (model.configuration, trainer.engine)
        try model.engine.seed(options.seed &+ UInt64(group.rank))
        optimizer = try AdamWOptimizer(model, weightDecay: options.weightDecay)
        let teacher = try trainer.teacher.map {
            try TeacherModel(
                $0, imageSize: configuration.vision.imageSize, plugin: engine.plugin, device: engine.device,
                threads: engine.threads, options)
        }
        step = TrainingStep(model: model, optimizer: optimizer, teacher: teacher, options: options, group: group.torch)
        if let folder {
            try folder.requireSpace(for: model, options, epochs: epochs, totalSteps: totalSteps)
        }
        if group.isFirst { Self.writeParameters(trainer, log) }

        position = TrainingPosition()
        position.stepsPerEpoch = stepsPerEpoch
        let latest = trainer.folder.map(\.latest).flatMap { FileManager.default.fileExists(atPath: $0) ? $0 : nil }
        if let path = trainer.resume ?? latest {
            log.info("=> begin to load checkpoint '\(path)'")
            let checkpoint = TrainingCheckpoint(
                model: model, optimizer: optimizer, name: trainer.name, options: options, group: group.torch)
            let (found, notes) = try checkpoint.restore(from: path, stepsPerEpoch: stepsPerEpoch)
            position = found
            for note in notes { log.info(note) }
            log.info("=> loaded checkpoint '\(path)' (epoch \(position.epoch) @ \(position.steps) steps)")
        }
        record = try RunRecord(log, folder, steps: position.steps)
        (summary.totalSteps, summary.steps) = (totalSteps, position.steps)
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

    mutating func run() throws -> Trainer.Summary {
        let pairsOfStep = options.batchSize * options.accumulation * group.size
        epochs: while position.epoch < epochs, position.steps < totalSteps {
            let epoch = position.epoch
            record.log.info("Start epoch \(epoch + 1)")
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
                let result = try group.together(step: position.steps + 1) { try step(chunks, rate: rate) }
                position.stepInEpoch += 1
                position.steps += 1
                (summary.loss, summary.steps) = (result.loss, position.steps)
                let (data, whole) = (seconds(loaded - began), seconds(clock.now - began))
                if position.steps % options.logInterval == 0 {
                    record.step(
                        result, position,
                        .init(
                            totalSteps: totalSteps, pairsOfStep: pairsOfStep, padded: order.padded, rate: rate,
                            scale: try model.scaleNumber(), loading: data, whole: whole,
                            reportsAccuracy: options.reportsAccuracy))
                    try collapse.check(result, of: model, steps: position.steps)
                }
                report(
                    .step(
                        done: position.steps, of: totalSteps, pairsPerSecond: Double(pairsOfStep) / max(whole, 1e-9)))
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

    /// Process 0 keeps the store that others ask: it leaves when all are done.
    private func end() throws {
        guard group.torch != nil else { return }
        _ = try group.together(step: position.steps + 1) { try model.engine.groupSum([0]) }
    }

    /// Whether the run should end, which all processes agree on.
    private func shouldStop() throws -> Bool {
        guard group.torch != nil else { return isStopped() }
        return try group.together(step: position.steps + 1) { try model.engine.groupSum([isStopped() ? 1 : 0])[0] > 0 }
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

    mutating func count(_ skipped: [String]) {
        summary.skipped += skipped.count
        for reason in skipped.prefix(max(0, 20 - (summary.skipped - skipped.count))) {
            record.log.info("skipped a pair: \(reason)")
        }
    }

    func seconds(_ duration: Duration) -> Double { duration / .seconds(1) }
}
