internal import DiptychCheckpoints
internal import DiptychModels

extension CLIPModel {
    /// The model whose weights are a mean of those of several models: between a model and what training made of it (WiSE-FT; Wortsman et
    /// al. 2021, "Robust fine-tuning of zero-shot models"), or of several runs from one start (model soups; Wortsman et al. 2022).
    ///
    /// The first model gives the tokenizer, the preprocessing and the names of its weights. Memory is that of the weights in fp32.
    ///
    ///     let mixed = try CLIPModel.mixed([(original, 0.3), (tuned, 0.7)])
    ///
    /// - Parameter parts: the models with their shares, whose sum is 1.
    /// - Throws: ``ModelError`` for models of other sizes, or shares that do not add up; `CheckpointError`.
    public static func mixed(_ parts: [(model: CLIPModel, share: Double)]) throws -> CLIPModel {
        guard let first = parts.first?.model else { throw ModelError("there are no models to mix") }
        guard parts.allSatisfy(\.share.isFinite), abs(parts.reduce(0) { $0 + $1.share } - 1) < 1e-6 else {
            throw ModelError("the shares of mixed models must add up to 1")
        }
        let all = try parts.map { try $0.model.configuration.trainingTensors(of: $0.model.checkpoint) }
        let (configuration, checkpoint) = (all[0].configuration, all[0].checkpoint)
        let names = checkpoint.tensors.keys.filter { !CLIPConfiguration.isNoParameter($0) }
        for (part, other) in zip(parts, all).dropFirst() {
            try require(part.model, other.checkpoint, toBeLike: first, checkpoint, names)
        }
        var tensors: [String: TensorView] = [:]
        for name in names {
            guard let tensor = checkpoint.tensors[name] else { continue }
            var sums = [Float](repeating: 0, count: tensor.count)
            for (part, other) in zip(parts, all) {
                guard let values = other.checkpoint.tensors[name] else { continue }
                let share = Float(part.share)
                for (index, value) in values.floats().enumerated() { sums[index] += share * value }
                values.releasePages()
            }
            tensors[name] = TensorView(name: name, shape: tensor.shape, floats: sums)
        }
        return try first.with(Checkpoint(path: first.path, tensors: tensors), configuration)
    }

    private static func require(
        _ model: CLIPModel, _ checkpoint: Checkpoint, toBeLike first: CLIPModel, _ other: Checkpoint, _ names: [String]
    ) throws {
        let theirs = checkpoint.tensors.keys.filter { !CLIPConfiguration.isNoParameter($0) }
        if let name = Set(theirs).symmetricDifference(names).min() {
            let (has, lacks) = theirs.contains(name) ? (model, first) : (first, model)
            throw ModelError(
                "\(has.path) has the tensor '\(name)' and \(lacks.path) has not; only models of one architecture are mixed"
            )
        }
        for name in names.sorted() {
            let (mine, own) = (checkpoint.tensors[name]?.shape ?? [], other.tensors[name]?.shape ?? [])
            // A scalar may be written as a list of one.
            guard mine == own || mine.reduce(1, *) == 1 && own.reduce(1, *) == 1 else {
                throw ModelError(
                    "'\(name)' has the shape \(mine) in \(model.path) and \(own) in \(first.path); only models of the same size "
                        + "are mixed")
            }
        }
    }
}
