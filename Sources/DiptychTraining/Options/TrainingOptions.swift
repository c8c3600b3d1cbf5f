/// How a model is trained. Names and defaults are Chinese-CLIP's (`cn_clip/training/params.py`), what is beyond them open_clip's.
public struct TrainingOptions: Sendable {
    /// What a batch's loss is.
    public enum Loss: String, Sendable, CaseIterable {
        /// Symmetric cross-entropy of images and texts (Radford et al. 2021).
        case contrastive
        /// A sigmoid for each pair of an image and a text (Zhai et al. 2023).
        case sigmoid
    }

    /// How the learning rate goes on after the warm-up.
    public enum Schedule: String, Sendable, CaseIterable {
        /// Half a cosine to 0 at the last step.
        case cosine
        /// It stays.
        case constant = "const"
    }

    /// The number format of matrix products.
    public enum Precision: String, Sendable, CaseIterable {
        /// Operands of bf16, all else fp32.
        case amp
        /// The same: the libraries that multiply in fp16 are of GPUs, and bf16 needs no scaling of gradients.
        case fp16
        /// 32-bit floats.
        case fp32
        /// 64-bit floats, to compare with other programs.
        case fp64
    }

    // MARK: Steps

    /// Pairs of a step, of each process and chunk.
    public var batchSize = 64
    /// Chunks of a step: each sees the features of all as its negatives.
    public var accumulation = 1
    /// Passes over the data, unless ``maximumSteps`` says otherwise.
    public var maximumEpochs = 32
    /// Steps of the whole run.
    public var maximumSteps: Int?
    /// The most tokens of a text, special ones included.
    public var contextLength = 52
    /// The seed of the order of data, of dropout and masks.
    public var seed: UInt64 = 123
    /// Whether images are cropped, flipped and changed at random.
    public var augments = false
    /// Whether a crash of one image's decoder and broken images are counted and passed over; else they end the run.
    public var skipsBrokenPairs = true

    // MARK: Optimiser

    /// The learning rate after warm-up.
    public var learningRate = 5e-4
    /// AdamW's β₁.
    public var beta1 = 0.9
    /// AdamW's β₂.
    public var beta2 = 0.98
    /// AdamW's ε.
    public var epsilon = 1e-6
    /// AdamW's weight decay, for all but biases and names with `bn`, `ln` or `logit_scale`.
    public var weightDecay = 0.2
    /// Steps of the linear warm-up.
    public var warmup = 500
    /// How the learning rate goes on.
    public var schedule = Schedule.cosine
    /// The greatest norm of all gradients; greater ones are scaled down.
    public var gradientNormLimit: Double?

    // MARK: Model

    /// The number format.
    public var precision = Precision.amp
    /// BERT's dropout instead of the model's.
    public var dropout: Double?
    /// The share of patches that is left out of each image.
    public var maskRatio = 0.0
    /// Whether blocks are computed again for their gradients, for less memory.
    public var recomputes = false
    /// Whether the image tower stays as it is.
    public var freezesVision = false
    /// With a frozen image tower: how many of its last groups of layers are trained all the same.
    public var unlockedVisionGroups = 0
    /// Whether the text tower stays as it is.
    public var freezesText = false
    /// With a frozen text tower: how many of its last groups of layers are trained all the same.
    public var unlockedTextGroups = 0
    /// Whether batch statistics are those of all processes.
    public var synchronisesStatistics = false

    // MARK: Loss

    /// The loss.
    public var loss = Loss.contrastive
    /// Whether the features of all processes are negatives.
    public var aggregates = true
    /// Whether gradients go to the processes that features came from.
    public var gathersGradients = false
    /// Whether each process computes the rows of its own images and texts alone, as open_clip's `--local-loss`.
    public var isLocal = false
    /// The weight of the distance from a teacher's features.
    public var distillationWeight = 0.5

    // MARK: Run

    /// Steps between lines of the log.
    public var logInterval = 10
    /// Whether lines of the log have the accuracies in the batch.
    public var reportsAccuracy = false
    /// Pairs of a batch in validation.
    public var validationBatchSize = 64
    /// Steps between validations; nil for none.
    public var validationSteps: Int?
    /// Epochs between validations; nil for none.
    public var validationEpochs: Int? = 1
    /// Epochs between checkpoints that stay; 0 for the last one alone.
    public var saveEpochs = 1
    /// Steps between checkpoints that stay; nil for none.
    public var saveSteps: Int?
    /// How many of the numbered checkpoints stay, the latest; nil for all.
    public var keptCheckpoints: Int?
    /// Whether training starts with a new optimiser whatever the checkpoint has.
    public var resetsOptimizer = false
    /// Whether training starts at the first step whatever the checkpoint says.
    public var resetsOffset = false
    /// Threads that load images.
    public var workers = 4

