/// What one operation costs, independent of how fast it runs.
public struct OperationCost: Sendable, Hashable {
    /// The operation with its sizes, such as "linear 768 → 3072 + quick_gelu".
    public let label: String
    /// Floating-point operations; a multiply-add counts as two.
    public let flops: Double
    /// Bytes that must be read and written at least: weights, inputs and results once each.
    public let bytes: Double
    /// Those of them that are weights.
    public let weightBytes: Double

    /// Joins what was counted.
    public init(label: String, flops: Double, bytes: Double, weightBytes: Double) {
        self.label = label
        self.flops = flops
        self.bytes = bytes
        self.weightBytes = weightBytes
    }
}

internal import DiptychCheckpoints

/// An engine that computes nothing and counts: parameters while a model is prepared, FLOPs and bytes while it runs.
public final class CostEngine: Engine {
    /// The shape of an activation.
    public struct Tensor: Sendable {
        let columns: Int
        let layout: SequenceLayout
        var rows: Int { layout.rows }
    }

    /// The shape of a linear layer.
    public struct Linear: Sendable {
        let inputs: Int
        let outputs: Int
    }

    /// The shape of feature maps.
    public struct FeatureMap: Sendable {
        let count: Int
        let side: Int
        let channels: Int
        var elements: Double { Double(count * side * side * channels) }
    }

    /// The number of parameters prepared so far.
    public private(set) var parameters = 0
    /// The operations run so far, in order.
    public private(set) var operations: [OperationCost] = []
    private let precision: Precision

    /// Counts the bytes of weights and operands at `precision`.
    public init(precision: Precision = .fp32) { self.precision = precision }

    private var operandBytes: Double { precision == .fp32 ? 4 : 2 }
    private var weightBytes: Double { precision == .int8 ? 1 : operandBytes }

    private func record(_ label: String, flops: Double, bytes: Double, weightBytes: Double = 0) {
        operations.append(OperationCost(label: label, flops: flops, bytes: bytes, weightBytes: weightBytes))
    }

    private func record(_ label: String, rows: Int, _ layer: Linear, resultBytes: Double) {
        let (m, k, n) = (Double(rows), Double(layer.inputs), Double(layer.outputs))
        record(
            label, flops: 2 * m * k * n, bytes: m * k * operandBytes + k * n * weightBytes + m * n * resultBytes,
            weightBytes: k * n * weightBytes)
    }
}

// The protocol documents these.
// swift-format-ignore: AllPublicDeclarationsHaveDocumentation
extension CostEngine {
    public func tokens(_ batch: TokenBatch) throws -> TokenBatch { batch }

    public func pixels(_ batch: PixelBatch) throws -> PixelBatch { batch }

    /// Zeros: nothing was computed.
    public func floats(of x: Tensor) throws -> [Float] { [Float](repeating: 0, count: x.rows * x.columns) }

    public func prepare(_ p: LinearParameters) throws -> Linear {
        parameters += p.inputs * p.outputs + p.biases.reduce(0) { $0 + $1.count }
        return Linear(inputs: p.inputs, outputs: p.outputs)
    }

    public func prepare(_ p: NormParameters) throws -> Int {
        parameters += 2 * p.width
        return p.width
    }

    public func prepare(_ p: TokenEmbeddingParameters) throws -> Int {
        parameters += p.tokens.count + p.positions.count + (p.segments?.count ?? 0)
        return p.width
    }

    public func prepare(_ p: PatchEmbeddingParameters) throws -> PatchEmbeddingParameters {
        parameters += p.projection.count + p.positions.count + (p.classToken?.count ?? 0) + (p.bias?.count ?? 0)
        return p
    }

    public func prepare(_ p: ConvolutionParameters) throws -> ConvolutionParameters {
        // The running mean and variance are statistics, not parameters.
        parameters += p.weight.count + p.normWeight.count + p.normBias.count
        return p
    }

    public func prepare(_ p: TableParameters) throws -> TableParameters {
        parameters += p.values.count
        return p
    }

    public func embed(_ tokens: TokenBatch, with width: Int) throws -> Tensor {
        let elements = Double(tokens.layout.rows * width)
        // A token that comes again is found where it was read first.
        let rows = Double(Set(tokens.ids).count * width)
        record("token embedding", flops: elements, bytes: 4 * rows + 8 * elements, weightBytes: 4 * rows)
        return Tensor(columns: width, layout: tokens.layout)
    }

    public func embed(_ pixels: PixelBatch, with p: PatchEmbeddingParameters) throws -> Tensor {
        let layer = Linear(inputs: 3 * p.patchSize * p.patchSize, outputs: p.width)
        let count = try pixels.sequences(of: p.frames)
        record("patch embedding \(layer.inputs) → \(p.width)", rows: count * p.patches, layer, resultBytes: 4)
        return Tensor(columns: p.width, layout: SequenceLayout(count: count, length: p.rows))
    }

    public func layerNorm(_ x: Tensor, _ width: Int, as role: TensorRole) throws -> Tensor {
        let elements = Double(x.rows * width)
        // Two passes for the moments, one to scale: about eight operations an element.
        record("layer norm \(width)", flops: 8 * elements, bytes: (4 + (role == .stream ? 4 : operandBytes)) * elements)
        return x
    }

    public func linear(
        _ x: Tensor, _ layer: Linear, activation: Activation?, as role: TensorRole
    ) throws -> Tensor {
        let suffix = activation.map { " + \($0.rawValue)" } ?? ""
        record(
            "linear \(layer.inputs) → \(layer.outputs)\(suffix)", rows: x.rows, layer,
            resultBytes: role == .stream ? 4 : operandBytes)
        return Tensor(columns: layer.outputs, layout: x.layout)
    }

