internal import DiptychCheckpoints
public import Diptych
internal import DiptychModels
internal import DiptychTorch
internal import Foundation

extension Trainer {
    /// What a run will take.
    ///
    /// - Parameter pairs: the number of pairs.
    /// - Throws: ``TrainingError`` for options that do not fit them.
    public func plan(pairs: Int) throws -> TrainingPlan {
        try TrainingPlan(of: model, pairs: pairs, processes: engine.group?.size ?? 1, options)
    }
}

extension CLIPModel {
    /// The numbers of all parameters.
    var parameterCount: Int {
        runner.checkpoint.tensors.filter { !CLIPConfiguration.isNoParameter($0.key) }.reduce(0) { $0 + $1.value.count }
    }
}

/// What a run will take.
public struct TrainingPlan: Sendable {
    /// Pairs of images and texts.
    public let pairs: Int
    /// Steps of the whole run.
    public let steps: Int
    /// Epochs of the whole run.
    public let epochs: Int
    /// Numbers of all parameters.
    public let parameters: Int
    /// Bytes of memory, about.
    public let memory: Int
    /// Bytes of each checkpoint.
    public let checkpointBytes: Int
    /// Checkpoints that stay, with the latest.
    public let checkpoints: Int

    /// What training `model` takes, which needs no engine.
    ///
    /// - Throws: ``TrainingError`` for options that do not fit.
    public init(of model: CLIPModel, pairs: Int, processes: Int, _ options: TrainingOptions) throws {
        try options.check()
        let order = try PairOrder(count: pairs, batchSize: options.batchSize, rank: 0, processes: processes)
        self.init(model.configuration, parameters: model.parameterCount, pairs: pairs, order, options)
    }

    private init(
        _ configuration: CLIPConfiguration, parameters: Int, pairs: Int, _ order: PairOrder, _ options: TrainingOptions
    ) {
        let each = max(1, order.batches / options.accumulation)
        epochs = options.maximumSteps.map { ($0 - 1) / each + 1 } ?? options.maximumEpochs
        steps = options.maximumSteps ?? each * options.maximumEpochs
        (self.pairs, self.parameters) = (pairs, parameters)
        let number = options.precision == .fp64 ? 8 : 4
        checkpointBytes = TrainingCheckpoint.byteCount(
            parameters: parameters, trained: parameters, isDouble: options.precision == .fp64)
        let all = steps
        let numbered =
            (options.saveEpochs > 0 ? epochs / options.saveEpochs : 1) + (options.saveSteps.map { all / $0 } ?? 0)
        checkpoints = min(max(1, numbered), options.keptCheckpoints ?? .max) + 1
        // Weights, gradients and two numbers of Adam's; the file's own pages may go. The rest is libtorch and what loads images.
        memory = 4 * number * parameters + StepMemory(configuration, options).bytes + (450 << 20)
    }

    /// The plan in lines.
    public var lines: [String] {
        [
            "pairs: \(pairs)", "steps: \(steps) in \(epochs) epochs", "parameters: \(parameters)",
            "memory: about \(memory >> 20) MiB",
            "checkpoints: \(checkpoints) of \(checkpointBytes / 1_000_000) MB, \(checkpoints * (checkpointBytes / 1_000_000)) MB in all",
        ]
    }

    /// Refuses a run for which there is not memory enough.
    ///
    /// - Throws: ``TrainingError``.
    public func requireMemory() throws(TrainingError) {
        guard let text = try? String(contentsOfFile: "/proc/meminfo", encoding: .utf8),
            let line = text.split(separator: "\n").first(where: { $0.hasPrefix("MemAvailable:") }),
            let free = line.split(separator: " ").compactMap({ Int($0) }).first
        else { return }
        guard memory > free * 1024 else { return }
        throw TrainingError(
            "a step needs about \(memory >> 20) MiB and \(free >> 10) MiB are free; take a smaller --batch-size with --accum-freq, "
                + "or --grad-checkpointing")
    }
}
