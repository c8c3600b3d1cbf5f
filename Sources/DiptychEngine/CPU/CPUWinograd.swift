internal import CKernels

/// Weights of a convolution as `diptych_winograd_convolve` reads them.
///
/// They take four times the memory of the weights that they were made of.
struct WinogradWeights {
    let block: Workspace.Block
    let bias: [Float]
}

extension CPUEngine {
    /// Whether a convolution is one for Winograd's transform, of 3 × 3 windows each beside the last.
    ///
    /// Only of floats, as numbers as short as bfloat16 would lose too much in the transforms.
    func isForWinograd(_ key: ConvolutionKey) -> Bool {
        instructions == .avx512 && operandType == DIPTYCH_F32 && key.window == 3 && key.stride == 1
            && key.inputs.isMultiple(of: 16) && key.outputs.isMultiple(of: 16) && key.inputs <= DIPTYCH_MOST_CHANNELS
    }

    /// Transforms and packs weights [outputs, inputs, 3, 3].
    func packForWinograd(_ weights: UnsafePointer<Float>, _ key: ConvolutionKey, bias: [Float]) -> WinogradWeights {
        let block = Workspace.Block(byteCount: diptych_winograd_size(key.inputs, key.outputs))
        diptych_winograd_pack(Int32(threads), weights, key.inputs, key.outputs, block.pointer)
        return WinogradWeights(block: block, bias: bias)
    }

    func convolve(_ x: CPUFeatureMap, _ weights: WinogradWeights, _ key: ConvolutionKey, into y: CPUFeatureMap) {
        let scratch = workspace.take(threads * diptych_winograd_scratch(key.inputs))
        var convolution = diptych_winograd()
        (convolution.images, convolution.side) = (key.count, key.side)
        (convolution.inputs, convolution.outputs) = (key.inputs, key.outputs)
        convolution.input = UnsafePointer(x.pointer.assumingMemoryBound(to: Float.self))
        convolution.packed = UnsafeRawPointer(weights.block.pointer)
        convolution.activation = key.activation?.kernels ?? DIPTYCH_NO_ACTIVATION
        convolution.output = y.pointer.assumingMemoryBound(to: Float.self)
        (convolution.adds, convolution.scratch) = (key.adds, scratch.pointer)
        withExtendedLifetime(scratch) {
            weights.bias.withUnsafeBufferPointer { bias in
                convolution.bias = bias.baseAddress
                diptych_winograd_convolve(instructions.kernels, Int32(threads), &convolution)
            }
        }
    }
}
