internal import DiptychEngine
internal import DiptychModels
internal import DiptychTorch

/// What a step did.
struct StepResult {
    let loss: Double
    let imageToText: Double
    let textToImage: Double
    /// The norm of all gradients before they were scaled down.
    let gradientNorm: Double
    /// The features of the last chunk's images and texts, to see whether they collapse.
    let features: (images: TorchValue, texts: TorchValue)
}

/// One optimiser step over one or several chunks.
struct TrainingStep {
    let model: TrainedModel
    let optimizer: AdamWOptimizer
    let teacher: TeacherModel?
    let options: TrainingOptions
    let group: TorchGroup?

    /// The exponents of cosines after a step: up to ln 100 as in the original paper, which Chinese-CLIP writes as 4.6052.
    private var scaleRange: ClosedRange<Double> {
        0...(model.configuration.family == .chineseCLIP ? 4.6052 : logarithm(100))
    }

    /// Makes a step with the gradients of all chunks.
    ///
    /// - Throws: ``TrainingError`` for a loss or a gradient that is not finite; parameters are as before then.
    func callAsFunction(_ chunks: [TrainingBatch], rate: Double) throws -> StepResult {
        let engine = model.engine
        try engine.clearGradients()
        let result = chunks.count == 1 ? try whole(chunks[0]) : try accumulated(chunks)
        if group != nil { try engine.averageGradients(of: model.trained) }
        let norm = try engine.gradientNorm(of: model.trained)
        guard norm.isFinite else {
            throw TrainingError(
                "a gradient is not a finite number any more; start again from the last checkpoint with a lower --lr, "
                    + "--grad-clip-norm 1, or --precision fp32")
        }
        if let limit = options.gradientNormLimit, norm > limit {
            // torch.nn.utils.clip_grad_norm_
            try engine.scaleGradients(of: model.trained, by: limit / (norm + 1e-6))
        }
        try optimizer.step(rate: rate, options)
        // As in open_clip and Chinese-CLIP, after the step.
        try engine.clamp(model.scale, to: scaleRange)
        return StepResult(
            loss: result.loss, imageToText: result.imageToText, textToImage: result.textToImage, gradientNorm: norm,
            features: result.features)
    }

    private typealias Part = (
        loss: Double, imageToText: Double, textToImage: Double, features: (TorchValue, TorchValue)
    )

    private func whole(_ batch: TrainingBatch) throws -> Part {
        let features = try model.features(batch)
        let taught = try teacher?.features(batch)
        return try learn(features.images, features.texts, taught, count: batch.texts.layout.count, shown: features)
    }

    /// Chunks whose features are all computed first, without gradients; then each again with them, the others' as they were
    /// (Gao et al. 2021, GradCache; Chinese-CLIP's `--accum-freq`).
    private func accumulated(_ chunks: [TrainingBatch]) throws -> Part {
        let engine = model.engine
        let cached = try engine.withoutGradients {
            try chunks.map { try (features: model.features($0, masks: false), taught: teacher?.features($0)) }
        }
        var last: Part?
        for (place, chunk) in chunks.enumerated() {
            let own = try model.features(chunk)
            func joined(_ mine: TorchValue, _ others: ((images: TorchValue, texts: TorchValue)) -> TorchValue) throws
                -> TorchValue
            {
                try engine.joined(cached.enumerated().map { $0.offset == place ? mine : others($0.element.features) })
            }
            let images = try joined(own.images) { $0.images }
            let texts = try joined(own.texts) { $0.texts }
            let taught = cached.compactMap(\.taught)
            last = try learn(
                images, texts, taught.isEmpty ? nil : engine.joined(taught),
                count: chunks.reduce(0) { $0 + $1.texts.layout.count }, shown: own)
        }
        guard let last else { throw TrainingError("a step without pairs") }
        return last
    }

    private func learn(
        _ images: TorchValue, _ texts: TorchValue, _ taught: TorchValue?, count: Int,
        shown: (images: TorchValue, texts: TorchValue)
    ) throws -> Part {
        let engine = model.engine
        let result = try PairLoss.ofGroup(
            images: images, texts: texts, count: count, taught: taught, model, options, group)
        let loss = try engine.number(of: result.loss)
        guard loss.isFinite else {
            throw TrainingError(
                "the loss is not a finite number any more; start again from the last checkpoint with a lower --lr, "
                    + "--grad-clip-norm 1, or --precision fp32")
        }
        try engine.backward(from: result.loss)
        return (loss, result.imageToText, result.textToImage, shown)
    }
}
