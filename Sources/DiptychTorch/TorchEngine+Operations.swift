internal import CTorch
public import DiptychEngine

// The protocol documents these.
// swift-format-ignore: AllPublicDeclarationsHaveDocumentation
extension TorchEngine {
    public func embed(_ tokens: Tokens, with embedding: TokenEmbedding) throws -> Tensor {
        let batch = tokens.batch
        guard batch.layout.longest <= embedding.context else {
            throw EngineError("a text has \(batch.layout.longest) tokens, the model reads \(embedding.context)")
        }
        if let id = batch.ids.first(where: { $0 < 0 || Int($0) >= embedding.vocabulary }) {
            throw EngineError("token id \(id) is outside the model's vocabulary of \(embedding.vocabulary)")
        }
        let value = try plugin.make(
            tokens.ids, tokens.places, embedding.tokens, embedding.positions, embedding.segments
        ) { $0.embed_tokens($1, $2, $3, $4, $5) }
        return Tensor(value: value, layout: batch.layout, columns: embedding.width)
    }

    public func embed(_ pixels: Pixels, with embedding: PatchEmbedding) throws -> Tensor {
        let sizes = embedding.sizes
        guard pixels.size == sizes.imageSize else {
            throw EngineError("images are \(pixels.size) pixels wide, the model reads \(sizes.imageSize)")
        }
        let count = pixels.count / sizes.frames
        guard count * sizes.frames == pixels.count else {
            throw EngineError("\(pixels.count) images do not fill clips of \(sizes.frames) frames")
        }
        let kept = keptRows(of: sizes.rows, hasClassToken: embedding.classToken != nil)
        let projection = try operand(embedding.projection)
        let bias = try embedding.bias.map { try operand($0) }
        let value = try plugin.make(
            pixels.value, projection, bias, embedding.classToken, embedding.positions
        ) { $0.embed_patches($1, $2, $3, $4, $5, Int64(kept.map { $0 - 1 } ?? -1)) }
        return Tensor(
            value: value, layout: SequenceLayout(count: count, length: kept ?? sizes.rows), columns: sizes.width)
    }

    public func layerNorm(_ x: Tensor, _ norm: Norm, as role: TensorRole) throws -> Tensor {
        let value = try plugin.make(x.value, norm.weight, norm.bias) { functions, x, weight, bias in
            functions.layer_norm(x, weight, bias, norm.epsilon, type(role))
        }
        return x.with(try dropped(value, norm.dropout))
    }

    public func operand(of x: Tensor) throws -> Tensor { x.with(try operand(x.value)) }

    /// x with a share `rate` of its numbers at 0, in training.
    private func dropped(_ x: TorchValue, _ rate: Float) throws -> TorchValue {
        guard training != nil, rate > 0 else { return x }
        return try plugin.make(x) { $0.dropout($1, Double(rate)) }
    }

    /// The rows of an image that masking leaves, the class token's included; nil for all.
    private func keptRows(of rows: Int, hasClassToken: Bool) -> Int? {
        guard let ratio = training?.maskRatio, ratio > 0, hasClassToken else { return nil }
        return 1 + Int(Double(rows - 1) * (1 - ratio))
    }

    public var recomputes: Bool { training?.recomputes ?? false }

    public func recomputing(_ x: inout Tensor, _ body: @escaping (inout Tensor) throws -> Void) throws {
        guard recomputes else { return try body(&x) }
        let before = x
        x = before.with(
            try plugin.recomputed(before.value) { value in
                var x = before.with(value)
                try body(&x)
                return x.value
            })
    }

    public func linear(_ x: Tensor, _ layer: Linear, activation: Activation?, as role: TensorRole) throws -> Tensor {
        let (weight, bias) = try joined(layer)
        let value = try plugin.make(x.value, weight, bias) { functions, x, weight, bias in
            functions.linear(x, weight, bias, activation.number, type(role))
        }
        return x.with(try dropped(value, layer.dropout), columns: layer.outputs)
    }

    public func addLinear(_ x: Tensor, _ layer: Linear, to residual: inout Tensor) throws {
        let product = try linear(x, layer, activation: nil, as: .stream)
        residual = residual.with(try plugin.make(residual.value, product.value) { $0.sum($1, $2) })
    }

    public func attention(_ x: Tensor, heads: Int, mask: AttentionMask, dropout: Float) throws -> Tensor {
        precondition(x.columns % (3 * heads) == 0, "queries, keys and values do not split into \(heads) heads")
        let value = try plugin.make(x.value) { functions, value in
            functions.attention(
                value, x.layout.offsets, Int32(clamping: x.layout.count), Int32(clamping: heads),
                mask == .causal ? 1 : 0, training == nil ? 0 : Double(dropout))
        }
        return x.with(value, columns: x.columns / 3)
    }

