internal import CDNNL
internal import CKernels
internal import DiptychCheckpoints

/// Feature maps in the working memory of a ``CPUEngine``: [count, side, side, channels], channels side by side.
public struct CPUFeatureMap {
    var block: Workspace.Block
    /// The number of images.
    public let count: Int
    /// The side of each map.
    public let side: Int
    /// The numbers at each position.
    public let channels: Int
    let type: diptych_type

    var pointer: UnsafeMutableRawPointer { block.pointer }
    var elements: Int { count * side * side * channels }
}

/// A convolution with its normalisation folded in, and its weights packed once.
public struct CPUConvolution {
    let weights: ConvolutionWeights
    let key: ConvolutionKey
}

/// Weights of a convolution, for the fastest way that there is to it.
enum ConvolutionWeights {
    /// For windows of 3 × 3 floats, each beside the last.
    case winograd(WinogradWeights)
    /// For products of windows with this package's own.
    case packed(PackedWeights)
    /// For oneDNN, on processors without AVX-512 and for the three channels of images.
    case dnnl(DNNLWeights)
}

// The protocol documents these.
// swift-format-ignore: AllPublicDeclarationsHaveDocumentation
extension CPUEngine {
    public func prepare(_ parameters: ConvolutionParameters) throws -> CPUConvolution {
        let (scale, bias) = parameters.normalization()
        let source = workspace.take(parameters.weight.count * 4)
        let weights = source.pointer.assumingMemoryBound(to: Float.self)
        widen(parameters.weight, to: weights)
        ConvolutionParameters.multiply(
            UnsafeMutableBufferPointer(start: weights, count: parameters.weight.count), by: scale)
        parameters.weight.releasePages()
        let key = ConvolutionKey(
            count: 16, side: parameters.side, inputs: parameters.inputs, outputs: parameters.outputs,
            window: parameters.window, stride: parameters.stride, type: dnnl_data_type_t(operandType).rawValue,
            activation: nil, adds: false)
        if isForWinograd(key) {
            return CPUConvolution(weights: .winograd(packForWinograd(weights, key, bias: bias)), key: key)
        }
        if instructions == .avx512, key.inputs.isMultiple(of: 16), key.inputs <= DIPTYCH_MOST_CHANNELS {
            return CPUConvolution(weights: .packed(pack(weights, key, bias: bias)), key: key)
        }
        // Batches of other sizes are compiled for the layout that this one prefers.
        var layout = try ConvolutionProduct(key, layout: nil, engine: engine).weightsLayout
        let extents = [parameters.outputs, parameters.inputs, parameters.window, parameters.window]
        var plain = try DNNL.shape(extents, dnnl_f32, dnnl_abcd)
        let packed = Workspace.Block(byteCount: dnnl_memory_desc_get_size(&layout))
        try reorder(&plain, source.pointer, &layout, packed.pointer)
        return CPUConvolution(weights: .dnnl(DNNLWeights(block: packed, layout: layout, bias: bias)), key: key)
    }

    /// Packs weights [outputs, inputs, window, window] for rows that hold a window's positions one after the other.
    private func pack(_ weights: UnsafePointer<Float>, _ key: ConvolutionKey, bias: [Float]) -> PackedWeights {
        let (inputs, area) = (key.inputs, key.window * key.window)
        let width = area * inputs
        let rows = workspace.take(key.outputs * width * 4)
        let row = rows.pointer.assumingMemoryBound(to: Float.self)
        for output in 0..<key.outputs {
            for input in 0..<inputs {
                for place in 0..<area {
                    row[output * width + place * inputs + input] = weights[(output * inputs + input) * area + place]
                }
            }
        }
        let operand = operandType == DIPTYCH_BF16 ? DIPTYCH_OPERAND_BF16 : DIPTYCH_OPERAND_F32
        return pack(
            rows, as: operand, inputs: width, outputs: key.outputs, layout: .outputsByInputs, bias: bias)
    }

    public func featureMap(of pixels: PixelBatch, side: Int) throws -> CPUFeatureMap {
        guard pixels.size == side else {
            throw EngineError("images are \(pixels.size) pixels wide, the model reads \(side)")
        }
        let x = map(pixels.count, side, 3)  // [count, side, side, 3]
        pixels.values.withUnsafeBufferPointer {
            diptych_channels_last(Int32(threads), $0.baseAddress, pixels.count, side, x.pointer, x.type)
        }
        return x
    }

    public func convolve(
        _ x: CPUFeatureMap, _ layer: CPUConvolution, activation: Activation?
    ) throws -> CPUFeatureMap {
        let y = map(x.count, layer.key.resultSide, layer.key.outputs)
        try convolve(x, layer, activation: activation, adds: false, into: y)
        return y
    }

    public func addConvolution(
        _ x: CPUFeatureMap, _ layer: CPUConvolution, to residual: inout CPUFeatureMap, activation: Activation?
    ) throws {
        precondition(
            residual.count == x.count && residual.side == layer.key.resultSide
                && residual.channels == layer.key.outputs, "a residual of another shape than what is added")
        if !isKnownUniquelyReferenced(&residual.block) {
            let copy = map(residual.count, residual.side, residual.channels)
            copy.pointer.copyMemory(from: residual.pointer, byteCount: residual.elements * residual.type.byteCount)
            residual = copy
        }
        try convolve(x, layer, activation: activation, adds: true, into: residual)
    }

    public func averagePool(_ x: CPUFeatureMap, window: Int) throws -> CPUFeatureMap {
        precondition(window > 0 && x.side % window == 0, "squares of \(window) do not tile a map of \(x.side)")
        let y = map(x.count, x.side / window, x.channels)
        try pool(x, PoolingKey(of: x, window: window, stride: window, isMaximum: false), into: y)
        return y
    }

