internal import DiptychEngine
internal import DiptychCheckpoints

extension ONNXEngine {
    // Arrays come in and go out when the file is run.
    func tokens(_ batch: TokenBatch) throws -> Tokens { throw Self.recordsOnly }
    func pixels(_ batch: PixelBatch) throws -> Pixels { throw Self.recordsOnly }
    func floats(of x: Tensor) throws -> [Float] { throw Self.recordsOnly }

    private static let recordsOnly = EngineError("the ONNX engine records a graph and computes nothing; run its file")

    func prepare(_ p: TokenEmbeddingParameters) throws -> TokenEmbedding {
        guard textLength >= 1, textLength <= p.positions.shape[0] else {
            throw EngineError("texts of \(textLength) tokens, where the model reads 1 to \(p.positions.shape[0])")
        }
        let (width, length) = (p.width, textLength)
        let positions = p.positions.rows(0..<length)
        // Every position gets the first segment.
        let segment = p.segments?.floats(from: 0, count: width)
        return TokenEmbedding(
            tokens: graph.weights([p.tokens.name], p.tokens.shape, operand) { try p.tokens.pieces($0) },
            positions: graph.weights([p.positions.name], [length, width], .float) { put in
                var values = positions.floats()
                if let segment { for i in values.indices { values[i] += segment[i % width] } }
                try put(values)
            }, width: width)
    }

    func prepare(_ p: PatchEmbeddingParameters) throws -> PatchEmbedding {
        PatchEmbedding(
            projection: graph.weights([p.projection.name], p.projection.shape, operand) { try p.projection.pieces($0) },
            bias: p.bias.map { bias in graph.weights([bias.name], [p.width], operand) { try bias.pieces($0) } },
            positions: graph.weights([p.positions.name], [p.rows, p.width], .float) { put in
                var values = p.positions.floats()
                for (i, value) in (p.classToken?.floats() ?? []).enumerated() { values[i] += value }
                try put(values)
            }, parameters: p)
    }

    func embed(_ tokens: Tokens, with embedding: TokenEmbedding) throws -> Tensor {
        let rows = graph.node("Gather", [embedding.tokens, tokens.ids])  // [batch, length, width]
        let sum = graph.node("Add", [graph.cast(rows, to: .float), embedding.positions])
        return Tensor(value: sum, length: tokens.length, width: embedding.width, padding: tokens.padding)
    }

    func embed(_ pixels: Pixels, with embedding: PatchEmbedding) throws -> Tensor {
        let p = embedding.parameters
        guard p.frames == 1 else { throw EngineError("models of clips are not exported") }
        guard pixels.size == p.imageSize else {
            throw EngineError("images are \(pixels.size) pixels wide, the model reads \(p.imageSize)")
        }
        let inputs =
            [graph.cast(pixels.value, to: operand), embedding.projection] + (embedding.bias.map { [$0] } ?? [])
        let patch = [p.patchSize, p.patchSize]
        let map = graph.node(
            "Conv", inputs, [.ints("kernel_shape", patch), .ints("strides", patch)])  // [batch, width, side, side]
        var rows = graph.cast(positions(of: map, width: p.width, count: p.patches), to: .float)
        if p.classToken != nil {
            // A row of zeros for the class token, which stands in the first row of the positions.
            rows = graph.node("Pad", [rows, graph.constant([0, 1, 0, 0, 0, 0])])
        }
        let sum = graph.node("Add", [rows, embedding.positions])  // [batch, rows, width]
        return Tensor(value: sum, length: p.rows, width: p.width, padding: nil)
    }

    func featureMap(of pixels: Pixels, side: Int) throws -> FeatureMap {
        guard pixels.size == side else {
            throw EngineError("images are \(pixels.size) pixels wide, the model reads \(side)")
        }
        return FeatureMap(value: graph.cast(pixels.value, to: operand), side: side, channels: 3)
    }

    func convolve(_ x: FeatureMap, _ layer: Convolution, activation: Activation?) throws -> FeatureMap {
        let p = layer.parameters
        let convolved = graph.node(
            "Conv", [x.value, layer.weight, layer.bias],
            [
                .ints("kernel_shape", [p.window, p.window]), .ints("strides", [p.stride, p.stride]),
                .ints("pads", [Int](repeating: p.padding, count: 4)),
            ])
        let value = activation.map { self.activation($0, convolved) } ?? convolved
        return FeatureMap(value: value, side: p.resultSide, channels: p.outputs)
    }

    func addConvolution(
        _ x: FeatureMap, _ layer: Convolution, to residual: inout FeatureMap, activation: Activation?
    ) throws {
        let sum = graph.node("Add", [residual.value, try convolve(x, layer, activation: nil).value])
        residual.value = activation.map { self.activation($0, sum) } ?? sum
    }

    func averagePool(_ x: FeatureMap, window: Int) throws -> FeatureMap {
        let square = [window, window]
        let pooled = graph.node("AveragePool", [x.value], [.ints("kernel_shape", square), .ints("strides", square)])
        return FeatureMap(value: pooled, side: x.side / window, channels: x.channels)
    }

    func maxPool(_ x: FeatureMap, window: Int, stride: Int) throws -> FeatureMap {
        let pooled = graph.node(
            "MaxPool", [x.value],
            [
                .ints("kernel_shape", [window, window]), .ints("strides", [stride, stride]),
                .ints("pads", [Int](repeating: window / 2, count: 4)),
            ])
        return FeatureMap(value: pooled, side: (x.side - 1) / stride + 1, channels: x.channels)
    }

    func mean(of x: FeatureMap) throws -> Tensor {
        let mean = graph.node(
            "ReduceMean", [graph.cast(x.value, to: .float)], [.ints("axes", [2, 3]), .int("keepdims", 0)])
        return Tensor(value: mean, length: nil, width: x.channels, padding: nil)  // [batch, channels]
    }

    func meanAndPositions(of x: FeatureMap, adding table: Table) throws -> Tensor {
        let p = table.parameters
        let count = x.side * x.side
        guard p.rows == 1 + count, p.width == x.channels else {
            throw EngineError("a table of \(p.rows) rows for a map of \(count) positions")
        }
        let rows = graph.cast(positions(of: x.value, width: x.channels, count: count), to: .float)
        let mean = graph.node("ReduceMean", [rows], [.ints("axes", [1]), .int("keepdims", 1)])
        let joined = graph.node("Concat", [mean, rows], [.int("axis", 1)])  // [batch, 1 + count, channels]
        let places = graph.weights([p.values.name], [p.rows, p.width], .float) { try p.values.pieces($0) }
        let sum = graph.node("Add", [joined, places])
        return Tensor(
            value: graph.cast(sum, to: operand), length: p.rows, width: p.width, padding: nil)
    }

    /// [batch, width, side, side] → [batch, count, width].
    private func positions(of map: Value, width: Int, count: Int) -> Value {
        let flat = graph.node("Reshape", [map, graph.constant([0, width, count])])
        return graph.node("Transpose", [flat], [.ints("perm", [0, 2, 1])])
    }
}
