import DiptychEngine
import DiptychCheckpoints

/// The engine that Documentation/engine.md explains: it computes nothing and counts the numbers that each operation
/// produces, which is what a training engine has to keep.
final class ActivationEngine: Engine {
    /// Activations: how many rows each sequence has, and how wide they are.
    struct Tensor {
        var layout: SequenceLayout
        var columns: Int
    }

    /// Feature maps: [images, side, side, channels].
    struct FeatureMap {
        var images: Int
        var side: Int
        var channels: Int
    }

    /// The operations so far, with the numbers that they produced.
    private(set) var produced: [(operation: String, numbers: Int)] = []
    /// All numbers together.
    var total: Int { produced.reduce(0) { $0 + $1.numbers } }

    private func new(_ operation: String, _ layout: SequenceLayout, _ columns: Int) -> Tensor {
        produced.append((operation, layout.rows * columns))
        return Tensor(layout: layout, columns: columns)
    }

    private func new(_ operation: String, _ images: Int, _ side: Int, _ channels: Int) -> FeatureMap {
        produced.append((operation, images * side * side * channels))
        return FeatureMap(images: images, side: side, channels: channels)
    }

    // Arrays go in as they are; nothing comes out.
    func tokens(_ batch: TokenBatch) -> TokenBatch { batch }
    func pixels(_ batch: PixelBatch) -> PixelBatch { batch }
    func floats(of x: Tensor) -> [Float] { [] }

    // What is prepared stays as it is: nothing reads the weights, only their sizes.
    func prepare(_ parameters: LinearParameters) -> LinearParameters { parameters }
    func prepare(_ parameters: NormParameters) -> NormParameters { parameters }
    func prepare(_ parameters: TokenEmbeddingParameters) -> TokenEmbeddingParameters { parameters }
    func prepare(_ parameters: PatchEmbeddingParameters) -> PatchEmbeddingParameters { parameters }
    func prepare(_ parameters: ConvolutionParameters) -> ConvolutionParameters { parameters }
    func prepare(_ parameters: TableParameters) -> TableParameters { parameters }
}

// Tokens, pixels, rows.
extension ActivationEngine {
    func embed(_ tokens: TokenBatch, with embedding: TokenEmbeddingParameters) -> Tensor {
        new("tokens", tokens.layout, embedding.width)
    }

    func embed(_ pixels: PixelBatch, with embedding: PatchEmbeddingParameters) -> Tensor {
        new("patches", SequenceLayout(count: pixels.count, length: embedding.rows), embedding.width)
    }

    func layerNorm(_ x: Tensor, _ norm: NormParameters, as role: TensorRole) -> Tensor {
        new("norm", x.layout, norm.width)
    }

    func operand(of x: Tensor) -> Tensor { x }

    func linear(_ x: Tensor, _ layer: LinearParameters, activation: Activation?, as role: TensorRole) -> Tensor {
        new("linear", x.layout, layer.outputs)
    }

    func addLinear(_ x: Tensor, _ layer: LinearParameters, to residual: inout Tensor) {
        residual = new("sum", residual.layout, residual.columns)
    }

    func attention(_ queriesKeysValues: Tensor, heads: Int, mask: AttentionMask, dropout: Float) -> Tensor {
        new("attention", queriesKeysValues.layout, queriesKeysValues.columns / 3)
    }

    func attention(query: Tensor, keysValues: Tensor, heads: Int) -> Tensor {
        new("attention", query.layout, query.columns)
    }

    func firstRows(of x: Tensor) -> Tensor { new("pool", SequenceLayout(count: x.layout.count, length: 1), x.columns) }

    func endRows(of x: Tensor, tokens: TokenBatch, rule: EndOfText) -> Tensor { firstRows(of: x) }

    func row(of table: TableParameters, forEachSequenceOf x: Tensor) -> Tensor {
        new("table", SequenceLayout(count: x.layout.count, length: 1), table.width)
    }
}

// Feature maps.
extension ActivationEngine {
    func featureMap(of pixels: PixelBatch, side: Int) -> FeatureMap { new("pixels", pixels.count, side, 3) }

    func convolve(_ x: FeatureMap, _ layer: ConvolutionParameters, activation: Activation?) -> FeatureMap {
        new("convolution", x.images, layer.resultSide, layer.outputs)
    }

    func addConvolution(
        _ x: FeatureMap, _ layer: ConvolutionParameters, to residual: inout FeatureMap, activation: Activation?
    ) {
        residual = new("sum", residual.images, residual.side, residual.channels)
    }

    func averagePool(_ x: FeatureMap, window: Int) -> FeatureMap {
        new("average", x.images, x.side / window, x.channels)
    }

    func maxPool(_ x: FeatureMap, window: Int, stride: Int) -> FeatureMap {
        new("maximum", x.images, (x.side - 1) / stride + 1, x.channels)
    }

    func mean(of x: FeatureMap) -> Tensor {
        new("mean", SequenceLayout(count: x.images, length: 1), x.channels)
    }

    func meanAndPositions(of x: FeatureMap, adding table: TableParameters) -> Tensor {
        new("positions", SequenceLayout(count: x.images, length: table.rows), table.width)
    }
}
