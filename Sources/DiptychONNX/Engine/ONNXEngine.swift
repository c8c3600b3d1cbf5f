internal import DiptychEngine
internal import DiptychCheckpoints

/// An engine that computes nothing and records: each operation becomes nodes of an ONNX graph.
///
/// Where other engines see a packed batch, the graph sees [batch, positions, width]: images have the same number of positions,
/// and texts come padded to one length. The batch is the first extent of every tensor and is never looked at, so that it may
/// be free; a constant of extent 1 there, such as a learned query, spreads over it.
///
/// In fp16 a ``TensorRole/operand`` and the weights that it meets are fp16, a ``TensorRole/stream`` is fp32; so are layer
/// normalisation and softmax, whose sums fp16 would spoil.
final class ONNXEngine: Engine {
    /// Activations: [batch, length, width], or [batch, width] once one row of each sequence is left.
    struct Tensor {
        var value: Value
        /// The positions, or nil for one row a sequence.
        let length: Int?
        let width: Int
        /// What is added to the scores of padding, [batch, 1, 1, length].
        let padding: Value?
    }

    /// Texts: [batch, length] of ids.
    struct Tokens {
        let ids: Value
        let length: Int
        let padding: Value?
    }

    /// Images: [batch, 3, size, size].
    struct Pixels {
        let value: Value
        let size: Int
    }

    /// Feature maps: [batch, channels, side, side].
    struct FeatureMap {
        var value: Value
        let side: Int
        let channels: Int
    }

    /// Weights [inputs, outputs] and bias [outputs].
    struct Linear {
        let weight: Value
        let bias: Value?
        let outputs: Int
    }

    /// Weight and bias.
    struct Norm {
        let weight: Value
        let bias: Value
        let epsilon: Float
    }

    /// Tables of tokens [vocabulary, width] and of what each position adds; the latter's length is the graph's.
    struct TokenEmbedding {
        let tokens: Value
        let positions: Value
        let width: Int
    }

    /// The patch projection as a convolution, and what is added to its result, [rows, width].
    struct PatchEmbedding {
        let projection: Value
        let bias: Value?
        let positions: Value
        let parameters: PatchEmbeddingParameters
    }

    /// A convolution with its normalisation folded in.
    struct Convolution {
        let weight: Value
        let bias: Value
        let parameters: ConvolutionParameters
    }

    /// Learned rows, [rows, width].
    struct Table {
        let parameters: TableParameters
    }

    let graph: GraphRecorder
    /// The type of operands.
    let operand: ONNXElementType
    /// The positions of a text.
    let textLength: Int

    /// Records into `graph`.
    ///
    /// - Parameters:
    ///   - operand: float, or float16 to halve the weights.
    ///   - textLength: the positions of a text, padding included.
    init(_ graph: GraphRecorder, operand: ONNXElementType, textLength: Int) {
        self.graph = graph
        self.operand = operand
        self.textLength = textLength
    }

    func type(_ role: TensorRole) -> ONNXElementType { role == .stream ? .float : operand }

    /// Texts whose ids are the graph's input `ids`.
    ///
    /// - Parameter padID: the id whose positions no other may attend to; nil where nothing looks beyond a text's end, or where the
    ///   model reads its padding.
    func tokens(_ ids: Value, padID: Int?) -> Tokens {
        let padding = padID.map { id in
            let isPad = graph.node("Equal", [ids, graph.scalar(id)], type: .bool)  // [batch, length]
            let spread = graph.node("Unsqueeze", [graph.cast(isPad, to: .float), graph.constant([1, 2])])
            // What BERT's original code adds: far enough below every score, and finite where a text is all padding.
            return graph.node("Mul", [spread, graph.scalar(-10_000, like: spread)])
        }
        return Tokens(ids: ids, length: textLength, padding: padding)
    }

    // Parameters.

    func prepare(_ p: LinearParameters) throws -> Linear {
        let weight = graph.weights(p.weights.map(\.name), [p.inputs, p.outputs], operand) {
            try p.transposedPieces($0)
        }
        let bias =
            p.biases.isEmpty
            ? nil
            : graph.weights(p.biases.map(\.name), [p.outputs], operand) { put in
                for bias in p.biases { try bias.pieces(put) }
            }
        return Linear(weight: weight, bias: bias, outputs: p.outputs)
    }

    func prepare(_ p: NormParameters) throws -> Norm {
        Norm(
            weight: graph.weights([p.weight.name], [p.width], .float) { try p.weight.pieces($0) },
            bias: graph.weights([p.bias.name], [p.width], .float) { try p.bias.pieces($0) }, epsilon: p.epsilon)
    }

    func prepare(_ p: ConvolutionParameters) throws -> Convolution {
        // Folded anew for each of the two: one convolution's weights at a time is all that is ever held.
        Convolution(
            weight: graph.weights([p.weight.name], p.weight.shape, operand) { put in
                try put(p.folded().weight)
                p.weight.releasePages()
            },
            bias: graph.weights([p.normBias.name], [p.outputs], operand) { try $0(p.folded().bias) }, parameters: p)
    }

    func prepare(_ p: TableParameters) throws -> Table { Table(parameters: p) }

    // Rows.

    func firstRows(of x: Tensor) throws -> Tensor { row(0, of: x) }

    func endRows(of x: Tensor, tokens: Tokens, rule: EndOfText) throws -> Tensor {
        let ranked: Value
        switch rule {
        case .last: return row(tokens.length - 1, of: x)
        case .highestID: ranked = tokens.ids
        case .firstID(let id): ranked = graph.node("Equal", [tokens.ids, graph.scalar(Int(id))], type: .bool)
        }
        // The first of the highest; the first row of a text without its end token, as in the reference implementation.
        let end = graph.node(
            "ArgMax", [graph.cast(ranked, to: .int32)], type: .int64, [.int("axis", 1), .int("keepdims", 1)])
        let rows = graph.node("GatherND", [x.value, end], [.int("batch_dims", 1)])  // [batch, width]
        return Tensor(value: rows, length: nil, width: x.width, padding: nil)
    }

    func row(of table: Table, forEachSequenceOf x: Tensor) throws -> Tensor {
        let p = table.parameters
        let value = graph.weights([p.values.name], [p.rows, p.width], operand) { try p.values.pieces($0) }
        return Tensor(value: value, length: nil, width: p.width, padding: nil)  // [1, width]
    }

    private func row(_ index: Int, of x: Tensor) -> Tensor {
        let rows = graph.node("Gather", [x.value, graph.scalar(index)], [.int("axis", 1)])  // [batch, width]
        return Tensor(value: rows, length: nil, width: x.width, padding: nil)
    }
}