    public func addLinear(_ x: Tensor, _ layer: Linear, to residual: inout Tensor) throws {
        // The residual is read and written.
        record("linear \(layer.inputs) → \(layer.outputs) + residual", rows: x.rows, layer, resultBytes: 8)
    }

    public func attention(_ x: Tensor, heads: Int, mask: AttentionMask, dropout: Float) throws -> Tensor {
        let width = x.columns / 3
        let pairs = (0..<x.layout.count).reduce(0.0) { sum, index in
            let length = Double(x.layout[index].count)
            return sum + (mask == .causal ? length * (length + 1) / 2 : length * length)
        }
        // Scores and weighted sums take two operations each a pair and channel.
        record(
            "attention \(heads) × \(width / heads)", flops: 4 * pairs * Double(width),
            bytes: Double(x.rows * 4 * width) * operandBytes)
        return Tensor(columns: width, layout: x.layout)
    }

    public func operand(of x: Tensor) throws -> Tensor {
        let elements = Double(x.rows * x.columns)
        record("convert \(x.columns)", flops: 0, bytes: precision == .fp32 ? 0 : (4 + operandBytes) * elements)
        return x
    }

    public func attention(query: Tensor, keysValues: Tensor, heads: Int) throws -> Tensor {
        let (rows, width) = (Double(keysValues.rows), Double(query.columns))
        record(
            "query attention \(heads) × \(query.columns / heads)", flops: 4 * rows * width,
            bytes: (2 * rows + 2 * Double(query.rows)) * width * operandBytes)
        return query
    }

    public func firstRows(of x: Tensor) throws -> Tensor { pooled(x) }

    public func endRows(of x: Tensor, tokens: TokenBatch, rule: EndOfText) throws -> Tensor { pooled(x) }

    public func row(of table: TableParameters, forEachSequenceOf x: Tensor) throws -> Tensor {
        let y = Tensor(columns: table.width, layout: SequenceLayout(count: x.layout.count, length: 1))
        record("query", flops: 0, bytes: Double(y.rows * y.columns) * operandBytes)
        return y
    }

    public func featureMap(of pixels: PixelBatch, side: Int) throws -> FeatureMap {
        let map = FeatureMap(count: pixels.count, side: side, channels: 3)
        record("pixels", flops: 0, bytes: (4 + operandBytes) * map.elements)
        return map
    }

    public func convolve(
        _ x: FeatureMap, _ p: ConvolutionParameters, activation: Activation?
    ) throws -> FeatureMap {
        let y = FeatureMap(count: x.count, side: p.resultSide, channels: p.outputs)
        record(x, p, y, suffix: activation.map { " + \($0.rawValue)" } ?? "", readsResult: false)
        return y
    }

    public func addConvolution(
        _ x: FeatureMap, _ p: ConvolutionParameters, to residual: inout FeatureMap, activation: Activation?
    ) throws {
        let suffix = " + residual" + (activation.map { " + \($0.rawValue)" } ?? "")
        record(x, p, residual, suffix: suffix, readsResult: true)
    }

    public func averagePool(_ x: FeatureMap, window: Int) throws -> FeatureMap {
        let y = FeatureMap(count: x.count, side: x.side / window, channels: x.channels)
        record(
            "average pool \(x.channels) × \(x.side)²", flops: x.elements,
            bytes: (x.elements + y.elements) * operandBytes)
        return y
    }

    public func maxPool(_ x: FeatureMap, window: Int, stride: Int) throws -> FeatureMap {
        let y = FeatureMap(count: x.count, side: (x.side - 1) / stride + 1, channels: x.channels)
        record(
            "max pool \(x.channels) × \(x.side)²", flops: y.elements * Double(window * window),
            bytes: (x.elements + y.elements) * operandBytes)
        return y
    }

    public func mean(of x: FeatureMap) throws -> Tensor {
        let y = Tensor(columns: x.channels, layout: SequenceLayout(count: x.count, length: 1))
        record("mean", flops: x.elements, bytes: x.elements * operandBytes + 4 * Double(y.rows * y.columns))
        return y
    }

    public func meanAndPositions(of x: FeatureMap, adding table: TableParameters) throws -> Tensor {
        let layout = SequenceLayout(count: x.count, length: table.rows)
        record("mean and positions", flops: 2 * x.elements, bytes: 2 * x.elements * operandBytes)
        return Tensor(columns: x.channels, layout: layout)
    }

    private func record(
        _ x: FeatureMap, _ p: ConvolutionParameters, _ y: FeatureMap, suffix: String, readsResult: Bool
    ) {
        let label = "convolution \(p.window)×\(p.window) \(p.inputs) → \(p.outputs), \(y.side)²\(suffix)"
        let weights = Double(p.weight.count)
        // What a convolution is by its definition, whatever the engine makes of it: with fewer multiplications, as by Winograd's
        // transform, it can be faster than the limit that follows from this.
        record(
            label, flops: 2 * y.elements * weights / Double(p.outputs),
            bytes: (x.elements + (readsResult ? 2 : 1) * y.elements + weights) * operandBytes,
            weightBytes: weights * operandBytes)
    }

    private func pooled(_ x: Tensor) -> Tensor {
        let kept = Tensor(columns: x.columns, layout: SequenceLayout(count: x.layout.count, length: 1))
        record("pooling", flops: 0, bytes: Double(kept.rows * kept.columns) * 8)
        return kept
    }
}
