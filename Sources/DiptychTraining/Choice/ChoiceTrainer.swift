public import Diptych
public import DiptychEvaluation
internal import DiptychEngine
internal import DiptychTorch
internal import Foundation

/// An image, texts of which one is right, and which.
public struct ChoiceSample: Sendable {
    /// The bytes of the image's file.
    public let image: [UInt8]
    /// The texts.
    public let choices: [String]
    /// The place of the right one.
    public let label: Int
    /// Where the image stands, for messages.
    public let place: String

    /// A question.
    public init(image: [UInt8], choices: [String], label: Int, place: String) {
        precondition(choices.indices.contains(label), "a label that names no choice")
        (self.image, self.choices, self.label, self.place) = (image, choices, label, place)
    }
}

/// Questions that are read by their number.
public protocol ChoiceSamples: Sendable {
    /// Their number.
    var count: Int { get }
    /// Reads one.
    func sample(at index: Int) throws -> ChoiceSample
}

/// Trains a model to choose the right one of some texts for each image.
///
/// The loss of a batch is the sum of each question's cross-entropy over exp(logit_scale) · cosine of its own choices; dropout and batch
/// statistics are those of an evaluation, so that few questions are learnt as they are.
public struct ChoiceTrainer: Sendable {
    /// How parameters are moved.
    public enum Optimizer: String, Sendable, CaseIterable {
        /// Adam (Kingma & Ba 2014).
        case adam
        /// Adam with decay apart from gradients.
        case adamw
    }

    /// What a run found.
    public struct Summary: Sendable {
        /// The loss of each epoch: the sum over its questions.
        public var losses: [Double] = []
        /// The answers to the questions that were trained on, before and after.
        public var training: (before: ChoiceAccuracy, after: ChoiceAccuracy)
        /// The answers to questions that were not.
        public var held: (before: ChoiceAccuracy, after: ChoiceAccuracy)?
        /// The model with what it learnt.
        public var model: CLIPModel
    }

    /// The model to start from.
    public var model: CLIPModel
    /// Where it computes.
    public var engine: Trainer.Engine
    /// The optimiser.
    public var optimizer = Optimizer.adam
    /// Learning rate, betas, epsilon, decay, batch size, epochs, seed, precision, and which parameters stay.
    public var options: TrainingOptions
    /// Whether each epoch has an order from the seed; else that of the questions.
    public var shuffles = false

    /// Trains `model` as `options` say.
    public init(model: CLIPModel, engine: Trainer.Engine, options: TrainingOptions) {
        (self.model, self.engine, self.options) = (model, engine, options)
    }

    /// Trains on questions.
    ///
    /// - Parameters:
    ///   - held: questions to answer before and after that are not trained on.
    ///   - report: hears of each epoch's number from 0 and its loss, on the thread that trains.
    /// - Throws: ``TrainingError``, `EngineError`, and what reading questions throws; `CancellationError`.
    public func train(
        on samples: any ChoiceSamples, held: (any ChoiceSamples)? = nil,
        report: @escaping @Sendable (_ epoch: Int, _ loss: Double) -> Void = { _, _ in }
    ) async throws -> Summary {
        try options.check()
        guard samples.count > 0 else { throw TrainingError("there are no questions to train on") }
        return try await TrainingThreads.train { isStopped in
            try ChoiceRun(self).run(samples, held, isStopped: isStopped, report)
        }
    }
}

/// A run on its thread.
private struct ChoiceRun {
    let trainer: ChoiceTrainer
    let options: TrainingOptions
    let reader: PairReader
    let model: TrainedModel
    let optimizer: AdamWOptimizer

    init(_ trainer: ChoiceTrainer) throws {
        (self.trainer, options) = (trainer, trainer.options)
        reader = try PairReader(model: trainer.model, contextLength: options.contextLength)
        let (configuration, weights) = try trainer.model.configuration.trainingTensors(
            of: trainer.model.runner.checkpoint)
        let engine = trainer.engine
        model = try TrainedModel(
            weights, configuration, plugin: engine.plugin, device: engine.device, threads: engine.threads, options)
        optimizer = try AdamWOptimizer(model, weightDecay: options.weightDecay)
    }

