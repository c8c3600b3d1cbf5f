internal import DiptychCheckpoints
internal import DiptychTorch
internal import Foundation

/// Where a run is: what a checkpoint says beside weights and optimiser.
struct TrainingPosition: Equatable {
    /// The epoch that the next step belongs to, from 0.
    var epoch = 0
    /// The steps of that epoch that are done.
    var stepInEpoch = 0
    /// The steps of the run that are done.
    var steps = 0
    /// The lowest loss in validation.
    var bestLoss: Double?
    /// The steps of an epoch; another number means other data or batches.
    var stepsPerEpoch = 0
}

/// Writes and reads checkpoints in Chinese-CLIP's layout: `{epoch, step, name, state_dict, optimizer}`, the names of the state dict
/// with `module.` before them.
///
/// One more key, `diptych`, has what exact resuming needs; other programs ignore it.
struct TrainingCheckpoint {
    let model: TrainedModel
    let optimizer: AdamWOptimizer
    /// The run's name.
    let name: String
    let options: TrainingOptions
    let group: TorchGroup?

    private static let prefix = "module."

    // MARK: Writing

    /// Writes a checkpoint; it appears at `path` when it is complete.
    ///
    /// - Parameters:
    ///   - epoch: the number that Chinese-CLIP would state, from 1.
    ///   - random: the states of all processes' random numbers.
    func write(to path: String, epoch: Int, _ position: TrainingPosition, rate: Double, random: [UInt8]) throws {
        let engine = model.engine
        let isDouble = engine.computesInDoubles
        // The engine is used by this thread alone, which writes.
        nonisolated(unsafe) let unsafeEngine = engine
        func written(_ parameter: TorchParameter) -> PyTorchValue {
            nonisolated(unsafe) let parameter = parameter
            return .written(
                isDouble
                    ? .doubles(parameter.shape) { try unsafeEngine.doubles(of: parameter) }
                    : .floats(parameter.shape) { try unsafeEngine.floats(of: parameter) })
        }
        var state: [(key: PyTorchValue, value: PyTorchValue)] = model.parameters.map {
            (.string(Self.prefix + $0.name), written($0))
        }
        for statistic in engine.runningStatistics {
            state.append((.string(Self.prefix + statistic.name), written(statistic)))
            guard statistic.name.hasSuffix(".running_var") else { continue }
            let counter = statistic.name.dropLast("running_var".count) + "num_batches_tracked"
            state.append((.string(Self.prefix + counter), .written(.integers([], [Int64(model.passes)]))))
        }
        let own: PyTorchValue = .dictionary([
            (.string("epoch_index"), .int(position.epoch)), (.string("step_in_epoch"), .int(position.stepInEpoch)),
            (.string("steps_per_epoch"), .int(position.stepsPerEpoch)),
            (.string("best_loss"), position.bestLoss.map(PyTorchValue.double) ?? .none),
            (.string("passes"), .int(model.passes)), (.string("random"), .written(.bytes(random))),
        ])
        try PyTorchWriter.write(
            .dictionary([
                (.string("epoch"), .int(epoch)), (.string("step"), .int(position.steps)),
                (.string("name"), .string(name)), (.string("state_dict"), .ordered(state)),
                (.string("optimizer"), optimizerState(rate: rate, written)), (.string("diptych"), own),
            ]), to: path)
    }

    /// `AdamW.state_dict()` of PyTorch.
    private func optimizerState(rate: Double, _ written: (TorchParameter) -> PyTorchValue) -> PyTorchValue {
        var states: [(key: PyTorchValue, value: PyTorchValue)] = []
        var groups: [PyTorchValue] = []
        var number = 0
        for group in optimizer.groups {
            let first = number
            for entry in group.entries {
                defer { number += 1 }
                guard optimizer.steps > 0 else { continue }
                let steps = Float(optimizer.steps)
                states.append(
                    (
                        .int(number),
                        .dictionary([
                            (.string("step"), .written(.floats([]) { [steps] })),
                            (.string("exp_avg"), written(entry.mean)),
                            (.string("exp_avg_sq"), written(entry.square)),
                        ])
                    ))
            }
            groups.append(
                .dictionary([
                    (.string("lr"), .double(rate)),
                    (.string("betas"), .tuple([.double(options.beta1), .double(options.beta2)])),
                    (.string("eps"), .double(options.epsilon)), (.string("weight_decay"), .double(group.decay)),
                    (.string("amsgrad"), .bool(false)), (.string("maximize"), .bool(false)),
                    (.string("foreach"), .none), (.string("capturable"), .bool(false)),
                    (.string("differentiable"), .bool(false)), (.string("fused"), .none),
                    (.string("decoupled_weight_decay"), .bool(true)),
                    (.string("params"), .list((first..<number).map { .int($0) })),
                ]))
        }
        return .dictionary([(.string("state"), .dictionary(states)), (.string("param_groups"), .list(groups))])
    }

    /// The bytes of a checkpoint, about.
    static func byteCount(parameters: Int, trained: Int, isDouble: Bool) -> Int {
        (parameters + 2 * trained) * (isDouble ? 8 : 4) + (1 << 20)
    }

    // MARK: Reading

