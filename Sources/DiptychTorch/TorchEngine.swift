internal import CTorch
internal import DiptychCheckpoints
public import DiptychEngine

/// An engine over libtorch: processors and CUDA devices, with gradients where they are asked for.
///
/// It computes in fp32 or bf16. An engine and its tensors belong to one thread at a time; on a CUDA device operations may return
/// before they are done, and ``floats(of:)`` waits for them.
public final class TorchEngine: Engine {
    /// Activations: [positions, width].
    public struct Tensor {
        let value: TorchValue
        let layout: SequenceLayout
        let columns: Int
    }

    /// Texts: ids and each one's place in its text.
    public struct Tokens {
        let batch: TokenBatch
        let ids: TorchValue
        let places: TorchValue
    }

    /// Images: [count, 3, size, size].
    public struct Pixels {
        let value: TorchValue
        let count: Int
        let size: Int
    }

    /// Feature maps: [count, channels, side, side].
    public struct FeatureMap {
        let value: TorchValue
        let count: Int
        let side: Int
        let channels: Int
    }

    /// The library that computes.
    public let plugin: TorchPlugin
    /// Where it computes.
    public let device: TorchDevice
    /// The number format of operands.
    public let precision: Precision
    /// The threads of operations on processors.
    public let threads: Int
    /// Whether parameters are leaves that want a gradient.
    public let recordsGradients: Bool
    /// Whether all is computed in fp64, whatever ``precision`` says.
    public let computesInDoubles: Bool
    /// What a training step does otherwise than an evaluation; of effect on an engine that records gradients.
    public var training: TorchTraining?
    private let isFrozen: (String) -> Bool
    /// The leaves by their names in the checkpoint, in its shapes; empty unless gradients are recorded.
    var leaves: [String: Leaf] = [:]
    /// Running means and variances by their names, which training moves.
    var statistics: [String: Leaf] = [:]

    /// A tensor of the checkpoint that stays one.
    struct Leaf {
        let value: TorchValue
        let shape: [Int]
    }

    /// Makes an engine.
    ///
    /// - Parameters:
    ///   - precision: int8 runs as fp32; ``precision`` tells.
    ///   - recordsGradients: keeps a leaf for each parameter, and what ``backward(from:)`` needs.
    ///   - computesInDoubles: computes in fp64, to compare with other programs.
    ///   - isFrozen: whether the parameter of a name wants no gradient, and statistics beside it stay as they are.
    /// - Throws: ``EngineError`` when torch cannot use the device.
    public init(
        _ plugin: TorchPlugin, device: TorchDevice = .cpu, precision: Precision = .fp32, threads: Int,
        recordsGradients: Bool = false, computesInDoubles: Bool = false,
        isFrozen: @escaping (String) -> Bool = { _ in false }
    ) throws {
        try plugin.require(device)
        self.plugin = plugin
        self.device = device
        self.precision = precision == .bf16 && !computesInDoubles ? .bf16 : .fp32
        self.computesInDoubles = computesInDoubles
        self.isFrozen = isFrozen
        self.threads = max(1, threads)
        self.recordsGradients = recordsGradients
    }

    /// Says how many threads torch may use on this thread, which engines of a process share.
    func takeThreads() { plugin.functions.set_threads(Int32(clamping: threads)) }

    /// The number of the type of a role's tensors.
    func type(_ role: TensorRole) -> Int32 { number(role == .stream ? .fp32 : precision) }

    /// The plug-in's number for a precision, which is fp64 where all is.
    func number(_ precision: Precision) -> Int32 {
        computesInDoubles ? Int32(DIPTYCH_TORCH_F64) : precision.number
    }

    /// A checkpoint's tensor on the device, or the rows of it that `view` is.
    ///
    /// With gradients, it is the whole tensor's leaf in fp32, or a part of that in the graph.
    func parameter(_ view: TensorView, shape: [Int]? = nil, as type: Precision = .fp32) throws -> TorchValue {
        guard recordsGradients else {
            let made = try plugin.tensor(view.floats(), shape: shape ?? view.shape, device: device, type: number(type))
            view.releasePages()
            return made
        }
        let leaf = try leaf(view.whole)
        guard let rows = view.rowsOfWhole else { return leaf }
        return try plugin.make(leaf) { $0.rows($1, Int64(rows.lowerBound), Int64(rows.count)) }
    }

    private func leaf(_ view: TensorView) throws -> TorchValue {
        if let known = leaves[view.name] { return known.value }
        let made = try tensor(view)
        if !isFrozen(view.name) { try plugin.run(made) { $0.require_gradient($1) } }
        leaves[view.name] = Leaf(value: made, shape: view.shape)
        return made
    }

    /// A running mean or variance, which wants no gradient.
    func statistic(_ view: TensorView) throws -> TorchValue {
        let made = try tensor(view)
        statistics[view.name] = Leaf(value: made, shape: view.shape)
        return made
    }

    /// A checkpoint's tensor in full precision.
    private func tensor(_ view: TensorView) throws -> TorchValue {
        defer { view.releasePages() }
        return view.elementType == .float64 && computesInDoubles
            ? try plugin.tensor(view.doubles(), shape: view.shape, device: device, type: type(.stream))
            : try plugin.tensor(view.floats(), shape: view.shape, device: device, type: type(.stream))
    }

    /// Whether the normalisation beside the parameter of a name takes its statistics from the batch.
    func usesBatchStatistics(_ name: String) -> Bool { training != nil && !isFrozen(name) }

    /// The plug-in's number for whose statistics a normalisation takes: 0 the running ones, 1 the batch's, 2 all processes' batches'.
    func statisticsKind(_ name: String) -> Int32 {
        guard usesBatchStatistics(name) else { return 0 }
        return training?.synchronisesStatistics ?? false ? 2 : 1
    }
}

/// How a training step differs from an evaluation.
public struct TorchTraining: Sendable {
    /// The share of an image's patches that is left out, each time others (Li et al. 2022, "Scaling Language-Image Pre-training via
    /// Masking").
    public var maskRatio = 0.0
    /// Whether blocks keep nothing but their input, and are computed again for their gradients (Chen et al. 2016).
    public var recomputes = false
    /// Whether batch statistics are those of all processes' batches.
    public var synchronisesStatistics = false

    /// A step with the model's dropout and batch statistics, and no more.
    public init() {}
}

// MARK: Inputs and results

// The protocol documents these.
// swift-format-ignore: AllPublicDeclarationsHaveDocumentation
extension TorchEngine {
    public func tokens(_ batch: TokenBatch) throws -> Tokens {
        takeThreads()
        let places = (0..<batch.layout.count).flatMap { 0..<batch.layout[$0].count }
        return Tokens(
            batch: batch, ids: try plugin.indices(batch.ids.map(Int.init), device: device),
            places: try plugin.indices(places, device: device))
    }

    public func pixels(_ batch: PixelBatch) throws -> Pixels {
        takeThreads()
        let value = try plugin.tensor(
            batch.values, shape: [batch.count, 3, batch.size, batch.size], device: device, type: type(.stream))
        return Pixels(value: value, count: batch.count, size: batch.size)
    }

    public func floats(of x: Tensor) throws -> [Float] {
        try plugin.floats(of: x.value, count: x.layout.rows * x.columns)
    }
}
