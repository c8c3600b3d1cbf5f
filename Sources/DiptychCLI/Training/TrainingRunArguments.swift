import ArgumentParser
import Diptych
import DiptychTraining

/// What a run writes, and when.
struct TrainingRunArguments: ParsableArguments {
    @Option(help: "The folder of runs.")
    var logs = "./logs/"

    @Option(help: "The run's name: its folder.")
    var name = "train_clip"

    @Option(parsing: .unconditional, help: "Steps between lines of the log.")
    var logInterval = 10

    @Flag(help: "Put the accuracies in the batch into the log.")
    var reportTrainingBatchAcc = false

    @Option(parsing: .unconditional, help: "Pairs of a batch in validation.")
    var validBatchSize = 64

    @Option(parsing: .unconditional, help: "Steps between validations (default: none).")
    var validStepInterval: Int?

    @Option(parsing: .unconditional, help: "Epochs between validations.")
    var validEpochInterval = 1

    @Option(parsing: .unconditional, help: "Epochs between checkpoints that stay; 0 for the last alone.")
    var saveEpochFrequency = 1

    @Option(parsing: .unconditional, help: "Steps between checkpoints that stay; -1 for none.")
    var saveStepFrequency = -1

    @Option(parsing: .unconditional, help: "How many of the checkpoints of epochs and steps stay (default: all).")
    var keep: Int?

    @Flag(help: "Start with a new optimiser, whatever the checkpoint has.")
    var resetOptimizer = false

    @Flag(help: "Start at the first step, whatever the checkpoint says.")
    var resetDataOffset = false

    @Flag(help: "Learn to give a teacher's image features too.")
    var distillation = false

    @Option(
        name: [.customLong("teacher-model-name"), .customLong("teacher-model")],
        help: "The teacher: a model's directory or checkpoint file, or a name of `diptych models list`.")
    var teacherModel: String?

    @Option(
        name: [.customLong("kd_loss_weight"), .customLong("kd-loss-weight")], parsing: .unconditional,
        help: "The weight of the distance from the teacher's features.")
    var distillationWeight = 0.5

    func validate() throws {
        if distillation, teacherModel == nil { throw ValidationError("--distillation wants --teacher-model-name.") }
        if !distillation, teacherModel != nil {
            throw ValidationError("--teacher-model-name goes with --distillation.")
        }
    }

    /// The teacher, if there is one.
    func teacher() async throws -> CLIPModel? {
        guard distillation, let teacherModel else { return nil }
        return try await CLIPModel.load(try ModelLocation(teacherModel).path)
    }

    /// Puts what they say into `options`.
    func apply(to options: inout TrainingOptions) throws {
        (options.logInterval, options.reportsAccuracy) = (logInterval, reportTrainingBatchAcc)
        (options.validationBatchSize, options.validationSteps) = (validBatchSize, validStepInterval)
        options.validationEpochs = validEpochInterval
        options.saveEpochs = max(0, saveEpochFrequency)
        options.saveSteps = saveStepFrequency > 0 ? saveStepFrequency : nil
        options.keptCheckpoints = keep
        (options.resetsOptimizer, options.resetsOffset) = (resetOptimizer, resetDataOffset)
        options.distillationWeight = distillationWeight
    }
}

/// Options of scripts that have no meaning here.
struct TrainingUnusedArguments: ParsableArguments {
    @Flag(help: .hidden) var useFlashAttention = false
    @Flag(help: .hidden) var debug = false
    @Option(name: [.customLong("local_rank"), .customLong("local-rank")], parsing: .unconditional, help: .hidden)
    var localRank: Int?
    @Option(help: .hidden) var distBackend: String?

    /// What to say about those that are given.
    var notes: [String] {
        var notes: [String] = []
        if useFlashAttention {
            notes.append("--use-flash-attention changes nothing: libtorch chooses the attention itself")
        }
        if debug { notes.append("--debug changes nothing: the log has all lines") }
        if localRank != nil { notes.append("--local-rank changes nothing: --processes says how many there are") }
        if distBackend != nil { notes.append("--dist-backend changes nothing: the device decides") }
        return notes
    }
}
