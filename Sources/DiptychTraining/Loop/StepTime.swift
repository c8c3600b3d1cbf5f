public import DiptychDatasets

/// How long a step takes on this machine.
public struct StepTime: Sendable {
    /// Seconds of a step of all its pairs.
    public let seconds: Double
    /// The pairs with which it was measured.
    public let measured: Int
}

extension Trainer {
    /// Measures steps of the first pairs, which change nothing outside: of two sizes, so that what each pair takes and what each step
    /// takes whatever its size are told apart.
    ///
    /// - Throws: ``TrainingError`` for too little memory, or pairs that cannot be read; `EngineError`, `DatasetError`.
    public func stepTime(on pairs: any ImageTextPairs) async throws -> StepTime {
        try options.check()
        var few = self
        few.options.accumulation = 1
        few.options.batchSize = min(options.batchSize, Self.measuredPairs)
        few.engine.group = nil
        try few.plan(pairs: pairs.count).requireMemory()
        let (trainer, chunks) = (few, options.accumulation)
        return try await TrainingThreads.train { _ in
            let sizes = Set([max(2, trainer.options.batchSize / 4), trainer.options.batchSize]).sorted()
            let model = try trainer.trainedModel()
            let reader = try PairReader(model: trainer.model, contextLength: trainer.options.contextLength)
            let seconds = try sizes.map { try trainer.seconds(of: $0, pairs, reader, model) }
            let most = trainer.options.batchSize
            let each =
                sizes.count > 1
                ? max(0, (seconds[1] - seconds[0]) / Double(sizes[1] - sizes[0])) : seconds[0] / Double(most)
            let fixed = max(0, (seconds.last ?? 0) - each * Double(most))
            // Accumulated chunks go forward once more, which is a third of what a step does.
            let share = chunks > 1 ? 4.0 / 3 : 1
            let whole = fixed + each * Double(options.batchSize) * Double(chunks) * share
            return StepTime(seconds: whole, measured: most)
        }
    }

    /// More change the answer little and take long.
    private static let measuredPairs = 8

    /// The shorter of two steps after a first one.
    private func seconds(of count: Int, _ pairs: any ImageTextPairs, _ reader: PairReader, _ model: TrainedModel) throws
        -> Double
    {
        let step = TrainingStep(
            model: model, optimizer: try AdamWOptimizer(model, weightDecay: options.weightDecay), teacher: nil,
            options: options, group: nil)
        let batches = [(0..<count).map { $0 % pairs.count }]
        let batch = try PairLoader(
            pairs, reader, batches: batches, workers: options.workers, skipsBroken: options.skipsBrokenPairs
        ).batch(0)
        let clock = ContinuousClock()
        _ = try step([batch], rate: 0)
        return try (0..<2).map { _ in
            let began = clock.now
            _ = try step([batch], rate: 0)
            return (clock.now - began) / .seconds(1)
        }.min() ?? 0
    }
}
