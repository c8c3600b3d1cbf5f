internal import CDNNL
internal import CKernels
internal import DiptychCheckpoints

/// The default engine: matrix products over packed weights with fused epilogues, and vectorised kernels for everything between
/// them. With AVX-512 all of these are this package's own; oneDNN multiplies on other processors, and convolves.
///
/// Working memory is reused from call to call. An engine and its tensors belong to one thread at a time.
public final class CPUEngine: Engine {
    /// The number format in use, which may be less than was asked for: see ``init(precision:threads:instructions:)``.
    public let precision: Precision
    /// The widest vector instructions in use.
    public let instructions: InstructionSet
    /// The number of threads that matrix products and kernels use.
    public let threads: Int

    let workspace = Workspace()
    let engine: dnnl_engine_t
    let stream: dnnl_stream_t
    var products = PrimitiveCache<MatrixProductKey, MatrixProduct>()
    var convolutions = PrimitiveCache<ConvolutionKey, ConvolutionProduct>()
    var poolings = PrimitiveCache<PoolingKey, Pooling>()

    /// Makes an engine.
    ///
    /// - Parameters:
    ///   - precision: bf16 and int8 run as fp32 where the processor cannot multiply such numbers; ``precision`` tells.
    ///   - threads: at least 1. The calling thread, which must be the one that uses the engine, is one of them.
    ///   - instructions: the widest set to use; nil for what the processor has. oneDNN takes this limit once, for the
    ///     whole process, before its first use.
    /// - Throws: ``EngineError`` when oneDNN cannot start or has already started with another limit.
    public init(precision: Precision, threads: Int, instructions: InstructionSet? = nil) throws {
        let chosen = min(instructions ?? .detected, .detected)
        if chosen < .detected {
            let limit = chosen == .avx2 ? dnnl_cpu_isa_avx2 : dnnl_cpu_isa_sse41
            // oneDNN refuses a change after its first use, and a repetition too: the effective set decides.
            _ = dnnl_set_max_cpu_isa(limit)
            guard dnnl_get_effective_cpu_isa().rawValue <= limit.rawValue else {
                throw EngineError("oneDNN already runs with wider instructions than \(chosen.rawValue) in this process")
            }
        }
        self.instructions = chosen
        let isFast =
            switch precision {
            case .fp32: true
            case .bf16: InstructionSet.hasBFloat16
            case .int8: InstructionSet.hasByteProducts
            }
        self.precision = chosen == .avx512 && isFast ? precision : .fp32
        self.threads = max(1, threads)
        diptych_set_threads(Int32(self.threads))
        engine = try created("start an engine") { dnnl_engine_create(&$0, dnnl_cpu, 0) }
        let started = engine
        stream = try created("start a stream") {
            dnnl_stream_create(&$0, started, UInt32(dnnl_stream_default_flags.rawValue))
        }
    }

    deinit {
        products.removeAll()
        convolutions.removeAll()
        poolings.removeAll()
        dnnl_stream_destroy(stream)
        dnnl_engine_destroy(engine)
    }

    /// Says how many threads oneDNN may use on this thread, which engines of a process share.
    private func takeThreads() { diptych_set_threads(Int32(threads)) }

    /// The element type of matrix operands; those of int8 become bytes when they are multiplied.
    var operandType: diptych_type { precision != .fp32 && InstructionSet.hasBFloat16 ? DIPTYCH_BF16 : DIPTYCH_F32 }

    func type(for role: TensorRole) -> diptych_type { role == .stream ? DIPTYCH_F32 : operandType }

    func tensor(_ rows: Int, _ columns: Int, _ layout: SequenceLayout, _ type: diptych_type) -> CPUTensor {
        CPUTensor(
            block: workspace.take(rows * columns * type.byteCount), rows: rows, columns: columns, layout: layout,
            type: type)
    }

    /// Copies a matrix from one layout to another, converting its element type.
    func reorder(
        _ from: inout dnnl_memory_desc_t, _ source: UnsafeMutableRawPointer, _ to: inout dnnl_memory_desc_t,
        _ destination: UnsafeMutableRawPointer
    ) throws {
        let (engine, input, output) = try (
            engine, DNNL.memory(from, engine, source), DNNL.memory(to, engine, destination)
        )
        defer {
            dnnl_memory_destroy(input)
            dnnl_memory_destroy(output)
        }
        var plan: dnnl_primitive_desc_t?
        try check(
            dnnl_reorder_primitive_desc_create(&plan, &from, engine, &to, engine, nil), "plan the packing of weights")
        defer { dnnl_primitive_desc_destroy(plan) }
        let primitive = try created("compile the packing of weights") { dnnl_primitive_create(&$0, plan) }
        defer { dnnl_primitive_destroy(primitive) }
        let arguments = [
            dnnl_exec_arg_t(arg: DNNL_ARG_FROM, memory: input), dnnl_exec_arg_t(arg: DNNL_ARG_TO, memory: output),
        ]
        try check(dnnl_primitive_execute(primitive, stream, 2, arguments), "pack weights")
        try check(dnnl_stream_wait(stream), "pack weights")
    }
}