    /// Chinese-CLIP's for a ViT-B.
    public init() {}

    /// Sets what Chinese-CLIP sets by the name of the image tower (`get_default_params`).
    public mutating func takeDefaults(resNet: Bool, large: Bool) {
        if resNet { (learningRate, beta1, beta2, epsilon) = (5e-4, 0.9, 0.999, 1e-8) }
        if large { (learningRate, beta1, beta2, epsilon) = (4e-4, 0.9, 0.98, 1e-6) }
    }

    /// The learning rate of a step from 0, as in Chinese-CLIP's and open_clip's schedulers.
    ///
    /// - Parameter steps: the steps of the whole run.
    public func rate(atStep step: Int, of steps: Int) -> Double {
        if step < warmup { return learningRate * Double(step + 1) / Double(warmup) }
        guard schedule == .cosine else { return learningRate }
        let (done, all) = (Double(step - warmup), Double(max(1, steps - warmup)))
        return 0.5 * (1 + cosine(Double.pi * done / all)) * learningRate
    }

    /// Refuses values that make no sense, or contradict each other.
    ///
    /// - Throws: ``TrainingError``.
    public func check() throws(TrainingError) {
        func require(_ isRight: Bool, _ reason: String) throws(TrainingError) {
            guard isRight else { throw TrainingError(reason) }
        }
        // So that products of them stay numbers.
        let (batches, steps) = (1...1 << 24, 1...1 << 40)
        try require(
            batches.contains(batchSize) && batches.contains(validationBatchSize),
            "--batch-size and --valid-batch-size are 1 to 16777216")
        try require((1...1 << 16).contains(accumulation), "--accum-freq is 1 to 65536")
        try require(maximumSteps.map(steps.contains) ?? true, "--max-steps is 1 to 1099511627776")
        try require((1...1 << 20).contains(maximumEpochs), "--max-epochs is 1 to 1048576")
        try require(learningRate.isFinite && learningRate >= 0, "--lr is a number from 0")
        try require((0..<1).contains(beta1) && (0..<1).contains(beta2), "--beta1 and --beta2 are from 0 to less than 1")
        try require(epsilon > 0 && epsilon.isFinite, "--eps is a positive number")
        try require(weightDecay >= 0 && weightDecay.isFinite, "--wd is a number from 0")
        try require(warmup == 0 || steps.contains(warmup), "--warmup is 0 to 1099511627776")
        try require((0..<1).contains(maskRatio), "--mask-ratio is from 0 to less than 1")
        try require(dropout.map { (0..<1).contains($0) } ?? true, "--dropout is from 0 to less than 1")
        try require(gradientNormLimit.map { $0 > 0 } ?? true, "--grad-clip-norm is a positive number")
        try require(logInterval > 0 && workers > 0, "--log-interval and --num-workers are 1 or more")
        try require(validationSteps.map { $0 > 0 } ?? true, "--valid-step-interval is 1 or more")
        try require(validationEpochs.map { $0 > 0 } ?? true, "--valid-epoch-interval is 1 or more")
        try require(saveSteps.map { $0 > 0 } ?? true, "--save-step-frequency is 1 or more, or -1 for none")
        try require(keptCheckpoints.map { $0 > 0 } ?? true, "--keep is 1 or more")
        try require(aggregates || !gathersGradients, "--gather-with-grad gathers, and --skip-aggregate does not")
        try require(
            !isLocal || aggregates, "--local-loss needs the features of all processes, without --skip-aggregate")
        try require(
            loss == .contrastive || accumulation == 1 || aggregates, "--siglip with --accum-freq needs all features")
        try require(unlockedVisionGroups >= 0 && unlockedTextGroups >= 0, "groups to unlock are 0 or more")
    }
}

/// Why a training does not start, or cannot go on.
public struct TrainingError: Error, Hashable, CustomStringConvertible {
    /// What is wrong, where, and what to do.
    public let description: String

    /// Says why.
    public init(_ description: String) { self.description = description }
}
