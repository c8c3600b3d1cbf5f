internal import DiptychBasics
internal import DiptychEngine
internal import DiptychModels

/// A small fixed sample of inputs on which the loss of a precision is measured.
struct PrecisionProbe {
    /// The largest 1 − cosine between an embedding and its fp32 original that counts as negligible: well below the
    /// differences between pictures of the same thing.
    static let negligibleLoss: Float = 1e-3

    /// Nil for a model without a text tower.
    let tokens: TokenBatch?
    let pixels: PixelBatch
    private let dimension: Int

    init(_ definition: any ModelDefinition) {
        var generator = SplitMix64(seed: 0x9E37_79B9_7F4A_7C15)
        func next() -> UInt64 { generator.next() }
        tokens = definition.textInput.map { text in
            let longest = min(16, text.contextLength)
            return TokenBatch(
                (0..<4).map { index in
                    (0..<max(2, longest - 3 * index)).map { _ in Int32(next() % UInt64(text.vocabularySize)) }
                })
        }
        // Smooth waves with some noise: nearer to photographs than noise alone.
        let size = definition.imageSize
        var values: [Float] = []
        for image in 0..<2 {
            for channel in 0..<3 {
                for y in 0..<size {
                    for x in 0..<size {
                        let wave = ((x / 7 + y / 11 + channel * 5 + image * 3) % 16)
                        values.append(Float(wave) / 8 - 1 + Float(next() % 1024) / 4096)
                    }
                }
            }
        }
        pixels = PixelBatch(values: values, count: 2, size: size)
        dimension = definition.embeddingDimension
    }

    /// The largest 1 − cosine between rows of `a` and `b`.
    func loss(_ a: [Float], _ b: [Float]) -> Float {
        let (x, y) = (Embeddings(values: a, dimension: dimension), Embeddings(values: b, dimension: dimension))
        return (0..<x.count).map { 1 - x[$0].similarity(to: y[$0]) }.max() ?? 0
    }
}
