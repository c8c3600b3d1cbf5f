internal import CDNNL

/// One of oneDNN's compiled operations and the operands that it reads and writes, whose data come with each run.
final class CompiledPrimitive {
    private let primitive: dnnl_primitive_t
    private let arguments: [dnnl_exec_arg_t]

    /// Compiles what `description` plans.
    ///
    /// - Parameter operands: oneDNN's number of each operand and its shape, in the order in which runs give their data.
    init(
        _ description: dnnl_primitive_desc_t, operands: [(argument: Int32, shape: dnnl_memory_desc_t)],
        engine: dnnl_engine_t
    ) throws {
        let made = try created("compile an operation") { dnnl_primitive_create(&$0, description) }
        var arguments: [dnnl_exec_arg_t] = []
        do {
            for (argument, shape) in operands {
                arguments.append(dnnl_exec_arg_t(arg: argument, memory: try DNNL.memory(shape, engine)))
            }
        } catch {
            for argument in arguments { dnnl_memory_destroy(argument.memory) }
            dnnl_primitive_destroy(made)
            throw error
        }
        primitive = made
        self.arguments = arguments
    }

    deinit {
        dnnl_primitive_destroy(primitive)
        for argument in arguments { dnnl_memory_destroy(argument.memory) }
    }

    /// Runs the operation on the data of its operands, which must match their shapes.
    func run(_ stream: dnnl_stream_t, _ data: UnsafeRawPointer...) throws {
        precondition(data.count == arguments.count, "data for other operands than the operation has")
        for (argument, pointer) in zip(arguments, data) {
            try check(
                dnnl_memory_set_data_handle(argument.memory, UnsafeMutableRawPointer(mutating: pointer)),
                "set an operand")
        }
        try check(dnnl_primitive_execute(primitive, stream, Int32(arguments.count), arguments), "run an operation")
        try check(dnnl_stream_wait(stream), "finish an operation")
    }
}

/// The parts of oneDNN's interface that several operations use.
enum DNNL {
    /// The shape of an operand in a layout that oneDNN has a name for.
    static func shape(
        _ extents: [Int], _ type: dnnl_data_type_t, _ tag: dnnl_format_tag_t
    ) throws -> dnnl_memory_desc_t {
        var description = dnnl_memory_desc_t()
        var padded = [Int64](repeating: 0, count: Int(DNNL_MAX_NDIMS))
        for (i, extent) in extents.enumerated() { padded[i] = Int64(extent) }
        try check(
            dnnl_memory_desc_init_by_tag(&description, Int32(extents.count), padded, type, tag), "describe an operand")
        return description
    }

    /// An operand of this shape, with or without data.
    static func memory(
        _ shape: dnnl_memory_desc_t, _ engine: dnnl_engine_t, _ data: UnsafeMutableRawPointer? = nil
    ) throws -> dnnl_memory_t {
        var shape = shape
        // DNNL_MEMORY_NONE is a null pointer: the data come later.
        return try created("hold an operand") { dnnl_memory_create(&$0, &shape, engine, data) }
    }

    /// Runs `body` with attributes that fuse into an operation what follows it: its residual, then its activation.
    static func withEpilogue<Result>(
        adds: Bool, activation: Activation?, _ body: (dnnl_primitive_attr_t) throws -> Result
    ) throws -> Result {
        let attributes = try created("create attributes") { dnnl_primitive_attr_create(&$0) }
        defer { dnnl_primitive_attr_destroy(attributes) }
        let epilogue = try created("create an epilogue") { dnnl_post_ops_create(&$0) }
        defer { dnnl_post_ops_destroy(epilogue) }
        if adds { try check(dnnl_post_ops_append_sum(epilogue, 1), "fuse a residual") }
        if let activation {
            let (kind, alpha) = activation.dnnl
            try check(dnnl_post_ops_append_eltwise(epilogue, 1, kind, alpha, 0), "fuse \(activation.rawValue)")
        }
        try check(dnnl_primitive_attr_set_post_ops(attributes, epilogue), "set an epilogue")
        return try body(attributes)
    }

    /// The layout that a planned operation wants its weights in.
    static func weights(of plan: dnnl_primitive_desc_t?) throws -> dnnl_memory_desc_t {
        guard let layout = dnnl_primitive_desc_query_md(plan, dnnl_query_weights_md, 0) else {
            throw EngineError("oneDNN does not tell the layout of an operation's weights")
        }
        return layout.pointee
    }
}

extension Activation {
    /// oneDNN's name for it, and its parameter.
    fileprivate var dnnl: (dnnl_alg_kind_t, Float) {
        switch self {
        // oneDNN's swish is x · σ(alpha · x): QuickGELU at 1.702.
        case .quickGELU: (dnnl_eltwise_swish, 1.702)
        case .gelu: (dnnl_eltwise_gelu_erf, 0)
        case .geluTanh: (dnnl_eltwise_gelu_tanh, 0)
        case .relu: (dnnl_eltwise_relu, 0)
        }
    }
}

/// Throws when oneDNN reports a failure.
func check(_ status: dnnl_status_t, _ action: String) throws {
    guard status == dnnl_success else {
        throw EngineError("oneDNN could not \(action) (status \(status.rawValue))")
    }
}

/// The object that a oneDNN creation function gives, or its failure as an error.
func created(
    _ action: String, _ make: (inout OpaquePointer?) -> dnnl_status_t
) throws -> OpaquePointer {
    var object: OpaquePointer?
    try check(make(&object), action)
    guard let object else { throw EngineError("oneDNN gave nothing when asked to \(action)") }
    return object
}
