internal import CTorch
public import DiptychCheckpoints
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
    /// The leaves by their names in the checkpoint, in its shapes; empty unless gradients are recorded.
    private var leaves: [String: TorchValue] = [:]

    /// Makes an engine.
    ///
    /// - Parameters:
    ///   - precision: int8 runs as fp32; ``precision`` tells.
    ///   - recordsGradients: keeps a leaf for each parameter, and what ``backward(from:)`` needs.
    /// - Throws: ``EngineError`` when torch cannot use the device.
    public init(
        _ plugin: TorchPlugin, device: TorchDevice = .cpu, precision: Precision = .fp32, threads: Int,
        recordsGradients: Bool = false
    ) throws {
        try plugin.require(device)
        self.plugin = plugin
        self.device = device
        self.precision = precision == .bf16 ? .bf16 : .fp32
        self.threads = max(1, threads)
        self.recordsGradients = recordsGradients
    }

    /// Says how many threads torch may use on this thread, which engines of a process share.
    func takeThreads() { plugin.functions.set_threads(Int32(clamping: threads)) }

    /// The number of the type of a role's tensors.
    func type(_ role: TensorRole) -> Int32 { (role == .stream ? Precision.fp32 : precision).number }

    /// A checkpoint's tensor on the device, or the rows of it that `view` is.
    ///
    /// With gradients, it is the whole tensor's leaf in fp32, or a part of that in the graph.
    func parameter(_ view: TensorView, shape: [Int]? = nil, as type: Precision = .fp32) throws -> TorchValue {
        guard recordsGradients else {
            let made = try plugin.tensor(view.floats(), shape: shape ?? view.shape, device: device, type: type)
            view.releasePages()
            return made
        }
        let leaf = try leaf(view.whole)
        guard let rows = view.rowsOfWhole else { return leaf }
        return try plugin.make(leaf) { $0.rows($1, Int64(rows.lowerBound), Int64(rows.count)) }
    }

    private func leaf(_ view: TensorView) throws -> TorchValue {
        if let known = leaves[view.name] { return known }
        let made = try plugin.tensor(view.floats(), shape: view.shape, device: device)
        try plugin.run(made) { $0.require_gradient($1) }
        leaves[view.name] = made
        return made
    }
}

// MARK: Gradients

extension TorchEngine {
    /// The symmetric cross-entropy of the cosines of images and texts, pair by pair, times the exponential of `scale`, which is
    /// CLIP's loss (Radford et al. 2021, figure 3).
    public func contrastiveLoss(images: Tensor, texts: Tensor, scale: TorchValue) throws -> TorchValue {
        precondition(images.layout.rows == texts.layout.rows && images.columns == texts.columns, "unequal pairs")
        return try plugin.make(images.value, texts.value, scale) { $0.contrastive_loss($1, $2, $3) }
    }

    /// The leaf of a parameter that no layer takes, such as `logit_scale`.
    public func scalar(_ view: TensorView) throws -> TorchValue { try parameter(view) }

    /// The only number of a tensor.
    public func number(of x: TorchValue) throws -> Float { try plugin.floats(of: x, count: 1).first ?? .nan }

    /// Computes the gradient of every leaf that `loss` follows from, added to what it has.
    public func backward(from loss: TorchValue) throws { try plugin.run(loss) { $0.backward($1) } }

    /// The names of the parameters that are leaves.
    public var parameterNames: [String] { leaves.keys.sorted() }

    /// The gradient of the parameter called `name`, of `count` numbers.
    ///
    /// - Throws: ``EngineError`` where there is no such leaf, or it has no gradient.
    public func gradient(of name: String, count: Int) throws -> [Float] {
        guard let leaf = leaves[name] else { throw EngineError("there is no parameter called '\(name)'") }
        return try plugin.floats(of: plugin.make(leaf) { $0.gradient($1) }, count: count)
    }
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
            batch.values, shape: [batch.count, 3, batch.size, batch.size], device: device)
        return Pixels(value: value, count: batch.count, size: batch.size)
    }

    public func floats(of x: Tensor) throws -> [Float] {
        try plugin.floats(of: x.value, count: x.layout.rows * x.columns)
    }
}
