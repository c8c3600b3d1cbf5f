internal import DiptychModels
internal import DiptychTorch

/// Ends a run whose features have become one.
struct CollapseGuard {
    private let options: TrainingOptions
    /// The loss where all features are one, so that all logits are equal: the logarithm of their number.
    private let chance: Double
    private var collapses = 0

    init(_ options: TrainingOptions, processes: Int) {
        self.options = options
        chance = logarithm(Double(options.batchSize * options.accumulation * (options.aggregates ? processes : 1)))
    }

    /// Looks at a step; three collapsed ones in a row are no accident. A model that has not learnt yet may have features as close as that.
    ///
    /// - Throws: ``TrainingError`` for the third.
    mutating func check(_ result: StepResult, of model: TrainedModel, steps: Int) throws {
        let (width, count) = (model.configuration.embeddingDimension, options.batchSize)
        guard count >= 8, steps > options.warmup, abs(result.loss - chance) < 0.02 else {
            collapses = 0
            return
        }
        let spreads = try [result.features.images, result.features.texts].map {
            FeatureSpread(try model.engine.floats(of: $0, count: count * width), columns: width)
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