    public func maxPool(_ x: CPUFeatureMap, window: Int, stride: Int) throws -> CPUFeatureMap {
        precondition(window > 0 && stride > 0 && window % 2 == 1, "windows of \(window), \(stride) apart")
        let key = PoolingKey(of: x, window: window, stride: stride, isMaximum: true)
        let y = map(x.count, key.resultSide, x.channels)
        try pool(x, key, into: y)
        return y
    }

    private func pool(_ x: CPUFeatureMap, _ key: PoolingKey, into y: CPUFeatureMap) throws {
        let pooling = try poolings.value(key) { try Pooling(key, engine: engine) }
        try pooling.run(stream: stream, source: x.pointer, destination: y.pointer)
    }

    public func mean(of x: CPUFeatureMap) throws -> CPUTensor {
        let (positions, width) = (x.side * x.side, x.channels)
        let y = tensor(x.count, width, SequenceLayout(count: x.count, length: 1), DIPTYCH_F32)  // [count, channels]
        let wide = workspace.take(positions * width * 4)
        let rows = wide.pointer.assumingMemoryBound(to: Float.self)
        for image in 0..<x.count {
            diptych_widen(
                instructions.kernels, x.type, x.pointer + image * positions * width * x.type.byteCount, rows,
                positions * width)
            Self.average(rows, positions, width, into: y.floatPointer + image * width)
        }
        return y
    }

    /// The mean of `positions` rows of `width` numbers.
    private static func average(
        _ rows: UnsafePointer<Float>, _ positions: Int, _ width: Int, into mean: UnsafeMutablePointer<Float>
    ) {
        mean.update(repeating: 0, count: width)
        for position in 0..<positions {
            for i in 0..<width { mean[i] += rows[position * width + i] }
        }
        for i in 0..<width { mean[i] /= Float(positions) }
    }

    public func meanAndPositions(of x: CPUFeatureMap, adding table: CPUTable) throws -> CPUTensor {
        let (positions, width) = (x.side * x.side, x.channels)
        precondition(table.rows == 1 + positions && table.width == width, "a table of another shape than the map")
        let layout = SequenceLayout(count: x.count, length: 1 + positions)
        let y = tensor(layout.rows, width, layout, DIPTYCH_F32)  // [count · (1 + positions), width]
        for image in 0..<x.count {
            let mean = y.floatPointer + layout[image].lowerBound * width
            let rows = mean + width
            diptych_widen(
                instructions.kernels, x.type, x.pointer + image * positions * width * x.type.byteCount, rows,
                positions * width)
            Self.average(rows, positions, width, into: mean)
            table.values.withUnsafeBufferPointer { table in
                for i in 0..<(1 + positions) * width { mean[i] += table[i] }
            }
        }
        return try operand(of: y)
    }

    private func map(_ count: Int, _ side: Int, _ channels: Int) -> CPUFeatureMap {
        CPUFeatureMap(
            block: workspace.take(count * side * side * channels * operandType.byteCount), count: count, side: side,
            channels: channels, type: operandType)
    }

    private func convolve(
        _ x: CPUFeatureMap, _ layer: CPUConvolution, activation: Activation?, adds: Bool, into y: CPUFeatureMap
    ) throws {
        let key = layer.key.with(count: x.count, activation: activation, adds: adds)
        precondition(x.side == key.side && x.channels == key.inputs, "not the map that the convolution expects")
        switch layer.weights {
        case .winograd(let weights): convolve(x, weights, key, into: y)
        case .packed(let weights): convolve(x, weights, key, into: y)
        case .dnnl(let weights):
            let product = try convolutions.value(key) {
                try ConvolutionProduct(key, layout: weights.layout, engine: engine)
            }
            try (weights.bias ?? []).withUnsafeBufferPointer { bias in
                guard let bias = bias.baseAddress else { return }
                try product.run(
                    stream: stream, source: x.pointer, weights: weights.block.pointer, bias: bias,
                    destination: y.pointer)
            }
        }
    }

    private func convolve(_ x: CPUFeatureMap, _ weights: PackedWeights, _ key: ConvolutionKey, into y: CPUFeatureMap) {
        var product = diptych_gemm()
        product.operand = weights.operand
        product.rows = key.count * key.resultSide * key.resultSide
        (product.inputs, product.outputs) = (key.window * key.window * key.inputs, key.outputs)
        product.input = UnsafeRawPointer(x.pointer)
        // Windows of one position, each beside the last, are the map itself.
        if key.window > 1 || key.stride > 1 {
            product.im2col = diptych_im2col(
                side: key.side, channels: key.inputs, window: key.window, stride: key.stride)
        }
        product.packed = UnsafeRawPointer(weights.block.pointer)
        product.activation = key.activation?.kernels ?? DIPTYCH_NO_ACTIVATION
        (product.output, product.output_type, product.adds) = (y.pointer, y.type, key.adds)
        weights.bias.withUnsafeBufferPointer { bias in
            product.bias = bias.baseAddress
            diptych_multiply(instructions.kernels, Int32(threads), &product)
        }
    }
}

extension PoolingKey {
    fileprivate init(of x: CPUFeatureMap, window: Int, stride: Int, isMaximum: Bool) {
        self.init(
            count: x.count, side: x.side, channels: x.channels, window: window, stride: stride, isMaximum: isMaximum,
            type: dnnl_data_type_t(x.type).rawValue)
    }
}

extension ConvolutionKey {
    /// The same convolution over another number of images and with another epilogue.
    fileprivate func with(count: Int, activation: Activation?, adds: Bool) -> ConvolutionKey {
        ConvolutionKey(
            count: count, side: side, inputs: inputs, outputs: outputs, window: window, stride: stride, type: type,
            activation: activation, adds: adds)
    }
}
