internal import CTorch
internal import DiptychEngine

/// What losses are made of: operations whose results gradients follow.
extension TorchEngine {
    /// The numbers of activations, as a loss takes them.
    public func value(of x: Tensor) -> TorchValue { x.value }

    /// Rows scaled to length 1: [rows, width].
    public func unit(_ x: TorchValue) throws -> TorchValue { try plugin.make(x) { $0.unit($1) } }

    /// a · bᵀ: [rows of a, rows of b].
    public func product(_ a: TorchValue, _ b: TorchValue) throws -> TorchValue {
        try plugin.make(a, b) { $0.product($1, $2) }
    }

    /// The product of numbers element by element; one of both may be a single number.
    public func times(_ a: TorchValue, _ b: TorchValue) throws -> TorchValue {
        try plugin.make(a, b) { $0.times($1, $2) }
    }

    /// The sum of numbers element by element; one of both may be a single number.
    public func sum(_ a: TorchValue, _ b: TorchValue) throws -> TorchValue {
        try plugin.make(a, b) { $0.sum($1, $2) }
    }

    /// The exponential of each number.
    public func exponential(_ x: TorchValue) throws -> TorchValue { try plugin.make(x) { $0.exponential($1) } }

    /// x · factor + addend.
    public func affine(_ x: TorchValue, times factor: Double, plus addend: Double = 0) throws -> TorchValue {
        try plugin.make(x) { $0.affine($1, factor, addend) }
    }

    /// The same numbers, which gradients do not follow.
    public func detached(_ x: TorchValue) throws -> TorchValue { try plugin.make(x) { $0.detached($1) } }

    /// The transpose of a matrix.
    public func transposed(_ x: TorchValue) throws -> TorchValue { try plugin.make(x) { $0.transposed($1) } }

    /// Matrices of equal width, one below the other.
    public func joined(_ parts: [TorchValue]) throws -> TorchValue { try plugin.joined(parts) }

    /// Some rows of a matrix.
    public func rows(_ range: Range<Int>, of x: TorchValue) throws -> TorchValue {
        try plugin.make(x) { $0.rows($1, Int64(range.lowerBound), Int64(range.count)) }
    }

    /// The mean cross-entropy of rows of logits, where row i's class is column `first` + i.
    public func crossEntropy(ofPairsIn logits: TorchValue, first: Int = 0) throws -> TorchValue {
        try plugin.make(logits) { $0.cross_entropy($1, nil, Int64(first)) }
    }

    /// The mean cross-entropy of rows of logits and their classes.
    public func crossEntropy(of logits: TorchValue, classes: [Int]) throws -> TorchValue {
        let targets = try plugin.indices(classes, device: device)
        return try plugin.make(logits, targets) { $0.cross_entropy($1, $2, 0) }
    }

    /// −Σ log σ(± logits) / rows: + for column `first` + i of row i, − elsewhere; nil where no pair stands in the matrix (Zhai et al.
    /// 2023, "Sigmoid Loss for Language Image Pre-Training").
    public func sigmoidLoss(of logits: TorchValue, first: Int?) throws -> TorchValue {
        try plugin.make(logits) { $0.sigmoid_loss($1, Int64(first ?? -1)) }
    }

    /// 1 − the mean cosine of the rows of a and of b, of which b's are interpolated to the width of a's.
    public func cosineDistance(_ a: TorchValue, _ b: TorchValue) throws -> TorchValue {
        try plugin.make(a, b) { $0.cosine_distance($1, $2) }
    }

    /// The share of rows i whose highest number is that of column `first` + i.
    public func accuracy(ofPairsIn logits: TorchValue, first: Int = 0) throws -> Double {
        var share = 0.0
        try plugin.run(logits) { $0.accuracy($1, Int64(first), &share) }
        return share
    }

    /// The only number of a tensor.
    public func number(of x: TorchValue) throws -> Double { try plugin.doubles(of: x, count: 1).first ?? .nan }

    /// The numbers of a tensor of `count`, row by row.
    public func floats(of x: TorchValue, count: Int) throws -> [Float] { try plugin.floats(of: x, count: count) }

    /// Rows of given numbers in full precision, such as features that were computed before.
    public func matrix(_ values: [Float], columns: Int) throws -> TorchValue {
        precondition(columns > 0 && values.count % columns == 0, "values do not fill rows of \(columns)")
        return try plugin.tensor(
            values, shape: [values.count / columns, columns], device: device, type: type(.stream))
    }

    /// The symmetric cross-entropy of the cosines of images and texts, pair by pair, times the exponential of `scale`, which is
    /// CLIP's loss (Radford et al. 2021, figure 3).
    public func contrastiveLoss(images: Tensor, texts: Tensor, scale: TorchValue) throws -> TorchValue {
        precondition(images.layout.rows == texts.layout.rows && images.columns == texts.columns, "unequal pairs")
        let cosines = try product(unit(images.value), unit(texts.value))
        let logits = try times(cosines, exponential(scale))
        return try affine(
            sum(crossEntropy(ofPairsIn: logits), crossEntropy(ofPairsIn: transposed(logits))), times: 0.5)
    }
}
