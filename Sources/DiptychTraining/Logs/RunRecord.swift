/// The log and the files of numbers of a run.
struct RunRecord {
    /// The log.
    let log: TrainingLog
    private let metrics: MetricsFile?
    private let validations: MetricsFile?
    private let events: EventFile?

    /// Opens the files.
    ///
    /// - Parameters:
    ///   - folder: where they lie; nil to write none.
    ///   - steps: the steps that are done.
    init(_ log: TrainingLog, _ folder: RunFolder?, steps: Int) throws {
        self.log = log
        metrics = try folder.map { try MetricsFile(path: $0.metrics, steps: steps) }
        validations = try folder.map { try MetricsFile(path: $0.validations, steps: steps) }
        events = folder.flatMap { EventFile(folder: $0.path) }
    }

    /// What stands about a step besides its result.
    struct StepFacts {
        let totalSteps: Int
        /// The pairs of a step of all processes.
        let pairsOfStep: Int
        /// The pairs of an epoch, with those that fill up its last batch.
        let padded: Int
        let rate: Double
        let scale: Double
        /// Seconds of waiting for the batch.
        let loading: Double
        /// Seconds of the whole step.
        let whole: Double
        let reportsAccuracy: Bool
    }

    /// Writes a step, as Chinese-CLIP's line has it.
    func step(_ result: StepResult, _ position: TrainingPosition, _ facts: StepFacts) {
        let share = 100 * Double(position.stepInEpoch) / Double(position.stepsPerEpoch)
        log.info(
            "Global Steps: \(position.steps)/\(facts.totalSteps) | Train Epoch: \(position.epoch + 1) "
                + "[\(position.stepInEpoch * facts.pairsOfStep)/\(facts.padded) (\(fixed(share, 0))%)] | Loss: "
                + "\(fixed(result.loss, 6)) | "
                + (facts.reportsAccuracy
                    ? "Image2Text Acc: \(fixed(result.imageToText * 100, 2)) | Text2Image Acc: "
                        + "\(fixed(result.textToImage * 100, 2)) | " : "")
                + "Data Time: \(fixed(facts.loading, 3))s | Batch Time: \(fixed(facts.whole, 3))s | LR: "
                + "\(fixed(facts.rate, 6)) | logit_scale: \(fixed(facts.scale, 3)) | Global Batch Size: \(facts.pairsOfStep)"
        )
        write(
            [
                ("loss", result.loss), ("lr", facts.rate), ("logit_scale", facts.scale),
                ("i2t_acc", result.imageToText),
                ("t2i_acc", result.textToImage),
                ("pairs_per_second", Double(facts.pairsOfStep) / max(facts.whole, 1e-9)),
                ("gradient_norm", result.gradientNorm),
            ], to: metrics, position.steps, epoch: position.epoch + 1)
    }

    /// Writes a validation.
    func validation(
        _ result: Validation.Result, _ position: TrainingPosition, scale: Double, batchSize: Int, epoch: Int
    ) {
        log.info(
            "Validation Result (epoch \(epoch) @ \(position.steps) steps) | Valid Loss: \(fixed(result.loss, 6)) | "
                + "Image2Text Acc: \(fixed(result.imageToText * 100, 2)) | Text2Image Acc: "
                + "\(fixed(result.textToImage * 100, 2)) | logit_scale: \(fixed(scale, 3)) | Valid Batch Size: \(batchSize)"
        )
        write(
            [
                ("valid_loss", result.loss), ("valid_i2t_acc", result.imageToText),
                ("valid_t2i_acc", result.textToImage),
            ], to: validations, position.steps, epoch: epoch)
    }

    private func write(_ numbers: [(String, Double)], to file: MetricsFile?, _ steps: Int, epoch: Int) {
        file?.write([("step", .int(steps)), ("epoch", .int(epoch))] + numbers.map { ($0.0, .double($0.1)) })
        events?.write(step: steps, numbers)
    }
}
