internal import CTorch
public import DiptychCheckpoints
internal import DiptychEngine

/// A parameter or statistic of a model in training.
public struct TorchParameter {
    /// Its name in the checkpoint.
    public let name: String
    /// Its extents.
    public let shape: [Int]
    /// Its numbers.
    public let value: TorchValue
    /// The number of its numbers.
    public var count: Int { shape.reduce(1, *) }
}

extension TorchEngine {
    /// The leaf of a parameter that no layer takes, such as `logit_scale`.
    public func scalar(_ view: TensorView) throws -> TorchValue { try parameter(view) }

    /// The parameters by their names: all that a layer was prepared of.
    public var parameters: [TorchParameter] { Self.sorted(leaves) }

    /// The running means and variances of batch normalisations by their names.
    public var runningStatistics: [TorchParameter] { Self.sorted(statistics) }

    private static func sorted(_ leaves: [String: Leaf]) -> [TorchParameter] {
        leaves.sorted { $0.key < $1.key }
            .map { TorchParameter(name: $0.key, shape: $0.value.shape, value: $0.value.value) }
    }

    /// The numbers of a parameter, as fp64 has them.
    public func doubles(of parameter: TorchParameter) throws -> [Double] {
        try plugin.doubles(of: parameter.value, count: parameter.count)
    }

    /// The numbers of a parameter, as fp32 has them.
    public func floats(of parameter: TorchParameter) throws -> [Float] {
        try plugin.floats(of: parameter.value, count: parameter.count)
    }

    /// Puts other numbers into a parameter, or what an optimiser keeps for it.
    ///
    /// - Throws: ``EngineError`` where their number differs.
    public func assign(_ values: [Float], to parameter: TorchParameter) throws {
        guard values.count == parameter.count else { throw Self.mismatch(parameter, values.count) }
        let source = try plugin.tensor(values, shape: parameter.shape, device: device, type: type(.stream))
        try assign(source, to: parameter.value)
    }

    /// The same with numbers of fp64.
    public func assign(_ values: [Double], to parameter: TorchParameter) throws {
        guard values.count == parameter.count else { throw Self.mismatch(parameter, values.count) }
        let source = try plugin.tensor(values, shape: parameter.shape, device: device, type: type(.stream))
        try assign(source, to: parameter.value)
    }

    private static func mismatch(_ parameter: TorchParameter, _ count: Int) -> EngineError {
        EngineError("'\(parameter.name)' has \(parameter.count) numbers, and \(count) are given")
    }

    private func assign(_ source: TorchValue, to value: TorchValue) throws {
        let functions = plugin.functions
        let status = plugin.withPointers([value, source]) { functions.assign($0[0], $0[1]) }
        guard status == 0 else { throw plugin.lastError }
    }

    // MARK: Gradients

    /// Computes the gradient of every leaf that `loss` follows from, added to what it has.
    public func backward(from loss: TorchValue) throws { try plugin.run(loss) { $0.backward($1) } }

    /// What `body` gives, of which nothing is recorded for gradients.
    public func withoutGradients<Result>(_ body: () throws -> Result) throws -> Result {
        _ = plugin.functions.set_recording(0)
        defer { _ = plugin.functions.set_recording(1) }
        return try body()
    }

    /// Forgets the gradients of all parameters.
    public func clearGradients() throws {
        for leaf in leaves.values { try plugin.run(leaf.value) { $0.clear_gradient($1) } }
    }

    /// The names of the parameters that are leaves.
    public var parameterNames: [String] { leaves.keys.sorted() }

    /// The gradient of the parameter called `name`, of `count` numbers.
    ///
    /// - Throws: ``EngineError`` where there is no such leaf, or it has no gradient.
    public func gradient(of name: String, count: Int) throws -> [Float] {
        guard let leaf = leaves[name] else { throw EngineError("there is no parameter called '\(name)'") }
        return try plugin.floats(of: gradient(of: leaf.value), count: count)
    }

