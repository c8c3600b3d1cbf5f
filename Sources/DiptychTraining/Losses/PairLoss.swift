internal import DiptychTorch

/// A batch's loss and how often the right text, and the right image, scored highest.
struct PairLoss {
    let loss: TorchValue
    let imageToText: Double
    let textToImage: Double

    /// The loss of pairs of features, all of which gradients may follow.
    ///
    /// - Parameters:
    ///   - images: rows of length 1, as many as of texts.
    ///   - rows: the rows that this process computes, with all others as their negatives; nil for all.
    init(
        images: TorchValue, texts: TorchValue, count: Int, rows: Range<Int>? = nil, _ model: TrainedModel,
        _ kind: TrainingOptions.Loss
    ) throws {
        let engine = model.engine
        let factor = try engine.exponential(model.scale)
        func logits(_ a: TorchValue, _ b: TorchValue) throws -> TorchValue {
            let scaled = try engine.times(factor, engine.product(a, b))
            return try kind == .sigmoid && model.bias != nil ? model.bias.map { try engine.sum(scaled, $0) } ?? scaled : scaled
        }
        let first = rows?.lowerBound ?? 0
        let (perImage, perText): (TorchValue, TorchValue)
        if let rows, rows != 0..<count {
            perImage = try logits(engine.rows(rows, of: images), texts)
            perText = try logits(engine.rows(rows, of: texts), images)
        } else {
            perImage = try logits(images, texts)
            perText = try engine.transposed(perImage)
        }
        switch kind {
        case .contrastive:
            loss = try engine.affine(
                engine.sum(
                    engine.crossEntropy(ofPairsIn: perImage, first: first),
                    engine.crossEntropy(ofPairsIn: perText, first: first)), times: 0.5)
        case .sigmoid: loss = try engine.sigmoidLoss(of: perImage, first: first)
        }
        imageToText = try engine.accuracy(ofPairsIn: perImage, first: first)
        textToImage = try engine.accuracy(ofPairsIn: perText, first: first)
    }
}

/// How alike the features of a batch are: a model whose features all become one has learnt nothing.
struct FeatureSpread {
    /// The mean cosine of two different rows.
    let meanCosine: Double
    /// The participation ratio of the eigenvalues of the rows' covariance, (Σλ)² / Σλ²: 1 where all lie on a line.
    let effectiveRank: Double

    /// - Parameter features: rows of length 1.
    init(_ features: [Float], columns: Int) {
        let count = columns == 0 ? 0 : features.count / columns
        guard count > 1 else {
            (meanCosine, effectiveRank) = (0, Double(count))
            return
        }
        var mean = [Double](repeating: 0, count: columns)
        for row in 0..<count {
            for column in 0..<columns { mean[column] += Double(features[row * columns + column]) / Double(count) }
        }
        // ‖Σx‖² is the sum of all cosines, the rows' with themselves among them.
        let n = Double(count)
        let all = mean.reduce(0) { $0 + $1 * $1 } * n * n
        meanCosine = (all - n) / (n * (n - 1))
        let centred = (0..<count).map { row in
            (0..<columns).map { Double(features[row * columns + $0]) - mean[$0] }
        }
        var (trace, squares) = (0.0, 0.0)
        for (i, a) in centred.enumerated() {
            for (j, b) in centred.enumerated() where j <= i {
                let product = zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
                if i == j { trace += product }
                squares += (i == j ? 1 : 2) * product * product
            }
        }
        effectiveRank = squares > 0 ? trace * trace / squares : 1
    }

    /// Whether nothing distinguishes the rows any more.
    var isCollapsed: Bool { meanCosine > 0.9999 }
}
