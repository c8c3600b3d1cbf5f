internal import CDNNL
internal import CKernels

/// What distinguishes one compiled matrix product from another.
struct MatrixProductKey: Hashable {
    var rows: Int
    let inputs: Int
    let outputs: Int
    let operandType: UInt32
    let resultType: UInt32
    let activation: Activation?
    let adds: Bool
    let hasBias: Bool
}

/// One of oneDNN's compiled matrix products with its epilogue: bias, activation or residual.
///
/// It holds no weights, so layers of the same shape share it.
final class MatrixProduct {
    private let primitive: dnnl_primitive_t
    private let source: dnnl_memory_t
    private let weights: dnnl_memory_t
    private let bias: dnnl_memory_t?
    private let destination: dnnl_memory_t

    /// Compiles the product for weights that lie in `layout`.
    init(_ key: MatrixProductKey, layout: dnnl_memory_desc_t, engine: dnnl_engine_t) throws {
        let type = dnnl_data_type_t(rawValue: key.operandType)
        var sourceShape = try Self.matrix(key.rows, key.inputs, type, dnnl_ab)
        var weightsShape = layout
        var biasShape = try Self.matrix(1, key.outputs, dnnl_f32, dnnl_ab)
        var resultShape = try Self.matrix(key.rows, key.outputs, dnnl_data_type_t(rawValue: key.resultType), dnnl_ab)

        var operation = dnnl_matmul_desc_t()
        try check(
            key.hasBias
                ? dnnl_matmul_desc_init(&operation, &sourceShape, &weightsShape, &biasShape, &resultShape)
                : dnnl_matmul_desc_init(&operation, &sourceShape, &weightsShape, nil, &resultShape), "describe")

        var attributes: dnnl_primitive_attr_t?
        try check(dnnl_primitive_attr_create(&attributes), "create attributes of")
        defer { dnnl_primitive_attr_destroy(attributes) }
        var epilogue: dnnl_post_ops_t?
        try check(dnnl_post_ops_create(&epilogue), "create the epilogue of")
        defer { dnnl_post_ops_destroy(epilogue) }
        switch key.activation {
        case .quickGELU:
            // oneDNN's swish is x · σ(alpha · x): QuickGELU at 1.702.
            try check(dnnl_post_ops_append_eltwise(epilogue, 1, dnnl_eltwise_swish, 1.702, 0), "fuse QuickGELU into")
        case .gelu:
            try check(dnnl_post_ops_append_eltwise(epilogue, 1, dnnl_eltwise_gelu_erf, 0, 0), "fuse GELU into")
        case nil: break
        }
        if key.adds { try check(dnnl_post_ops_append_sum(epilogue, 1), "fuse the residual into") }
        try check(dnnl_primitive_attr_set_post_ops(attributes, epilogue), "set the epilogue of")

        var description: dnnl_primitive_desc_t?
        try check(dnnl_primitive_desc_create(&description, &operation, attributes, engine, nil), "plan")
        defer { dnnl_primitive_desc_destroy(description) }
        primitive = try created("compile") { dnnl_primitive_create(&$0, description) }
        source = try Self.memory(&sourceShape, engine)
        weights = try Self.memory(&weightsShape, engine)
        bias = key.hasBias ? try Self.memory(&biasShape, engine) : nil
        destination = try Self.memory(&resultShape, engine)
    }

    deinit {
        dnnl_primitive_destroy(primitive)
        for memory in [source, weights, destination] { dnnl_memory_destroy(memory) }
        if let bias { dnnl_memory_destroy(bias) }
    }