    public func attention(query: Tensor, keysValues: Tensor, heads: Int) throws -> Tensor {
        precondition(
            query.columns % heads == 0 && keysValues.columns == 2 * query.columns
                && query.layout.rows == keysValues.layout.count, "a query that does not fit its keys and values")
        let value = try plugin.make(query.value, keysValues.value) { functions, query, keysAndValues in
            functions.query_attention(
                query, keysAndValues, keysValues.layout.offsets, Int32(clamping: keysValues.layout.count),
                Int32(clamping: heads))
        }
        return query.with(value)  // [sequences, width]
    }

    public func firstRows(of x: Tensor) throws -> Tensor {
        try rows((0..<x.layout.count).map { x.layout[$0].lowerBound }, of: x)
    }

    public func endRows(of x: Tensor, tokens: Tokens, rule: EndOfText) throws -> Tensor {
        let layout = tokens.batch.layout
        let ends = (0..<layout.count).map { index in
            let range = layout[index]
            // A text without its end token stands for its first row, as in the reference implementation.
            return range.lowerBound + (rule.position(in: tokens.batch.ids[range]) ?? 0)
        }
        return try rows(ends, of: x)
    }

    /// The given rows, one sequence each: [sequences, columns].
    private func rows(_ numbers: [Int], of x: Tensor) throws -> Tensor {
        let indices = try plugin.indices(numbers, device: device)
        return Tensor(
            value: try plugin.make(x.value, indices) { $0.chosen($1, $2) },
            layout: SequenceLayout(count: numbers.count, length: 1), columns: x.columns)
    }

    public func row(of table: Table, forEachSequenceOf x: Tensor) throws -> Tensor {
        precondition(table.rows == 1, "a table of \(table.rows) rows where one is repeated")
        let only = Tensor(value: table.value, layout: SequenceLayout(count: 1, length: 1), columns: table.width)
        return try operand(of: rows([Int](repeating: 0, count: x.layout.count), of: only))
    }

    public func featureMap(of pixels: Pixels, side: Int) throws -> FeatureMap {
        guard pixels.size == side else {
            throw EngineError("images are \(pixels.size) pixels wide, the model reads \(side)")
        }
        return FeatureMap(value: try operand(pixels.value), count: pixels.count, side: side, channels: 3)
    }

    public func convolve(_ x: FeatureMap, _ layer: Convolution, activation: Activation?) throws -> FeatureMap {
        try convolve(x, layer, residual: nil, activation)
    }

    public func addConvolution(
        _ x: FeatureMap, _ layer: Convolution, to residual: inout FeatureMap, activation: Activation?
    ) throws {
        residual = try convolve(x, layer, residual: residual.value, activation)
    }

    private func convolve(
        _ x: FeatureMap, _ layer: Convolution, residual: TorchValue?, _ activation: Activation?
    ) throws -> FeatureMap {
        let sizes = layer.sizes
        precondition(x.channels == sizes.inputs && x.side == sizes.side, "a map that the convolution does not read")
        let kernel = try operand(layer.kernel)
        let value = try plugin.make(
            x.value, kernel, layer.weight, layer.bias, layer.mean, layer.variance, residual
        ) { functions, x, kernel, weight, bias, mean, variance, residual in
            functions.convolution(
                x, kernel, weight, bias, mean, variance, sizes.epsilon, Int32(clamping: sizes.stride),
                Int32(clamping: sizes.padding), residual, activation.number,
                statisticsKind(layer.name))
        }
        return FeatureMap(value: value, count: x.count, side: sizes.resultSide, channels: sizes.outputs)
    }

    public func averagePool(_ x: FeatureMap, window: Int) throws -> FeatureMap {
        let value = try plugin.make(x.value) { $0.average_pool($1, Int32(clamping: window)) }
        return FeatureMap(value: value, count: x.count, side: x.side / window, channels: x.channels)
    }

    public func maxPool(_ x: FeatureMap, window: Int, stride: Int) throws -> FeatureMap {
        let value = try plugin.make(x.value) {
            $0.max_pool($1, Int32(clamping: window), Int32(clamping: stride))
        }
        return FeatureMap(value: value, count: x.count, side: (x.side - 1) / stride + 1, channels: x.channels)
    }

    public func mean(of x: FeatureMap) throws -> Tensor {
        Tensor(
            value: try plugin.make(x.value) { $0.mean($1) }, layout: SequenceLayout(count: x.count, length: 1),
            columns: x.channels)
    }

    public func meanAndPositions(of x: FeatureMap, adding table: Table) throws -> Tensor {
        guard table.rows == 1 + x.side * x.side, table.width == x.channels else {
            throw EngineError("a table of \(table.rows) rows for a map of \(x.side * x.side) positions")
        }
        let value = try plugin.make(x.value, table.value) { $0.mean_and_positions($1, $2, type(.operand)) }
        return Tensor(
            value: value, layout: SequenceLayout(count: x.count, length: table.rows), columns: x.channels)
    }
}

extension TorchEngine.Tensor {
    /// The same positions with other numbers.
    func with(_ value: TorchValue, columns: Int? = nil) -> Self {
        Self(value: value, layout: layout, columns: columns ?? self.columns)
    }
}
