import ArgumentParser
import Diptych
import DiptychDatasets
import DiptychTorch
import DiptychTraining
import Foundation

struct TrainPairsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pairs",
        abstract: "Train a model on pairs of images and texts.",
        discussion: """
            A run lies in LOGS/NAME: out_*.log, params_*.txt, metrics.jsonl, checkpoints/epoch_N.pt, best/. The same command goes \
            on where it was. Options and defaults are Chinese-CLIP's; --siglip, --local-loss, --lock-image, --grad-clip-norm and \
            --lr-scheduler are open_clip's.

            Example: diptych train --model clip_cn_vit-b-16.pt --train-data lmdb/train --val-data lmdb/valid --batch-size 128
            """)

    @OptionGroup var start: StartArguments
    @OptionGroup var data: TrainingDataArguments
    @OptionGroup var steps: TrainingStepArguments
    @OptionGroup var run: TrainingRunArguments
    @OptionGroup var processes: ProcessArguments
    @OptionGroup var unused: TrainingUnusedArguments

    @Flag(name: .customLong("dry-run"), help: "Print the plan and what it will take, and train nothing.")
    var isDryRun = false

    @Flag(help: "No log on standard error.")
    var quiet = false

    func run() async throws {
        if !isDryRun, try processes.startsOthers() { return try await processes.run() }
        let isFirst = try processes.place()?.rank ?? 0 == 0
        let quiet = quiet || !isFirst
        let notes = DatasetNotes()
        let model = try await start.load(steps.seed)
        var options = try steps.options(for: model)
        try run.apply(to: &options)
        data.apply(to: &options)
        try options.check()
        for note in unused.notes where !quiet { Console.say("note: \(note)") }
        let pairs = try await data.training(notes)
        let validation = try await data.validation(notes)
        if isDryRun { return try await printPlan(model, pairs, options, notes) }
        let engine = try start.computing(processes)
        defer { engine.group?.leave() }
        notes.report(isQuiet: quiet)
        var trainer = Trainer(model: model, engine: engine, folder: nil, options: options)
        (trainer.name, trainer.resume) = (run.name, start.resume)
        trainer.shouldStop = { ProcessArguments.isOrphan }
        trainer.teacher = try await run.teacher()
        try trainer.plan(pairs: pairs.count).requireMemory()
        trainer.folder = try RunFolder(logs: run.logs, name: run.name, date: Date())
        trainer.parameters = parameters(options)
        let isQuiet = quiet
        let summary = try await trainer.train(on: pairs, validation: validation) { event in
            if case .line(let line) = event, !isQuiet { Console.say(line) }
        }
        if summary.wasStopped {
            if isFirst {
                Console.say(
                    "diptych: stopped after step \(summary.steps) of \(summary.totalSteps); the same command goes on")
            }
            throw Signals.status
        }
        guard isFirst else { return }
        let skipped = summary.skipped == 0 ? "" : ", \(summary.skipped) broken pairs were replaced by the next ones"
        try StandardOutput.line(
            "trained \(summary.steps) of \(summary.totalSteps) steps"
                + (summary.loss.map { ", loss \(fixed($0))" } ?? "") + skipped)
        if let path = summary.checkpoint { try StandardOutput.line(path) }
        if summary.skipped > 0 { throw ExitStatus.skippedInputs }
    }

    /// Prints what the run will take; the time is measured where there is an engine that trains.
    private func printPlan(
        _ model: CLIPModel, _ pairs: any ImageTextPairs, _ options: TrainingOptions, _ notes: DatasetNotes
    ) async throws {
        let plan = try TrainingPlan(
            of: model, pairs: pairs.count, processes: processes.processes * processes.nodes, options)
        notes.report(isQuiet: quiet)
        for line in plan.lines { try StandardOutput.line(line) }
        do {
            let trainer = Trainer(model: model, engine: try start.computing(), folder: nil, options: options)
            let time = try await trainer.stepTime(on: pairs)
            let minutes = time.seconds * Double(plan.steps) / 60
            try StandardOutput.line(
                "minutes: about \(String(format: "%.1f", minutes)) (\(String(format: "%.2f", time.seconds)) s a step, from steps of "
                    + "\(time.measured) pairs on this machine)")
        } catch { try StandardOutput.line("minutes: not measured (\(error))") }
    }

    private func fixed(_ value: Double) -> String { String(format: "%.6f", value) }

    /// The values of options by the names that Chinese-CLIP's log has for them.
    private func parameters(_ options: TrainingOptions) -> [(name: String, value: String)] {
        func text(_ value: (some Any)?) -> String { value.map { "\($0)" } ?? "None" }
        func text(_ value: Bool) -> String { value ? "True" : "False" }
        return [
            ("train_data", data.trainData), ("val_data", text(data.valData)), ("batch_size", "\(options.batchSize)"),
            ("valid_batch_size", "\(options.validationBatchSize)"), ("max_epochs", "\(options.maximumEpochs)"),
            ("max_steps", text(options.maximumSteps)), ("lr", "\(options.learningRate)"), ("beta1", "\(options.beta1)"),
            ("beta2", "\(options.beta2)"), ("eps", "\(options.epsilon)"), ("wd", "\(options.weightDecay)"),
            ("warmup", "\(options.warmup)"), ("accum_freq", "\(options.accumulation)"),
            ("context_length", "\(options.contextLength)"), ("precision", options.precision.rawValue),
            ("seed", "\(options.seed)"), ("mask_ratio", "\(options.maskRatio)"),
            ("use_augment", text(options.augments)), ("freeze_vision", text(options.freezesVision)),
            ("grad_checkpointing", text(options.recomputes)), ("skip_aggregate", text(!options.aggregates)),
            ("gather_with_grad", text(options.gathersGradients)), ("name", run.name), ("logs", run.logs),
            ("resume", text(start.resume)), ("reset_optimizer", text(options.resetsOptimizer)),
            ("reset_data_offset", text(options.resetsOffset)), ("log_interval", "\(options.logInterval)"),
            ("report_training_batch_acc", text(options.reportsAccuracy)),
            ("save_epoch_frequency", "\(options.saveEpochs)"), ("save_step_frequency", "\(options.saveSteps ?? -1)"),
            ("valid_step_interval", text(options.validationSteps)),
            ("valid_epoch_interval", text(options.validationEpochs)),
            ("skip_scheduler", text(options.schedule == .constant)),
            ("distillation", text(run.distillation)), ("kd_loss_weight", "\(options.distillationWeight)"),
            ("teacher_model_name", text(run.teacherModel)), ("num_workers", "\(options.workers)"),
            ("vision_model", text(start.visionModel)), ("text_model", text(start.textModel)),
        ]
    }
}
