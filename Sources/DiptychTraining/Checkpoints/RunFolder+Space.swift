internal import DiptychTorch

extension RunFolder {
    /// Compares what checkpoints will take with what the disk has.
    ///
    /// - Throws: ``TrainingError`` with a frequency that fits.
    func requireSpace(
        for model: TrainedModel, _ options: TrainingOptions, epochs: Int, totalSteps: Int
    ) throws(TrainingError) {
        guard let free = freeBytes else { return }
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
            + "would take more than the \(megabytes(free)) that are free at \(path)"
        guard fitting > 0 else { throw TrainingError("\(all); free some, or give --logs another disk") }
        throw TrainingError(
            "\(all); save fewer (--save-epoch-frequency \(epochs / fitting + 1)) or keep the latest: --keep \(fitting)")
    }
}
