internal import DiptychModels

/// What a step keeps in memory for its gradients, about.
///
/// Texts are taken to be as long as they may be, so that a step of short ones takes less.
struct StepMemory {
    /// The bytes of a whole batch.
    let bytes: Int

    init(_ configuration: CLIPConfiguration, _ options: TrainingOptions) {
        let (vision, text) = (configuration.vision, configuration.text)
        var numbers = Self.blocks(
            options.contextLength, text.width, text.feedForwardWidth, text.layers, recomputes: options.recomputes)
        if case .resNet(let stages) = vision.architecture {
            numbers += Self.residualNetwork(stages, width: vision.width, side: vision.imageSize)
        } else {
            let kept = 1 - options.maskRatio
            numbers += Self.blocks(
                1 + Int(Double(vision.patches) * kept), vision.width, vision.feedForwardWidth, vision.layers,
                recomputes: options.recomputes)
        }
        // Of numbers that are multiplied in bf16 some two thirds are kept as such.
        let size: Double =
            switch options.precision {
            case .fp64: 8
            case .fp32: 4
            default: 4 * 0.7
            }
        let product = Double(numbers) * Double(options.batchSize) * size
        bytes = product < 1e18 ? Int(product) : .max / 16
    }

    /// Of a block the two normalised inputs, queries, keys and values, what attention gives, the wide layer before, within and after its
    /// non-linearity, and two sums.
    private static func blocks(_ tokens: Int, _ width: Int, _ inner: Int, _ layers: Int, recomputes: Bool) -> Int {
        let block = tokens * (8 * width + 4 * inner)
        return recomputes ? layers * tokens * width + block : layers * block
    }

    /// Of each convolution what it gives to its normalisation, and what the non-linearity makes of that; in CLIP's network three
    /// convolutions stand before the stages, and averages make images smaller.
    private static func residualNetwork(_ stages: [Int], width: Int, side: Int) -> Int {
        var area = (side / 2) * (side / 2)
        // Gradients of the largest maps stand beside what is kept; libtorch holds about four at a time.
        var numbers = area * (2 * (width / 2) + 2 * (width / 2) + 2 * width) + 4 * area * width
        area /= 4
        numbers += area * width
        var (inputs, planes) = (width, width)
        for (number, blocks) in stages.enumerated() {
            for block in 0..<blocks {
                let halves = number > 0 && block == 0
                // The two convolutions before the average are of the larger images.
                numbers += area * 4 * planes
                if halves {
                    area /= 4
                    numbers += area * (planes + inputs)
                }
                numbers += area * 4 * planes * (block == 0 ? 3 : 2)
                inputs = 4 * planes
            }
            planes *= 2
        }
        // Convolutions keep copies of what they read in an order of their own; measured on RN50.
        return numbers + numbers * 9 / 20
    }
}
