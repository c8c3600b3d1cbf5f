internal import DiptychCheckpoints
internal import Diptych
internal import DiptychModels
internal import DiptychTorch
internal import Foundation

extension Trainer {
    /// What a run will take.
    ///
    /// - Parameter pairs: the number of pairs.
    /// - Throws: ``TrainingError`` for options that do not fit them.
    public func plan(pairs: Int) throws -> TrainingPlan {
        try options.check()
        let order = try PairOrder(
            count: pairs, batchSize: options.batchSize, rank: 0, processes: engine.group?.size ?? 1)
        return TrainingPlan(model.configuration, parameters: model.parameterCount, pairs: pairs, order, options)
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

    init(
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
        // Weights, gradients and two numbers of Adam's; the file's own pages may go.
        memory = 4 * number * parameters + Self.activations(configuration, options) * number + (300 << 20)
    }

    /// The numbers that a step keeps for its gradients, about: of a block the two normalised inputs, queries, keys and values, what
    /// attention gives, the wide layer before, within and after its non-linearity, and two sums.
    private static func activations(_ configuration: CLIPConfiguration, _ options: TrainingOptions) -> Int {
        let (vision, text) = (configuration.vision, configuration.text)
        func blocks(_ tokens: Int, _ width: Int, _ inner: Int, _ layers: Int) -> Int {
            let block = tokens * (8 * width + 4 * inner)
            return options.recomputes ? layers * tokens * width + block : layers * block
        }
        let kept = 1 - options.maskRatio
        var numbers = 0
        if case .resNet = vision.architecture {
            // Of a residual network of the usual depth some 60 maps of the first stage's size.
            numbers += 60 * vision.width * (vision.imageSize / 4) * (vision.imageSize / 4)
        } else {
            numbers += blocks(
                1 + Int(Double(vision.patches) * kept), vision.width, vision.feedForwardWidth, vision.layers)
        }
        numbers += blocks(options.contextLength, text.width, text.feedForwardWidth, text.layers)
        let (product, overflows) = numbers.multipliedReportingOverflow(by: options.batchSize)
        return overflows ? .max / 16 : product
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
