internal import CDNNL
internal import CKernels
internal import DiptychCheckpoints

/// A linear layer with its weights packed once into the layout that products read.
public struct CPULinear {
    let inputs: Int
    let outputs: Int
    let weights: CPUWeights
}

/// Weights of a product.
enum CPUWeights {
    /// For this package's own products.
    case packed(PackedWeights)
    /// For oneDNN, on processors without AVX-512.
    case dnnl(DNNLWeights)
}

/// Weights as `diptych_multiply` reads them.
struct PackedWeights {
    let operand: diptych_operand
    let block: Workspace.Block
    /// One for each output of bytes; both are padded with zeros to whole panels.
    let scales: [Float]
    let bias: [Float]
}

/// Weights in the layout that oneDNN prefers.
struct DNNLWeights {
    let block: Workspace.Block
    let layout: dnnl_memory_desc_t
    let bias: [Float]?
}

extension dnnl_data_type_t {
    init(_ type: diptych_type) { self = type == DIPTYCH_BF16 ? dnnl_bf16 : dnnl_f32 }
}

extension CPUEngine {
    /// What this package's own products would multiply, or nil where oneDNN is to multiply `inputs` numbers a row.
    private func operand(inputs: Int, allowsBytes: Bool) -> diptych_operand? {
        guard instructions == .avx512 else { return nil }
        // Sums of more products of bytes might not fit 32 bits.
        if precision == .int8, allowsBytes, inputs <= 1 << 16 { return DIPTYCH_OPERAND_I8 }
        if operandType == DIPTYCH_F32 { return DIPTYCH_OPERAND_F32 }
        // Pairs are multiplied. No model has an odd width, but a file might.
        return inputs.isMultiple(of: 2) ? DIPTYCH_OPERAND_BF16 : nil
    }

    /// Puts the parts of a weight matrix side by side and packs them.
    ///
    /// - Parameter allowsBytes: whether the layer may be multiplied in bytes, where that is the engine's precision.
    func pack(
        _ parts: [TensorView], inputs: Int, outputs: Int, layout: LinearParameters.Layout, bias: [Float]?,
        allowsBytes: Bool = true
    ) throws -> CPULinear {
        let source = workspace.take(inputs * outputs * 4)
        var at = source.pointer.assumingMemoryBound(to: Float.self)
        for part in parts {
            widen(part, to: at)
            at += part.count
            part.releasePages()
        }
        let weights: CPUWeights =
            if let operand = operand(inputs: inputs, allowsBytes: allowsBytes) {
                .packed(pack(source, as: operand, inputs: inputs, outputs: outputs, layout: layout, bias: bias))
            } else {
                .dnnl(try packForDNNL(source, inputs: inputs, outputs: outputs, layout: layout, bias: bias))
            }
        return CPULinear(inputs: inputs, outputs: outputs, weights: weights)
    }

    func pack(
        _ source: Workspace.Block, as operand: diptych_operand, inputs: Int, outputs: Int,
        layout: LinearParameters.Layout, bias: [Float]?
    ) -> PackedWeights {
        let panel = DIPTYCH_PANEL
        let padded = (outputs + panel - 1) / panel * panel
        let block = Workspace.Block(byteCount: diptych_packed_size(operand, inputs, outputs))
        var scales = [Float](repeating: 0, count: operand == DIPTYCH_OPERAND_I8 ? padded : 0)
        let isByOutput = layout == .outputsByInputs
        scales.withUnsafeMutableBufferPointer {
            diptych_pack(
                Int32(threads), operand, source.pointer.assumingMemoryBound(to: Float.self), inputs, outputs,
                isByOutput ? 1 : outputs, isByOutput ? inputs : 1, block.pointer, $0.baseAddress)
        }
        let bias = (bias ?? []) + [Float](repeating: 0, count: padded - (bias?.count ?? 0))
        return PackedWeights(operand: operand, block: block, scales: scales, bias: bias)
    }

