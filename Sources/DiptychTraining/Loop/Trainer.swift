public import Diptych
public import DiptychDatasets
internal import DiptychModels
public import DiptychTorch

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

    /// The model on the engine, as a step wants it.
    func trainedModel() throws -> TrainedModel {
        let (configuration, weights) = try model.configuration.trainingTensors(of: model.runner.checkpoint)
        let trained = try TrainedModel(
            weights, configuration, plugin: engine.plugin, device: engine.device, threads: engine.threads, options)
        trained.setTraining(true)
        return trained
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