    /// Runs the product; the pointers must match the key's shapes, and the weights the packed layout.
    func run(
        stream: dnnl_stream_t, source x: UnsafeRawPointer, weights w: UnsafeRawPointer, bias b: UnsafePointer<Float>?,
        destination y: UnsafeMutableRawPointer
    ) throws {
        var arguments: [dnnl_exec_arg_t] = [
            dnnl_exec_arg_t(arg: DNNL_ARG_SRC, memory: source),
            dnnl_exec_arg_t(arg: Int32(DNNL_ARG_WEIGHTS), memory: weights),
            dnnl_exec_arg_t(arg: DNNL_ARG_DST, memory: destination),
        ]
        try check(dnnl_memory_set_data_handle(source, UnsafeMutableRawPointer(mutating: x)), "set the input of")
        try check(dnnl_memory_set_data_handle(weights, UnsafeMutableRawPointer(mutating: w)), "set the weights of")
        try check(dnnl_memory_set_data_handle(destination, y), "set the result of")
        if let bias {
            try check(dnnl_memory_set_data_handle(bias, UnsafeMutableRawPointer(mutating: b)), "set the bias of")
            arguments.append(dnnl_exec_arg_t(arg: Int32(DNNL_ARG_BIAS), memory: bias))
        }
        try check(dnnl_primitive_execute(primitive, stream, Int32(arguments.count), &arguments), "run")
        try check(dnnl_stream_wait(stream), "finish")
    }

    /// The layout in which oneDNN reads weights of this shape fastest.
    ///
    /// It was the same for 1 to 1,600 rows at every shape tried, so 64 rows stand for all.
    static func packedLayout(
        inputs: Int, outputs: Int, type: dnnl_data_type_t, engine: dnnl_engine_t
    ) throws -> dnnl_memory_desc_t {
        var source = try matrix(64, inputs, type, dnnl_ab)
        var weights = try matrix(inputs, outputs, type, dnnl_format_tag_any)
        var result = try matrix(64, outputs, dnnl_f32, dnnl_ab)
        var operation = dnnl_matmul_desc_t()
        try check(dnnl_matmul_desc_init(&operation, &source, &weights, nil, &result), "describe")
        var plan: dnnl_primitive_desc_t?
        try check(dnnl_primitive_desc_create(&plan, &operation, nil, engine, nil), "plan")
        defer { dnnl_primitive_desc_destroy(plan) }
        guard let layout = dnnl_primitive_desc_query_md(plan, dnnl_query_weights_md, 0) else {
            throw EngineError("oneDNN does not tell the layout of a matrix product's weights")
        }
        return layout.pointee
    }

    static func matrix(
        _ rows: Int, _ columns: Int, _ type: dnnl_data_type_t, _ tag: dnnl_format_tag_t
    ) throws -> dnnl_memory_desc_t {
        var description = dnnl_memory_desc_t()
        var extents = [Int64](repeating: 0, count: Int(DNNL_MAX_NDIMS))
        extents[0] = Int64(rows)
        extents[1] = Int64(columns)
        try check(dnnl_memory_desc_init_by_tag(&description, 2, extents, type, tag), "describe an operand of")
        return description
    }

    static func memory(
        _ description: UnsafePointer<dnnl_memory_desc_t>, _ engine: dnnl_engine_t,
        _ data: UnsafeMutableRawPointer? = nil
    ) throws -> dnnl_memory_t {
        // DNNL_MEMORY_NONE is a null pointer: the data come later.
        try created("hold an operand of") { dnnl_memory_create(&$0, description, engine, data) }
    }
}

/// Throws when oneDNN reports a failure.
func check(_ status: dnnl_status_t, _ action: String) throws {
    guard status == dnnl_success else {
        throw EngineError("oneDNN could not \(action) a matrix product (status \(status.rawValue))")
    }
}

/// The object that a oneDNN creation function gives, or its failure as an error.
func created(
    _ action: String, _ make: (inout OpaquePointer?) -> dnnl_status_t
) throws -> OpaquePointer {
    var object: OpaquePointer?
    try check(make(&object), action)
    guard let object else { throw EngineError("oneDNN gave nothing when asked to \(action) a matrix product") }
    return object
}