    func run(
        _ samples: any ChoiceSamples, _ held: (any ChoiceSamples)?, isStopped: () -> Bool,
        _ report: (Int, Double) -> Void
    ) throws -> ChoiceTrainer.Summary {
        let before = try (answers(samples), held.map(answers))
        var losses: [Double] = []
        for epoch in 0..<options.maximumEpochs {
            let order =
                trainer.shuffles
                ? try model.engine.permutation(of: samples.count, seed: options.seed &+ UInt64(epoch))
                : Array(0..<samples.count)
            var total = 0.0
            for start in stride(from: 0, to: order.count, by: options.batchSize) {
                if isStopped() { throw CancellationError() }
                let batch = try order[start..<min(start + options.batchSize, order.count)].map(samples.sample)
                total += try step(batch)
            }
            losses.append(total)
            report(epoch, total)
        }
        let after = try (answers(samples), held.map(answers))
        let trained = try trainer.model.with(model.checkpoint(), model.configuration)
        let others: (before: ChoiceAccuracy, after: ChoiceAccuracy)? =
            if let first = before.1, let last = after.1 { (first, last) } else { nil }
        return ChoiceTrainer.Summary(losses: losses, training: (before.0, after.0), held: others, model: trained)
    }

    /// The logits of each question, [1, choices].
    private func logits(_ samples: [ChoiceSample]) throws -> [TorchValue] {
        let engine = model.engine
        let pixels = try samples.enumerated().flatMap {
            try reader.pixels($0.element.image, place: $0.element.place, index: $0.offset)
        }
        let batch = TrainingBatch(
            pixels: .init(values: pixels, count: samples.count, size: reader.imageSize),
            texts: .init(samples.flatMap { $0.choices.map(reader.tokens) }), skipped: [])
        let features = try model.features(batch)
        let factor = try engine.exponential(model.scale)
        var start = 0
        return try samples.enumerated().map { number, sample in
            defer { start += sample.choices.count }
            let texts = try engine.rows(start..<start + sample.choices.count, of: features.texts)
            let cosines = try engine.product(engine.rows(number..<number + 1, of: features.images), texts)
            let scaled = try engine.times(factor, cosines)
            return try model.bias.map { try engine.sum(scaled, $0) } ?? scaled
        }
    }

    private func step(_ batch: [ChoiceSample]) throws -> Double {
        let engine = model.engine
        try engine.clearGradients()
        var total: TorchValue?
        for (sample, logits) in zip(batch, try logits(batch)) {
            let loss = try engine.crossEntropy(of: logits, classes: [sample.label])
            total = try total.map { try engine.sum($0, loss) } ?? loss
        }
        guard let total else { return 0 }
        let loss = try engine.number(of: total)
        guard loss.isFinite else { throw TrainingError("the loss is not a finite number any more; take a lower --lr") }
        try engine.backward(from: total)
        let norm = try engine.gradientNorm(of: model.trained)
        guard norm.isFinite else {
            throw TrainingError("a gradient is not a finite number any more; take a lower --lr")
        }
        if let limit = options.gradientNormLimit, norm > limit {
            try engine.scaleGradients(of: model.trained, by: limit / (norm + 1e-6))
        }
        try optimizer.step(rate: options.learningRate, options)
        return loss
    }

    private func answers(_ samples: any ChoiceSamples) throws -> ChoiceAccuracy {
        var accuracy = ChoiceAccuracy()
        for start in stride(from: 0, to: samples.count, by: options.batchSize) {
            let batch = try (start..<min(start + options.batchSize, samples.count)).map(samples.sample)
            try model.engine.withoutGradients {
                for (sample, logits) in zip(batch, try logits(batch)) {
                    let scores = try model.engine.floats(of: logits, count: sample.choices.count)
                    let highest = scores.max() ?? 0
                    let powers = scores.map { exponential(Double($0 - highest)) }
                    let sum = powers.reduce(0, +)
                    accuracy.add(scores: scores, probabilities: powers.map { Float($0 / sum) }, label: sample.label)
                }
            }
        }
        return accuracy
    }
}
