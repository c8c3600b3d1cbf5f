internal import Diptych
internal import DiptychCheckpoints
internal import DiptychEngine
internal import DiptychModels
internal import DiptychTorch

/// A model on an engine that records gradients.
final class TrainedModel {
    let engine: TorchEngine
    let configuration: CLIPConfiguration
    /// The parameter whose exponential multiplies cosines.
    let scale: TorchValue
    /// What is added to logits in models whose scores are sigmoids.
    let bias: TorchValue?
    /// The parameters in PyTorch's order.
    let parameters: [TorchParameter]
    /// Those that are trained.
    let trained: [TorchParameter]
    private let images: (TorchEngine.Pixels) throws -> TorchEngine.Tensor
    private let texts: (TorchEngine.Tokens) throws -> TorchEngine.Tensor
    /// How often batch normalisations have taken statistics, as `num_batches_tracked` counts it.
    private(set) var passes = 0
    /// What a training step does.
    private let training: TorchTraining

    /// - Parameters:
    ///   - weights: the tensors to start from, under the names that `configuration` has.
    ///   - addsBias: whether a model without `logit_bias` gets one, as the sigmoid loss wants.
    init(
        _ weights: Checkpoint, _ configuration: CLIPConfiguration, plugin: TorchPlugin, device: TorchDevice,
        threads: Int,
        _ options: TrainingOptions
    ) throws {
        var configuration = configuration
        if let dropout = options.dropout {
            (configuration.text.hiddenDropout, configuration.text.attentionDropout) = (dropout, dropout)
        }
        let frozen = FrozenParameters(configuration, options)
        let engine = try TorchEngine(
            plugin, device: device, precision: [.amp, .fp16].contains(options.precision) ? .bf16 : .fp32,
            threads: threads,
            recordsGradients: true, computesInDoubles: options.precision == .fp64, isFrozen: frozen.contains)
        var tensors = weights.tensors
        if options.loss == .sigmoid, tensors["logit_bias"] == nil {
            tensors["logit_bias"] = TensorView(name: "logit_bias", shape: [], floats: [-10])
        }
        let root = Parameters(Checkpoint(path: weights.path, tensors: tensors))
        let (vision, text) = try (
            VisionTower(root, configuration, engine: engine), TextTower(root, configuration, engine: engine)
        )
        func number(_ name: String) throws -> TorchValue {
            try engine.scalar(root.tensor(name, shape: root.shape(of: name) == [1] ? [1] : []))
        }
        scale = try number("logit_scale")
        bias = root.contains("logit_bias") ? try number("logit_bias") : nil
        (images, texts) = ({ try vision($0) }, { try text($0) })
        (self.engine, self.configuration) = (engine, configuration)
        let byName = Dictionary(uniqueKeysWithValues: engine.parameters.map { ($0.name, $0) })
        parameters = ParameterOrder.sorted(byName.keys).compactMap { byName[$0] }
        trained = parameters.filter { !frozen.contains($0.name) }
        var training = TorchTraining()
        (training.maskRatio, training.recomputes) = (options.maskRatio, options.recomputes)
        training.synchronisesStatistics = options.synchronisesStatistics
        self.training = training
        passes =
            weights.tensors.first { $0.key.hasSuffix(".num_batches_tracked") }?.value.integers().first.map(Int.init)
            ?? 0
        guard !trained.isEmpty else { throw TrainingError("every parameter is frozen; there is nothing to train") }
    }

    /// The features of a batch, rows of length 1.
    ///
    /// - Parameter masks: whether patches are left out, where the options want that.
    func features(_ batch: TrainingBatch, masks: Bool = true) throws -> (images: TorchValue, texts: TorchValue) {
        if engine.training != nil {
            engine.training?.maskRatio = masks ? training.maskRatio : 0
            passes += 1
        }
        return try (
            engine.unit(engine.value(of: images(engine.pixels(batch.pixels)))),
            engine.unit(engine.value(of: texts(engine.tokens(batch.texts))))
        )
    }

    /// Goes over to training steps or to evaluation.
    func setTraining(_ isTraining: Bool) { engine.training = isTraining ? training : nil }

    /// Goes on counting where a checkpoint was.
    func setPasses(_ passes: Int) { self.passes = passes }

    /// The factor of cosines, as the parameter has it: a logarithm.
    func scaleNumber() throws -> Double { try engine.number(of: scale) }
}

/// The parameters that options keep as they are.
struct FrozenParameters {
    private let isFrozen: (String) -> Bool

    init(_ configuration: CLIPConfiguration, _ options: TrainingOptions) {
        let visionPlace = configuration.names == .huggingFace ? ["vision_model.", "visual_projection."] : ["visual."]
        let others: Set = ["logit_scale", "logit_bias"]
        let (visionLayers, textLayers) = (configuration.vision.layers, configuration.text.layers)
        isFrozen = { name in
            guard !others.contains(name) else { return false }
            if visionPlace.contains(where: name.hasPrefix) {
                guard options.freezesVision else { return false }
                return !Self.isUnlocked(name, layers: visionLayers, groups: options.unlockedVisionGroups)
            }
            guard options.freezesText else { return false }
            return !Self.isUnlocked(name, layers: textLayers, groups: options.unlockedTextGroups)
        }
    }

    func contains(_ name: String) -> Bool { isFrozen(name) }

    /// Whether a parameter is of the last `groups`: the projection, then the last block with what follows it, then one block a group, at
    /// last what stands before the blocks; as open_clip's `VisionTransformer.lock` divides them.
    private static func isUnlocked(_ name: String, layers: Int, groups: Int) -> Bool {
        guard groups > 0 else { return false }
        let parts = name.split(separator: ".")
        let isProjection =
            ["proj", "text_projection", "visual_projection", "head"].contains { parts.contains(Substring($0)) }
            && !parts.contains { $0 == "resblocks" || $0 == "layers" || $0 == "layer" }
        if isProjection { return true }
        for (place, part) in parts.enumerated() where ["resblocks", "layers", "layer"].contains(part) {
            guard place + 1 < parts.count, let block = Int(parts[place + 1]) else { continue }
            return layers - block < groups
        }
        let isLast = ["ln_post", "post_layernorm", "ln_final", "final_layer_norm", "attnpool"].contains {
            parts.contains(Substring($0))
        }
        return isLast ? groups > 1 : groups > layers + 1
    }
}
