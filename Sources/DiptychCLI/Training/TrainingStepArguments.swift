public import ArgumentParser
import Diptych
public import DiptychTraining

extension TrainingOptions.Precision: ExpressibleByArgument {}
extension TrainingOptions.Schedule: ExpressibleByArgument {}

/// How steps are made: batches, optimiser, loss.
struct TrainingStepArguments: ParsableArguments {
    @Option(parsing: .unconditional, help: "Pairs of a batch, of each process.")
    var batchSize = 64

    @Option(parsing: .unconditional, help: "Batches of a step; each sees the features of all.")
    var accumFreq = 1

    @Option(parsing: .unconditional, help: "Steps of the run (default: as --max-epochs says).")
    var maxSteps: Int?

    @Option(
        name: [.customLong("max-epochs"), .customLong("epochs")], parsing: .unconditional, help: "Passes over the data."
    )
    var maxEpochs = 32

    @Option(parsing: .unconditional, help: "The most tokens of a text (default: 52, or what the model reads).")
    var contextLength: Int?

    @Option(parsing: .unconditional, help: "The learning rate (default: by the model).")
    var lr: Double?

    @Option(parsing: .unconditional, help: "Adam's first beta (default: by the model).")
    var beta1: Double?

    @Option(parsing: .unconditional, help: "Adam's second beta (default: by the model).")
    var beta2: Double?

    @Option(parsing: .unconditional, help: "Adam's epsilon (default: by the model).")
    var eps: Double?

    @Option(parsing: .unconditional, help: "Weight decay.")
    var wd = 0.2

    @Option(parsing: .unconditional, help: "Steps over which the learning rate rises.")
    var warmup = 500

    @Option(help: "How the learning rate goes on: cosine or const.")
    var lrScheduler = TrainingOptions.Schedule.cosine

    @Flag(help: "Keep the learning rate after the warm-up, as --lr-scheduler const.")
    var skipScheduler = false

    @Option(parsing: .unconditional, help: "The greatest norm of all gradients (default: none).")
    var gradClipNorm: Double?

    @Option(help: "amp (bf16 for matrix products), fp16 (the same), fp32 or fp64.")
    var precision = TrainingOptions.Precision.amp

    @Option(parsing: .unconditional, help: "The share of patches that is left out of each image.")
    var maskRatio = 0.0

    @Option(parsing: .unconditional, help: "The dropout of a BERT (default: the model's).")
    var dropout: Double?

    @Flag(help: "Compute blocks again for their gradients, for less memory.")
    var gradCheckpointing = false

    @Flag(help: "Leave the image tower as it is.")
    var freezeVision = false

    @Flag(help: "The same; with --lock-image-unlocked-groups, all but its last groups of layers.")
    var lockImage = false

    @Option(parsing: .unconditional, help: "How many groups of layers of a locked image tower are trained.")
    var lockImageUnlockedGroups = 0

    @Flag(help: "Leave the text tower as it is.")
    var lockText = false

    @Option(parsing: .unconditional, help: "How many groups of layers of a locked text tower are trained.")
    var lockTextUnlockedLayers = 0

    @Flag(help: "A sigmoid for each pair instead of a softmax over the batch.")
    var siglip = false

    @Flag(help: "Compute the loss over the batch of each process alone.")
    var skipAggregate = false

    @Flag(help: "Send gradients back to the processes that features came from.")
    var gatherWithGrad = false

    @Flag(help: "Each process computes the loss of its own rows against all.")
    var localLoss = false

    @Flag(help: "Batch statistics of all processes.")
    var useBnSync = false

    @Option(parsing: .unconditional, help: "The seed of the order of data, of dropout and masks.")
    var seed: UInt64 = 123

    /// The options as the library takes them.
    func options(for model: CLIPModel) throws -> TrainingOptions {
        var options = TrainingOptions()
        let configuration = model.configuration
        let isResNet = if case .resNet = configuration.vision.architecture { true } else { false }
        options.takeDefaults(resNet: isResNet, large: !isResNet && configuration.vision.width == 1024)
        (options.batchSize, options.accumulation) = (batchSize, accumFreq)
        (options.maximumSteps, options.maximumEpochs) = (maxSteps, maxEpochs)
        options.contextLength = contextLength ?? model.tokenizer.contextLength
        options.learningRate = lr ?? options.learningRate
        (options.beta1, options.beta2) = (beta1 ?? options.beta1, beta2 ?? options.beta2)
        (options.epsilon, options.weightDecay) = (eps ?? options.epsilon, wd)
        (options.warmup, options.schedule) = (warmup, skipScheduler ? .constant : lrScheduler)
        (options.gradientNormLimit, options.precision) = (gradClipNorm, precision)
        (options.maskRatio, options.dropout, options.recomputes) = (maskRatio, dropout, gradCheckpointing)
        (options.freezesVision, options.unlockedVisionGroups) = (freezeVision || lockImage, lockImageUnlockedGroups)
        (options.freezesText, options.unlockedTextGroups) = (lockText, lockTextUnlockedLayers)
        options.loss = siglip || model.logits.bias != nil ? .sigmoid : .contrastive
        (options.aggregates, options.gathersGradients, options.isLocal) = (!skipAggregate, gatherWithGrad, localLoss)
        (options.synchronisesStatistics, options.seed) = (useBnSync, seed)
        if maskRatio > 0, configuration.vision.architecture != .transformer {
            Console.say(
                "note: --mask-ratio is of vision transformers with a class token; this model's images stay whole")
        }
        return options
    }
}
