internal import Diptych
internal import DiptychTorch
internal import Foundation

/// What a run writes besides its log.
extension TrainingRun {
    /// The states of all processes' random numbers, one after the other.
    private func randomState() throws -> [UInt8] {
        let own = try model.engine.generatorState()
        guard group.torch != nil else { return own }
        let row = try model.engine.matrix(own.map(Float.init), columns: own.count)
        let all = try group.together(step: position.steps + 1) { try model.engine.gathered(row, follows: false) }
        return try model.engine.floats(of: all, count: own.count * group.size).map {
            UInt8(max(0, min(255, $0)))
        }
    }

    mutating func save(as name: String, epoch: Int) throws {
        let random = try randomState()
        defer { saves += 1 }
        guard let folder else { return try group.waitForFirst("saved/\(saves)") }
        let path = "\(folder.checkpoints)/\(name)"
        let clock = ContinuousClock()
        let began = clock.now
        let checkpoint = TrainingCheckpoint(
            model: model, optimizer: optimizer, name: trainer.name, options: options, group: group.torch)
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
        try group.waitForFirst("saved/\(saves)")
        record.log.info(
            "Saved checkpoint \(path) (epoch \(epoch) @ \(position.steps) steps) (writing took \(seconds(clock.now - began)) "
                + "seconds)")
    }

    mutating func validate(_ epoch: Int) throws {
        guard let validation else { return }
        record.log.info("Begin to eval on validation set (epoch \(epoch + 1) @ \(position.steps) steps)...")
        guard
            let result = try group.together(
                step: position.steps + 1, { try validation(model, options, isStopped: { false }) })
        else { return }
        count(result.skipped)
        record.validation(
            result, position, scale: try model.scaleNumber(), batchSize: options.validationBatchSize, epoch: epoch + 1)
        guard result.loss < position.bestLoss ?? .infinity, result.loss.isFinite else { return }
        position.bestLoss = result.loss
        defer { saves += 1 }
        if let folder {
            try model.saveBest(to: folder.best, trainer.model)
            record.log.info("Saved the best model so far to \(folder.best)")
        }
        try group.waitForFirst("saved/\(saves)")
    }
}