// The protocol documents these.
// swift-format-ignore: AllPublicDeclarationsHaveDocumentation
extension CPUEngine {
    public func tokens(_ batch: TokenBatch) throws -> TokenBatch {
        takeThreads()
        return batch
    }

    public func pixels(_ batch: PixelBatch) throws -> PixelBatch {
        takeThreads()
        return batch
    }

    public func floats(of x: CPUTensor) throws -> [Float] { x.floats() }

    public func linear(
        _ x: CPUTensor, _ layer: CPULinear, activation: Activation? = nil, as role: TensorRole
    ) throws -> CPUTensor {
        let y = tensor(x.rows, layer.outputs, x.layout, type(for: role))  // [rows, outputs]
        try multiply(x, layer, activation: activation, adds: false, into: y)
        return y
    }

    public func addLinear(_ x: CPUTensor, _ layer: CPULinear, to residual: inout CPUTensor) throws {
        precondition(residual.rows == x.rows && residual.columns == layer.outputs && residual.type == DIPTYCH_F32)
        if !isKnownUniquelyReferenced(&residual.block) {
            let copy = tensor(residual.rows, residual.columns, residual.layout, DIPTYCH_F32)
            copy.pointer.copyMemory(from: residual.pointer, byteCount: residual.rows * residual.columns * 4)
            residual = copy
        }
        try multiply(x, layer, activation: nil, adds: true, into: residual)
    }

    public func layerNorm(_ x: CPUTensor, _ norm: CPUNorm, as role: TensorRole) throws -> CPUTensor {
        precondition(x.type == DIPTYCH_F32 && x.columns == norm.weight.count, "layer norm of something not a stream")
        let y = tensor(x.rows, x.columns, x.layout, type(for: role))
        diptych_layer_norm(
            instructions.kernels, Int32(threads), x.floatPointer, norm.weight, norm.bias, norm.epsilon, y.pointer,
            y.type,
            x.rows, x.columns)
        return y
    }

    public func attention(_ x: CPUTensor, heads: Int, mask: AttentionMask, dropout: Float) throws -> CPUTensor {
        precondition(x.columns % (3 * heads) == 0, "queries, keys and values do not split into \(heads) heads")
        let width = x.columns / 3
        let y = tensor(x.rows, width, x.layout, x.type)  // [rows, 3 · width] → [rows, width]
        let share = (diptych_attention_scratch(x.layout.longest, width / heads) + 63) / 64 * 64
        let scratch = workspace.take(share * threads)
        x.layout.offsets.withUnsafeBufferPointer {
            diptych_attention(
                instructions.kernels, Int32(threads), x.pointer, y.pointer, x.type, $0.baseAddress, x.layout.count,
                heads, width / heads, mask == .causal ? 1 : 0, scratch.pointer, share)
        }
        return y
    }

    public func attention(query: CPUTensor, keysValues: CPUTensor, heads: Int) throws -> CPUTensor {
        let width = query.columns
        precondition(
            width % heads == 0 && keysValues.columns == 2 * width && query.rows == keysValues.layout.count
                && query.type == keysValues.type, "a query that does not fit its keys and values")
        let y = tensor(query.rows, width, query.layout, query.type)  // [sequences, width]
        let share = ((keysValues.layout.longest + width / heads) * 4 + 63) / 64 * 64
        let scratch = workspace.take(share * threads)
        keysValues.layout.offsets.withUnsafeBufferPointer {
            diptych_query_attention(
                instructions.kernels, Int32(threads), query.pointer, keysValues.pointer, y.pointer, y.type,
                $0.baseAddress, query.rows, heads, width / heads, scratch.pointer, share)
        }
        return y
    }

    public func firstRows(of x: CPUTensor) throws -> CPUTensor {
        rows((0..<x.layout.count).map { x.layout[$0].lowerBound }, of: x)
    }

    public func endRows(of x: CPUTensor, tokens: TokenBatch, rule: EndOfText) throws -> CPUTensor {
        let ends = (0..<tokens.layout.count).map { index in
            let range = tokens.layout[index]
            // A text without its end token stands for its first row, as in the reference implementation.
            return range.lowerBound + (rule.position(in: tokens.ids[range]) ?? 0)
        }
        return rows(ends, of: x)
    }

    /// The given rows, one sequence each.
    private func rows(_ indices: [Int], of x: CPUTensor) -> CPUTensor {
        let y = tensor(indices.count, x.columns, SequenceLayout(count: indices.count, length: 1), x.type)
        let bytes = x.columns * x.type.byteCount
        for (row, index) in indices.enumerated() {
            (y.pointer + row * bytes).copyMemory(from: x.pointer + index * bytes, byteCount: bytes)
        }
        return y  // [sequences, columns]
    }
}