    private func packForDNNL(
        _ source: Workspace.Block, inputs: Int, outputs: Int, layout: LinearParameters.Layout, bias: [Float]?
    ) throws -> DNNLWeights {
        // Every product over these weights is compiled for the layout that this one prefers, whatever its rows.
        let type = dnnl_data_type_t(operandType)
        var target = try MatrixProduct.packedLayout(inputs: inputs, outputs: outputs, type: type, engine: engine)
        var plain = try DNNL.shape(
            [inputs, outputs], dnnl_f32, layout == .outputsByInputs ? dnnl_ba : dnnl_ab)
        let packed = Workspace.Block(byteCount: dnnl_memory_desc_get_size(&target))
        try reorder(&plain, source.pointer, &target, packed.pointer)
        return DNNLWeights(block: packed, layout: target, bias: bias)
    }

    /// y = activation(x · Wᵀ + b), or y += x · Wᵀ + b.
    func multiply(_ x: CPUTensor, _ layer: CPULinear, activation: Activation?, adds: Bool, into y: CPUTensor) throws {
        precondition(x.columns == layer.inputs && x.type == operandType, "not the input that the layer expects")
        switch layer.weights {
        case .packed(let weights): multiply(x, layer, weights, activation: activation, adds: adds, into: y)
        case .dnnl(let weights):
            let key = MatrixProductKey(
                rows: x.rows, inputs: layer.inputs, outputs: layer.outputs,
                operandType: dnnl_data_type_t(operandType).rawValue, resultType: dnnl_data_type_t(y.type).rawValue,
                activation: activation, adds: adds, hasBias: weights.bias != nil)
            let product = try products.value(key) { try MatrixProduct(key, layout: weights.layout, engine: engine) }
            try product.run(
                stream: stream, source: x.pointer, weights: weights.block.pointer, bias: weights.bias,
                destination: y.pointer)
        }
    }

    private func multiply(
        _ x: CPUTensor, _ layer: CPULinear, _ weights: PackedWeights, activation: Activation?, adds: Bool,
        into y: CPUTensor
    ) {
        var product = diptych_gemm()
        product.operand = weights.operand
        (product.rows, product.inputs, product.outputs) = (x.rows, layer.inputs, layer.outputs)
        product.input = UnsafeRawPointer(x.pointer)
        product.packed = UnsafeRawPointer(weights.block.pointer)
        product.activation = activation?.kernels ?? DIPTYCH_NO_ACTIVATION
        (product.output, product.output_type, product.adds) = (y.pointer, y.type, adds)
        let bytes = weights.operand == DIPTYCH_OPERAND_I8 ? quantise(x) : nil
        if let bytes {
            product.input = UnsafeRawPointer(bytes.rows.pointer)
            product.facts = UnsafePointer(
                bytes.facts.pointer.assumingMemoryBound(to: diptych_quantised_row.self))
        }
        withExtendedLifetime(bytes) {
            weights.scales.withUnsafeBufferPointer { scales in
                weights.bias.withUnsafeBufferPointer { bias in
                    (product.scales, product.bias) = (scales.baseAddress, bias.baseAddress)
                    diptych_multiply(instructions.kernels, Int32(threads), &product)
                }
            }
        }
    }

    /// The rows of `x` as rotated bytes, and how each is to be read.
    private func quantise(_ x: CPUTensor) -> (rows: Workspace.Block, facts: Workspace.Block) {
        let rows = workspace.take(x.rows * diptych_quantised_width(x.columns))
        let facts = workspace.take(x.rows * MemoryLayout<diptych_quantised_row>.stride)
        diptych_quantise_rows(
            instructions.kernels, Int32(threads), x.pointer, x.type, x.rows, x.columns,
            rows.pointer.assumingMemoryBound(to: Int8.self),
            facts.pointer.assumingMemoryBound(to: diptych_quantised_row.self))
        return (rows, facts)
    }
}

extension Activation {
    /// The kernels' name for it.
    var kernels: diptych_activation {
        switch self {
        case .quickGELU: DIPTYCH_QUICK_GELU
        case .gelu: DIPTYCH_GELU
        case .geluTanh: DIPTYCH_GELU_TANH
        case .relu: DIPTYCH_RELU
        }
    }
}
