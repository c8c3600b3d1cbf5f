internal import CDNNL
internal import CKernels
internal import DiptychCheckpoints

/// The weight and bias of a layer normalisation.
public struct CPUNorm {
    let weight: [Float]
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
    let frames: Int
}

/// Learned rows.
public struct CPUTable {
    let values: [Float]
    let rows: Int
    let width: Int
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
        CPUNorm(weight: parameters.weight.floats(), bias: parameters.bias.floats(), epsilon: parameters.epsilon)
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
        // A convolution whose stride is its size is a matrix product over cut-out patches. Everything after depends on it, and it
        // is a thirtieth of the work: not in bytes.
        let projection = try pack(
            [parameters.projection], inputs: 3 * parameters.patchSize * parameters.patchSize,
            outputs: parameters.width, layout: .outputsByInputs, bias: parameters.bias?.floats(), allowsBytes: false)
        return CPUPatchEmbedding(
            projection: projection, classToken: parameters.classToken?.floats(),
            positions: parameters.positions.floats(), imageSize: parameters.imageSize,
            patchSize: parameters.patchSize, width: parameters.width, frames: parameters.frames)
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
