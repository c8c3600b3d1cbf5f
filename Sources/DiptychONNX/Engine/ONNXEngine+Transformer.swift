internal import DiptychEngine

extension ONNXEngine {
    func layerNorm(_ x: Tensor, _ norm: Norm, as role: TensorRole) throws -> Tensor {
        let normed = graph.node(
            "LayerNormalization", [x.value, norm.weight, norm.bias],
            [.int("axis", -1), .float("epsilon", norm.epsilon)])
        return x.with(graph.cast(normed, to: type(role)))
    }

    func operand(of x: Tensor) throws -> Tensor { x.with(graph.cast(x.value, to: operand)) }

    func linear(_ x: Tensor, _ layer: Linear, activation: Activation?, as role: TensorRole) throws -> Tensor {
        var value = product(x, layer)
        if let activation { value = self.activation(activation, value) }
        return x.with(graph.cast(value, to: type(role)), width: layer.outputs)
    }

    func addLinear(_ x: Tensor, _ layer: Linear, to residual: inout Tensor) throws {
        residual.value = graph.node("Add", [residual.value, graph.cast(product(x, layer), to: .float)])
    }

    /// x · W + b, […, inputs] → […, outputs].
    private func product(_ x: Tensor, _ layer: Linear) -> Value {
        let product = graph.node("MatMul", [x.value, layer.weight])
        return layer.bias.map { graph.node("Add", [product, $0]) } ?? product
    }

    /// The formulas are those of ``Activation``. A cube that overflows fp16 does no harm: tanh(±∞) is ±1.
    func activation(_ activation: Activation, _ x: Value) -> Value {
        func times(_ a: Value, _ factor: Float) -> Value { graph.node("Mul", [a, graph.scalar(factor, like: a)]) }
        func plusOne(_ a: Value) -> Value { graph.node("Add", [a, graph.scalar(1, like: a)]) }
        switch activation {
        case .relu: return graph.node("Relu", [x])
        case .quickGELU: return graph.node("Mul", [x, graph.node("Sigmoid", [times(x, 1.702)])])
        case .gelu:
            // x · (1 + erf(x/√2)) / 2, in the order that runtimes know how to fuse.
            let root = graph.scalar(Float(2).squareRoot(), like: x)
            let error = graph.node("Erf", [graph.node("Div", [x, root])])
            return times(graph.node("Mul", [x, plusOne(error)]), 0.5)
        case .geluTanh:
            // x · (1 + tanh(√(2/π) · (x + 0.044715 x³))) / 2 (Hendrycks & Gimpel 2016)
            let cube = graph.node("Mul", [graph.node("Mul", [x, x]), x])
            let inner = times(graph.node("Add", [x, times(cube, 0.044715)]), (2 / Float.pi).squareRoot())
            return times(graph.node("Mul", [x, plusOne(graph.node("Tanh", [inner]))]), 0.5)
        }
    }

    func attention(_ x: Tensor, heads: Int, mask: AttentionMask, dropout: Float) throws -> Tensor {
        guard let length = x.length, x.width % (3 * heads) == 0 else {
            throw EngineError("queries, keys and values of width \(x.width) do not split into \(heads) heads")
        }
        let width = x.width / 3
        let parts = graph.nodes("Split", [x.value], results: 3, [.int("axis", -1)])
        let value = attend(
            queries: split(parts[0], length, heads, width), keys: split(parts[1], length, heads, width, turned: true),
            values: split(parts[2], length, heads, width), headWidth: width / heads
        ) { scores in
            var scores = scores  // [batch, heads, length, length]
            if let padding = x.padding { scores = graph.node("Add", [scores, padding]) }
            if mask == .causal { scores = graph.node("Add", [scores, causalMask(length)]) }
            return scores
        }
        let joined = graph.node("Transpose", [value], [.ints("perm", [0, 2, 1, 3])])  // [batch, length, heads, …]
        return x.with(graph.node("Reshape", [joined, graph.constant([0, length, width])]), width: width)
    }

    func attention(query: Tensor, keysValues: Tensor, heads: Int) throws -> Tensor {
        let width = query.width
        guard let length = keysValues.length, width % heads == 0, keysValues.width == 2 * width else {
            throw EngineError("a query of width \(width) does not fit keys and values of \(keysValues.width)")
        }
        let parts = graph.nodes("Split", [keysValues.value], results: 2, [.int("axis", -1)])
        let asked = graph.node("Reshape", [query.value, graph.constant([0, heads, 1, width / heads])])
        let value = attend(
            queries: asked, keys: split(parts[0], length, heads, width, turned: true),
            values: split(parts[1], length, heads, width), headWidth: width / heads
        ) { $0 }  // [batch, heads, 1, …]
        return query.with(graph.node("Reshape", [value, graph.constant([0, width])]))
    }

    /// softmax(q · kᵀ / √d, masked) · v for each head (Vaswani et al. 2017).
    private func attend(
        queries: Value, keys: Value, values: Value, headWidth: Int, masked: (Value) -> Value
    ) -> Value {
        // The scale goes to the queries: products of fp16 numbers stay small.
        let scale = graph.scalar(1 / Float(headWidth).squareRoot(), like: queries)
        let scores = graph.node("MatMul", [graph.node("Mul", [queries, scale]), keys])
        let weights = graph.node("Softmax", [masked(graph.cast(scores, to: .float))], [.int("axis", -1)])
        return graph.node("MatMul", [graph.cast(weights, to: operand), values])
    }

    /// [batch, length, width] → [batch, heads, length, width / heads], or with the last two extents swapped.
    private func split(_ x: Value, _ length: Int, _ heads: Int, _ width: Int, turned: Bool = false) -> Value {
        let cut = graph.node("Reshape", [x, graph.constant([0, length, heads, width / heads])])
        return graph.node("Transpose", [cut], [.ints("perm", turned ? [0, 2, 3, 1] : [0, 2, 1, 3])])
    }

    /// −∞ above the diagonal, [length, length].
    private func causalMask(_ length: Int) -> Value {
        let values = (0..<length * length).map { $0 % length > $0 / length ? -Float.infinity : 0 }
        return graph.constant(values, [length, length])
    }
}

extension ONNXEngine.Tensor {
    /// The same positions with other numbers.
    func with(_ value: Value, width: Int? = nil) -> Self {
        Self(value: value, length: length, width: width ?? self.width, padding: padding)
    }
}
