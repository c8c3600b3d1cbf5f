internal import DiptychDatasets
internal import DiptychTorch

/// The loss and the accuracies in batches over data that is not trained on.
struct Validation {
    /// What it found.
    struct Result {
        var loss = 0.0
        var imageToText = 0.0
        var textToImage = 0.0
        var skipped: [String] = []
    }

    let pairs: any ImageTextPairs
    let reader: PairReader
    let order: PairOrder

    private let group: TorchGroup?

    init(_ pairs: any ImageTextPairs, _ reader: PairReader, _ options: TrainingOptions, _ group: TorchGroup?) throws {
        (self.pairs, self.reader, self.group) = (pairs, reader, group)
        order = try PairOrder(
            count: pairs.count, batchSize: options.validationBatchSize, rank: group?.rank ?? 0,
            processes: group?.size ?? 1)
    }

    /// Evaluates the model, in the order that Chinese-CLIP's sampler has: shuffled, the same each time.
    func callAsFunction(_ model: TrainedModel, _ options: TrainingOptions, isStopped: () -> Bool) throws -> Result? {
        let engine = model.engine
        model.setTraining(false)
        defer { model.setTraining(true) }
        let batches = try order.batches(seed: options.seed, epoch: 0) { try engine.permutation(of: $0, seed: $1) }
        let loader = PairLoader(
            pairs, reader, batches: batches, workers: options.workers, skipsBroken: options.skipsBrokenPairs)
        var sums = Result()
        for number in 0..<batches.count {
            if isStopped() { return nil }
            let batch = try loader.batch(number)
            sums.skipped += batch.skipped
            let (loss, i2t, t2i) = try engine.withoutGradients {
                let features = try model.features(batch)
                let result = try PairLoss(
                    images: features.images, texts: features.texts, count: batches[number].count, model, options.loss)
                return (try engine.number(of: result.loss), result.imageToText, result.textToImage)
            }
            let share = Double(batches[number].count) / Double(order.padded)
            sums.loss += loss * share
            sums.imageToText += i2t * share
            sums.textToImage += t2i * share
        }
        if group != nil {
            let all = try engine.groupSum([sums.loss, sums.imageToText, sums.textToImage])
            (sums.loss, sums.imageToText, sums.textToImage) = (all[0], all[1], all[2])
        }
        return sums
    }
}
