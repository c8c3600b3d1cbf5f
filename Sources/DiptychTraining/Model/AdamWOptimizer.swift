internal import DiptychModels
internal import DiptychTorch

/// AdamW over two groups of parameters: those that decay, and those that do not.
final class AdamWOptimizer {
    /// A parameter with what the optimiser keeps for it.
    struct Entry {
        let parameter: TorchParameter
        let mean: TorchParameter
        let square: TorchParameter
    }

    /// The groups in Chinese-CLIP's order: biases and gains first, which do not decay.
    let groups: [(entries: [Entry], decay: Double)]
    /// The steps that were made.
    var steps = 0
    private let engine: TorchEngine

    init(_ model: TrainedModel, weightDecay: Double) throws {
        engine = model.engine
        let engine = engine
        func entries(_ decays: Bool) throws -> [Entry] {
            try model.trained.filter { Self.decays($0, model.configuration.family) == decays }.map {
                Entry(parameter: $0, mean: try engine.zeros(like: $0), square: try engine.zeros(like: $0))
            }
        }
        groups = [(try entries(false), 0), (try entries(true), weightDecay)]
    }

    /// Whether a parameter decays. Chinese-CLIP goes by names alone, so that a BERT's `LayerNorm.weight` decays; open_clip leaves out
    /// whatever is no matrix too.
    static func decays(_ parameter: TorchParameter, _ family: CLIPConfiguration.Family) -> Bool {
        let isExcluded = ["bn", "ln", "bias", "logit_scale"].contains { parameter.name.contains($0) }
        return !isExcluded && (family == .chineseCLIP || parameter.shape.count > 1)
    }

    /// All entries in the order of an optimiser's state.
    var entries: [Entry] { groups.flatMap(\.entries) }

    /// A step with the gradients that the parameters have.
    func step(rate: Double, _ options: TrainingOptions) throws {
        steps += 1
        for group in groups where !group.entries.isEmpty {
            try engine.stepAdamW(
                group.entries.map(\.parameter), means: group.entries.map(\.mean), squares: group.entries.map(\.square),
                step: steps, rate: rate, beta1: options.beta1, beta2: options.beta2, epsilon: options.epsilon,
                decay: group.decay)
        }
    }
}
