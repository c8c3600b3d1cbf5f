public import Diptych
internal import DiptychBasics

/// The directions in which embeddings differ most, and where embeddings stand along them (principal component analysis; Hotelling 1933).
public struct PrincipalComponents: Sendable {
    /// The number of directions.
    public let count: Int
    /// [count, width]
    private let directions: Embeddings
    /// Where the mean of the sample stands: [count].
    private let middle: [Float]
    private let blocks: ScoreBlocks

    /// Finds the directions of a sample.
    ///
    /// - Parameters:
    ///   - sample: some embeddings; a few thousand tell the directions of any number.
    ///   - count: the number of directions, at most the width.
    public init(of sample: Embeddings, count: Int, threads: Int) {
        let (rows, width) = (sample.count, sample.dimension)
        self.count = max(1, min(count, width))
        var sums = [Double](repeating: 0, count: width)
        for row in 0..<rows {
            for column in 0..<width { sums[column] += Double(sample.values[row * width + column]) }
        }
        let mean = sums.map { Float($0 / Double(max(1, rows))) }
        // Products of the centred sample's columns are covariances.
        var columns = [Float](repeating: 0, count: max(1, rows) * width)
        for row in 0..<rows {
            for column in 0..<width {
                columns[column * rows + row] = sample.values[row * width + column] - mean[column]
            }
        }
        let centred = Embeddings(values: columns, dimension: max(1, rows))
        let covariance = Embeddings(
            values: ScoreBlocks(candidates: centred, threads: threads).scores(of: centred), dimension: width)
        directions = Self.directions(of: covariance, count: self.count, threads: threads)
        blocks = ScoreBlocks(candidates: directions, threads: threads)
        middle = blocks.scores(of: Embeddings(values: mean, dimension: width))
    }

    /// Where embeddings stand: [embeddings, count].
    public func places(of embeddings: Embeddings) -> Embeddings {
        var scores = blocks.scores(of: embeddings)
        for row in 0..<embeddings.count {
            for column in 0..<count { scores[row * count + column] -= middle[column] }
        }
        return Embeddings(values: scores, dimension: count)
    }

    /// The directions of the largest variance, by orthogonal iteration (Golub and Van Loan, "Matrix Computations", 8.2.4):
    /// [count, width].
    private static func directions(of covariance: Embeddings, count: Int, threads: Int) -> Embeddings {
        let width = covariance.dimension
        var random = SplitMix64(seed: 0x6D61_70)
        var basis = orthonormal((0..<count * width).map { _ in Float(random.unit()) - 0.5 }, width)
        let blocks = ScoreBlocks(candidates: covariance, threads: threads)
        for _ in 0..<iterations {
            // A covariance is its own transpose: a row times it is the row's scores against its rows.
            basis = orthonormal(blocks.scores(of: basis), width)
        }
        return basis
    }

    /// More turn the last, least important directions a little.
    private static let iterations = 20

    /// Gram–Schmidt, twice, for once leaves what single precision loses.
    private static func orthonormal(_ values: [Float], _ width: Int) -> Embeddings {
        var rows = values
        for row in 0..<rows.count / width {
            for _ in 0..<2 {
                for other in 0..<row {
                    var product: Float = 0
                    for column in 0..<width { product += rows[row * width + column] * rows[other * width + column] }
                    for column in 0..<width { rows[row * width + column] -= product * rows[other * width + column] }
                }
            }
            var length: Float = 0
            for column in 0..<width { length += rows[row * width + column] * rows[row * width + column] }
            // A direction without any variance is none.
            let factor = length > 1e-24 ? 1 / length.squareRoot() : 0
            for column in 0..<width { rows[row * width + column] *= factor }
        }
        return Embeddings(values: rows, dimension: width)
    }
}
