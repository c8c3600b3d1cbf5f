internal import CDNNL

/// What distinguishes one compiled convolution from another.
struct ConvolutionKey: Hashable {
    var count: Int
    let side: Int
    let inputs: Int
    let outputs: Int
    let window: Int
    let stride: Int
    let type: UInt32
    let activation: Activation?
    let adds: Bool

    var padding: Int { window / 2 }
    var resultSide: Int { (side + 2 * padding - window) / stride + 1 }
}

/// One of oneDNN's compiled convolutions over maps [count, side, side, channels], with bias, residual and activation.
///
/// It holds no weights, so layers of the same shape share it.
final class ConvolutionProduct {
    /// The layout in which it reads its weights.
    let weightsLayout: dnnl_memory_desc_t
    private let primitive: CompiledPrimitive

    /// Compiles the convolution for weights that lie in `layout`, or in the one that suits it best.
    init(_ key: ConvolutionKey, layout: dnnl_memory_desc_t?, engine: dnnl_engine_t) throws {
        let type = dnnl_data_type_t(rawValue: key.type)
        var source = try DNNL.shape([key.count, key.inputs, key.side, key.side], type, dnnl_nhwc)
        var weights =
            try layout
            ?? DNNL.shape([key.outputs, key.inputs, key.window, key.window], type, dnnl_format_tag_any)
        var bias = try DNNL.shape([key.outputs], dnnl_f32, dnnl_a)
        var result = try DNNL.shape([key.count, key.outputs, key.resultSide, key.resultSide], type, dnnl_nhwc)
        let strides = [Int64](repeating: Int64(key.stride), count: Int(DNNL_MAX_NDIMS))
        let padding = [Int64](repeating: Int64(key.padding), count: Int(DNNL_MAX_NDIMS))
        var operation = dnnl_convolution_desc_t()
        try check(
            dnnl_convolution_forward_desc_init(
                &operation, dnnl_forward_inference, dnnl_convolution_direct, &source, &weights, &bias, &result, strides,
                padding, padding), "describe a convolution")
        let plan = try DNNL.withEpilogue(adds: key.adds, activation: key.activation) { attributes in
            try created("plan a convolution") { dnnl_primitive_desc_create(&$0, &operation, attributes, engine, nil) }
        }
        defer { dnnl_primitive_desc_destroy(plan) }
        weightsLayout = try DNNL.weights(of: plan)
        primitive = try CompiledPrimitive(
            plan,
            operands: [
                (DNNL_ARG_SRC, source), (DNNL_ARG_WEIGHTS, weightsLayout), (DNNL_ARG_BIAS, bias),
                (DNNL_ARG_DST, result),
            ], engine: engine)
    }

    /// Runs the convolution; the pointers must match the key's shapes, and the weights the packed layout.
    func run(
        stream: dnnl_stream_t, source: UnsafeRawPointer, weights: UnsafeRawPointer, bias: UnsafePointer<Float>,
        destination: UnsafeMutableRawPointer
    ) throws { try primitive.run(stream, source, weights, bias, destination) }
}

/// The key of a compiled pooling.
struct PoolingKey: Hashable {
    let count: Int
    let side: Int
    let channels: Int
    let window: Int
    let stride: Int
    /// Whether the highest number is taken; the mean otherwise, of windows that tile the map.
    let isMaximum: Bool
    let type: UInt32

    var padding: Int { isMaximum ? window / 2 : 0 }
    var resultSide: Int { (side + 2 * padding - window) / stride + 1 }
}

/// One of oneDNN's compiled poolings.
final class Pooling {
    private let primitive: CompiledPrimitive

    /// Compiles the pooling.
    init(_ key: PoolingKey, engine: dnnl_engine_t) throws {
        let type = dnnl_data_type_t(rawValue: key.type)
        var source = try DNNL.shape([key.count, key.channels, key.side, key.side], type, dnnl_nhwc)
        var result = try DNNL.shape([key.count, key.channels, key.resultSide, key.resultSide], type, dnnl_nhwc)
        let window = [Int64](repeating: Int64(key.window), count: Int(DNNL_MAX_NDIMS))
        let strides = [Int64](repeating: Int64(key.stride), count: Int(DNNL_MAX_NDIMS))
        // What stands behind the last window is nothing to it: the end is padded as far as the windows reach.
        let padding = [Int64](repeating: Int64(key.padding), count: Int(DNNL_MAX_NDIMS))
        let reach = (key.resultSide - 1) * key.stride + key.window - key.side - key.padding
        let end = [Int64](repeating: Int64(reach), count: Int(DNNL_MAX_NDIMS))
        var operation = dnnl_pooling_desc_t()
        try check(
            dnnl_pooling_forward_desc_init(
                &operation, dnnl_forward_inference, key.isMaximum ? dnnl_pooling_max : dnnl_pooling_avg_exclude_padding,
                &source, &result, strides, window, padding, end), "describe a pooling")
        let plan = try created("plan a pooling") { dnnl_primitive_desc_create(&$0, &operation, nil, engine, nil) }
        defer { dnnl_primitive_desc_destroy(plan) }
        primitive = try CompiledPrimitive(
            plan, operands: [(DNNL_ARG_SRC, source), (DNNL_ARG_DST, result)], engine: engine)
    }

    /// Runs the pooling; the pointers must match the key's shapes.
    func run(stream: dnnl_stream_t, source: UnsafeRawPointer, destination: UnsafeMutableRawPointer) throws {
        try primitive.run(stream, source, destination)
    }
}
