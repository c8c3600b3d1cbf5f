internal import DiptychTorch

/// A batch's loss and how often the right text, and the right image, scored highest.
struct PairLoss {
    let loss: TorchValue
    let imageToText: Double
    let textToImage: Double

    /// The loss of one process's pairs of features, against those of all processes where options want that.
    ///
    /// - Parameters:
    ///   - images: rows of length 1, as many as of texts.
    ///   - count: their number.
    ///   - taught: a teacher's features of the same images.
    static func ofGroup(
        images: TorchValue, texts: TorchValue, count: Int, taught: TorchValue?, _ model: TrainedModel,
        _ options: TrainingOptions, _ group: TorchGroup?
    ) throws -> PairLoss {
        let engine = model.engine
        guard let group, options.aggregates else {
            let result = try PairLoss(images: images, texts: texts, count: count, model, options.loss)
            return try result.adding(taught, images, engine, options)
        }
        /// All processes' rows: in their order where gradients follow, else this process's own first.
        func all(_ x: TorchValue, follows: Bool) throws -> TorchValue {
            let gathered = try engine.gathered(x, follows: follows)
            guard !follows else { return gathered }
            let others = try (0..<group.size).filter { $0 != group.rank }
                .map { try engine.rows($0 * count..<($0 + 1) * count, of: gathered) }
            return try engine.joined([x] + others)
        }
        // Of a sigmoid for each pair, only the process of a text can teach it what does not belong to it.
        let follows = options.gathersGradients || options.loss == .sigmoid
        let (allImages, allTexts) = try (all(images, follows: follows), all(texts, follows: follows))
        let isLocal = options.isLocal || options.loss == .sigmoid
        let first = follows ? group.rank * count : 0
        let result = try PairLoss(
            images: allImages, texts: allTexts, count: count * group.size,
            rows: isLocal ? first..<first + count : nil, model, options.loss)
        return try result.adding(taught.map { try all($0, follows: false) }, allImages, engine, options)
    }

    /// The loss with a teacher's part.
    private func adding(
        _ taught: TorchValue?, _ images: TorchValue, _ engine: TorchEngine, _ options: TrainingOptions
    ) throws -> PairLoss {
        guard let taught else { return self }
        let distance = try engine.affine(engine.cosineDistance(taught, images), times: options.distillationWeight)
        return PairLoss(
            loss: try engine.sum(loss, distance), imageToText: imageToText, textToImage: textToImage)
    }

    private init(loss: TorchValue, imageToText: Double, textToImage: Double) {
        (self.loss, self.imageToText, self.textToImage) = (loss, imageToText, textToImage)
    }

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
            return try kind == .sigmoid && model.bias != nil
                ? model.bias.map { try engine.sum(scaled, $0) } ?? scaled : scaled
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