    /// The gradient of a leaf, whose numbers are those that the next step takes.
    ///
    /// - Throws: ``EngineError`` where it has none.
    public func gradient(of value: TorchValue) throws -> TorchValue { try plugin.make(value) { $0.gradient($1) } }

    /// The Euclidean norm of the gradients of `parameters` together.
    public func gradientNorm(of parameters: [TorchParameter]) throws -> Double {
        var norm = 0.0
        let functions = plugin.functions
        let status = plugin.withPointers(parameters.map(\.value)) {
            functions.gradient_norm($0, Int32(clamping: $0.count), &norm)
        }
        guard status == 0 else { throw plugin.lastError }
        return norm
    }

    /// Multiplies the gradients of `parameters`.
    public func scaleGradients(of parameters: [TorchParameter], by factor: Double) throws {
        let functions = plugin.functions
        let status = plugin.withPointers(parameters.map(\.value)) {
            functions.scale_gradients($0, Int32(clamping: $0.count), factor)
        }
        guard status == 0 else { throw plugin.lastError }
    }

    // MARK: Steps

    /// Zeros in the shape of a parameter, for what an optimiser keeps.
    public func zeros(like parameter: TorchParameter) throws -> TorchParameter {
        TorchParameter(
            name: parameter.name, shape: parameter.shape, value: try plugin.make(parameter.value) { $0.zeros_like($1) })
    }

    /// Cuts the numbers of a parameter off at `range`'s ends.
    public func clamp(_ value: TorchValue, to range: ClosedRange<Double>) throws {
        try plugin.run(value) { $0.clamp($1, range.lowerBound, range.upperBound) }
    }

    /// One step of AdamW (Loshchilov & Hutter 2017) for the parameters that have a gradient, as PyTorch computes it.
    ///
    /// - Parameters:
    ///   - means: The running mean of each one's gradients.
    ///   - squares: The running mean of their squares.
    ///   - step: The number of the step, from 1.
    public func stepAdamW(
        _ parameters: [TorchParameter], means: [TorchParameter], squares: [TorchParameter], step: Int, rate: Double,
        beta1: Double, beta2: Double, epsilon: Double, decay: Double
    ) throws {
        precondition(parameters.count == means.count && means.count == squares.count, "unequal numbers of tensors")
        let (functions, plugin) = (plugin.functions, plugin)
        let status = plugin.withPointers(parameters.map(\.value)) { leaves in
            plugin.withPointers(means.map(\.value)) { means in
                plugin.withPointers(squares.map(\.value)) { squares in
                    functions.adamw(
                        leaves, means, squares, Int32(clamping: leaves.count), Int64(step), rate, beta1, beta2, epsilon,
                        decay)
                }
            }
        }
        guard status == 0 else { throw plugin.lastError }
    }

    // MARK: Random numbers

    /// Starts the device's random numbers, which dropout and masks draw.
    public func seed(_ seed: UInt64) throws {
        guard plugin.functions.seed(seed, device.number) == 0 else { throw plugin.lastError }
    }

    /// The state of the device's random numbers.
    public func generatorState() throws -> [UInt8] {
        var state = [UInt8](repeating: 0, count: 1 << 16)
        let count = plugin.functions.generator_state(device.number, &state, Int64(state.count))
        guard count >= 0, count <= state.count else { throw plugin.lastError }
        return Array(state.prefix(Int(count)))
    }

    /// Goes on with random numbers where they were.
    public func setGeneratorState(_ state: [UInt8]) throws {
        guard plugin.functions.set_generator_state(device.number, state, Int64(state.count)) == 0 else {
            throw plugin.lastError
        }
    }

    /// `torch.randperm(count)` of a generator that starts at `seed`: the order in which torch's samplers go through data.
    public func permutation(of count: Int, seed: UInt64) throws -> [Int] {
        var order = [Int64](repeating: 0, count: count)
        guard plugin.functions.permutation(Int64(count), seed, &order) == 0 else { throw plugin.lastError }
        return order.map(Int.init)
    }
}
