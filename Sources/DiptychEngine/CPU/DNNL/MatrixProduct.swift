internal import CDNNL

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
    private let primitive: CompiledPrimitive

    /// Compiles the product for weights that lie in `layout`.
    init(_ key: MatrixProductKey, layout: dnnl_memory_desc_t, engine: dnnl_engine_t) throws {
        let type = dnnl_data_type_t(rawValue: key.operandType)
        var source = try DNNL.shape([key.rows, key.inputs], type, dnnl_ab)
        var weights = layout
        var bias = try DNNL.shape([1, key.outputs], dnnl_f32, dnnl_ab)
        var result = try DNNL.shape([key.rows, key.outputs], dnnl_data_type_t(rawValue: key.resultType), dnnl_ab)
        var operation = dnnl_matmul_desc_t()
        try check(
            key.hasBias
                ? dnnl_matmul_desc_init(&operation, &source, &weights, &bias, &result)
                : dnnl_matmul_desc_init(&operation, &source, &weights, nil, &result), "describe a matrix product")
        let plan = try DNNL.withEpilogue(adds: key.adds, activation: key.activation) { attributes in
            try created("plan a matrix product") {
                dnnl_primitive_desc_create(&$0, &operation, attributes, engine, nil)
            }
        }
        defer { dnnl_primitive_desc_destroy(plan) }
        var operands: [(Int32, dnnl_memory_desc_t)] = [
            (DNNL_ARG_SRC, source), (DNNL_ARG_WEIGHTS, weights), (DNNL_ARG_DST, result),
        ]
        if key.hasBias { operands.append((DNNL_ARG_BIAS, bias)) }
        primitive = try CompiledPrimitive(plan, operands: operands, engine: engine)
    }

    /// Runs the product; the pointers must match the key's shapes, and the weights the packed layout.
    func run(
        stream: dnnl_stream_t, source: UnsafeRawPointer, weights: UnsafeRawPointer, bias: UnsafePointer<Float>?,
        destination: UnsafeMutableRawPointer
    ) throws {
        if let bias {
            try primitive.run(stream, source, weights, destination, bias)
        } else {
            try primitive.run(stream, source, weights, destination)
        }
    }

    /// The layout in which oneDNN reads weights of this shape fastest.
    ///
    /// It was the same for 1 to 1,600 rows at every shape tried, so 64 rows stand for all.
    static func packedLayout(
        inputs: Int, outputs: Int, type: dnnl_data_type_t, engine: dnnl_engine_t
    ) throws -> dnnl_memory_desc_t {
        var source = try DNNL.shape([64, inputs], type, dnnl_ab)
        var weights = try DNNL.shape([inputs, outputs], type, dnnl_format_tag_any)
        var result = try DNNL.shape([64, outputs], dnnl_f32, dnnl_ab)
        var operation = dnnl_matmul_desc_t()
        try check(dnnl_matmul_desc_init(&operation, &source, &weights, nil, &result), "describe a matrix product")
        var plan: dnnl_primitive_desc_t?
        try check(dnnl_primitive_desc_create(&plan, &operation, nil, engine, nil), "plan a matrix product")
        defer { dnnl_primitive_desc_destroy(plan) }
        return try DNNL.weights(of: plan)
    }
}
