internal import CDNNL
internal import CKernels
internal import DiptychTensors

/// Weights packed once into the layout that oneDNN's kernels read.
public struct CPULinear {
    let weights: Workspace.Block
    let layout: dnnl_memory_desc_t
    let bias: [Float]?
    let inputs: Int
    let outputs: Int
    let operandType: diptych_type

    func key(rows: Int, activation: Activation?, result: diptych_type, adds: Bool) -> MatrixProductKey {
        MatrixProductKey(
            rows: rows, inputs: inputs, outputs: outputs, operandType: dnnl_data_type_t(operandType).rawValue,
            resultType: dnnl_data_type_t(result).rawValue, activation: activation, adds: adds, hasBias: bias != nil)
    }
}

/// The gain and shift of a layer normalisation.
public struct CPUNorm {
    let gain: [Float]
    let bias: [Float]
    let epsilon: Float
}

/// Token and position tables, read from the checkpoint's mapping row by row.
public struct CPUTokenEmbedding {
    let tokens: TensorView
    /// Positions, and what every position gets.
    let positions: [Float]
    let width: Int
    let context: Int
}

/// The patch projection as a matrix product, and what is added to its result.
public struct CPUPatchEmbedding {
    let projection: CPULinear
    let classToken: [Float]?
    let positions: [Float]
    let imageSize: Int
    let patchSize: Int
    let width: Int
}

/// Learned rows.
public struct CPUTable {
    let values: [Float]
    let rows: Int
    let width: Int
}

extension dnnl_data_type_t {
    init(_ type: diptych_type) { self = type == DIPTYCH_BF16 ? dnnl_bf16 : dnnl_f32 }
}

// The protocol documents these.
// swift-format-ignore: AllPublicDeclarationsHaveDocumentation
extension CPUEngine {
    public func prepare(_ parameters: LinearParameters) throws -> CPULinear {
        try pack(
            parameters.weights, inputs: parameters.inputs, outputs: parameters.outputs, layout: parameters.layout,
            bias: parameters.biases.isEmpty ? nil : parameters.biases.flatMap { $0.floats() })
    }

    public func prepare(_ parameters: NormParameters) throws -> CPUNorm {
        CPUNorm(gain: parameters.weight.floats(), bias: parameters.bias.floats(), epsilon: parameters.epsilon)
    }

    public func prepare(_ parameters: TokenEmbeddingParameters) throws -> CPUTokenEmbedding {
        var positions = parameters.positions.floats()
        if let segment = parameters.segments?.rows(0..<1).floats() {
            for i in positions.indices { positions[i] += segment[i % parameters.width] }
        }
        return CPUTokenEmbedding(
            tokens: parameters.tokens, positions: positions, width: parameters.width,
            context: parameters.positions.shape[0])
    }

    public func prepare(_ parameters: TableParameters) throws -> CPUTable {
        CPUTable(values: parameters.values.floats(), rows: parameters.rows, width: parameters.width)
    }

    public func prepare(_ parameters: PatchEmbeddingParameters) throws -> CPUPatchEmbedding {
        // A convolution whose stride is its size is a matrix product over cut-out patches.
        let projection = try pack(
            [parameters.projection], inputs: 3 * parameters.patchSize * parameters.patchSize,
            outputs: parameters.width, layout: .outputsByInputs, bias: parameters.bias?.floats())
        return CPUPatchEmbedding(
            projection: projection, classToken: parameters.classToken?.floats(),
            positions: parameters.positions.floats(), imageSize: parameters.imageSize,
            patchSize: parameters.patchSize, width: parameters.width)
    }

    /// Puts the parts of a weight matrix side by side and reorders them for oneDNN.
    private func pack(
        _ parts: [TensorView], inputs: Int, outputs: Int, layout: LinearParameters.Layout, bias: [Float]?
    ) throws -> CPULinear {
        let source = workspace.take(inputs * outputs * 4)
        var at = source.pointer.assumingMemoryBound(to: Float.self)
        for part in parts {
            widen(part, to: at)
            at += part.count
            part.releasePages()
        }
        // Every product over these weights is compiled for the layout that this one prefers, whatever its rows.
        let type = dnnl_data_type_t(operandType)
        var target = try MatrixProduct.packedLayout(inputs: inputs, outputs: outputs, type: type, engine: engine)
        var plain = try DNNL.shape(
            [inputs, outputs], dnnl_f32, layout == .outputsByInputs ? dnnl_ba : dnnl_ab)
        let packed = Workspace.Block(byteCount: dnnl_memory_desc_get_size(&target))
        try reorder(&plain, source.pointer, &target, packed.pointer)
        return CPULinear(
            weights: packed, layout: target, bias: bias, inputs: inputs, outputs: outputs, operandType: operandType)
    }

    /// Converts a checkpoint tensor to floats.
    func widen(_ view: TensorView, to destination: UnsafeMutablePointer<Float>) {
        switch view.elementType {
        case .float32: diptych_widen(instructions.kernels, DIPTYCH_F32, view.bytes.baseAddress, destination, view.count)
        case .bfloat16:
            diptych_widen(instructions.kernels, DIPTYCH_BF16, view.bytes.baseAddress, destination, view.count)
        case .float16: diptych_widen(instructions.kernels, DIPTYCH_F16, view.bytes.baseAddress, destination, view.count)
        default: view.copyFloats(from: 0, count: view.count, to: destination)
        }
    }
}