    /// Goes on where the checkpoint at `path` was, as far as options want that.
    ///
    /// - Returns: where the run is; the beginning where offsets are reset.
    /// - Throws: `CheckpointError`, ``TrainingError`` for a checkpoint of another model or of other data.
    func restore(from path: String, stepsPerEpoch: Int) throws -> (TrainingPosition, notes: [String]) {
        let contents = try PyTorchFile.contents(of: path)
        var notes: [String] = []
        try restoreWeights(contents, path)
        let own = contents["diptych"]
        if let passes = own?["passes"]?.int, passes >= 0 { model.setPasses(passes) }
        if !options.resetsOptimizer {
            if let state = contents["optimizer"], state["state"] != nil {
                try restoreOptimizer(state, path)
            } else {
                notes.append("\(path) has no state of an optimiser; it starts anew")
            }
        }
        var position = TrainingPosition()
        position.stepsPerEpoch = stepsPerEpoch
        guard !options.resetsOffset else { return (position, notes) }
        guard let epoch = contents["epoch"]?.int, let step = contents["step"]?.int, (0...1 << 31).contains(epoch),
            (0...1 << 40).contains(step), stepsPerEpoch < 1 << 31
        else {
            notes.append("\(path) does not say at which epoch and step it is; training starts at the first")
            return (position, notes)
        }
        position.steps = step
        guard let own, let index = own["epoch_index"]?.int, let done = own["step_in_epoch"]?.int else {
            // Chinese-CLIP goes on with the next epoch, also from the middle of one.
            (position.epoch, position.steps) = (epoch, epoch * stepsPerEpoch)
            return (position, notes)
        }
        guard own["steps_per_epoch"]?.int == stepsPerEpoch, (0...1 << 40).contains(index),
            (0...stepsPerEpoch).contains(done)
        else {
            throw TrainingError(
                "\(path): an epoch had \(own["steps_per_epoch"]?.int ?? 0) steps there and has \(stepsPerEpoch) here; go on with "
                    + "the same data, --batch-size, --accum-freq and processes, or start at the first step with "
                    + "--reset-data-offset")
        }
        (position.epoch, position.stepInEpoch) = (index, done)
        if case .double(let loss)? = own["best_loss"] { position.bestLoss = loss }
        if let random = own["random"]?.tensor, random.elementType == .uint8 {
            let (each, rank) = (try model.engine.generatorState().count, group?.rank ?? 0)
            // Of fewer processes than now, the others go on with the first one's.
            let start = random.bytes.count >= (rank + 1) * each ? rank * each : 0
            if random.bytes.count >= each {
                try model.engine.setGeneratorState(Array(random.bytes[start..<start + each]))
            }
        }
        return (position, notes)
    }

    private func restoreWeights(_ contents: PyTorchValue, _ path: String) throws {
        guard case .dictionary(let state)? = contents["state_dict"] else {
            throw TrainingError(
                "\(path): has no 'state_dict', as a checkpoint to resume has; give weights alone with --model")
        }
        var tensors: [String: TensorView] = [:]
        for (key, value) in state {
            guard let name = key.string, let tensor = value.tensor else { continue }
            tensors[name.hasPrefix(Self.prefix) ? String(name.dropFirst(Self.prefix.count)) : name] = tensor
        }
        for parameter in model.parameters + model.engine.runningStatistics {
            guard let tensor = tensors[parameter.name] else {
                throw TrainingError("\(path): is of another model: it has no '\(parameter.name)'")
            }
            try assign(tensor, to: parameter, path)
        }
    }

    private func restoreOptimizer(_ state: PyTorchValue, _ path: String) throws {
        let entries = optimizer.entries
        let counts = state["param_groups"]?.list?.compactMap { $0["params"]?.list?.count } ?? []
        guard counts == optimizer.groups.map(\.entries.count) else {
            throw TrainingError(
                "\(path): its optimiser has \(counts) parameters and this run \(optimizer.groups.map(\.entries.count)); freeze the "
                    + "same ones, or start with a new one: --reset-optimizer")
        }
        guard case .dictionary(let states)? = state["state"] else { return }
        let numbers = Dictionary(
            states.compactMap { pair in if case .int(let number) = pair.key { (number, pair.value) } else { nil } }
        ) { $1 }
        var steps = 0
        for (number, entry) in entries.enumerated() {
            guard let known = numbers[number] else { continue }
            guard let mean = known["exp_avg"]?.tensor, let square = known["exp_avg_sq"]?.tensor,
                let step = known["step"]?.int, (0...1 << 40).contains(step)
            else {
                throw TrainingError("\(path): the state of '\(entry.parameter.name)' in its optimiser is not AdamW's")
            }
            try assign(mean, to: entry.mean, path)
            try assign(square, to: entry.square, path)
            steps = max(steps, step)
        }
        optimizer.steps = steps
    }

    private func assign(_ tensor: TensorView, to parameter: TorchParameter, _ path: String) throws {
        guard tensor.shape == parameter.shape || tensor.count == 1 && parameter.count == 1,
            tensor.elementType.isFloatingPoint
        else {
            throw TrainingError(
                "\(path): is of another model: '\(parameter.name)' has the shape \(tensor.shape) there and "
                    + "\(parameter.shape) here")
        }
        if tensor.elementType == .float64 {
            try model.engine.assign(tensor.doubles(), to: parameter)
        } else {
            try model.engine.assign(tensor.floats(), to: parameter)
        }
    }
}
