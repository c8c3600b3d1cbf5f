/// Points in a model's shared space of images and texts: one row each.
public struct Embeddings: Sendable, Equatable {
    /// The rows one after the other: [count, dimension].
    public let values: [Float]
    /// The width of a row.
    public let dimension: Int

    /// The number of rows.
    public var count: Int { dimension == 0 ? 0 : values.count / dimension }

    /// Wraps rows; the number of values must be a multiple of `dimension`.
    public init(values: [Float], dimension: Int) {
        precondition(dimension > 0 && values.count % dimension == 0, "values do not fill rows of \(dimension)")
        self.values = values
        self.dimension = dimension
    }

    /// The row at `index`.
    public subscript(index: Int) -> Embedding {
        Embedding(values: Array(values[index * dimension..<(index + 1) * dimension]))
    }

    /// The cosine of every row of this to every row of `other`: [count, other.count].
    ///
    /// Both must come from the same model.
    public func similarity(to other: Embeddings) -> SimilarityMatrix {
        precondition(
            dimension == other.dimension, "embeddings of different models: \(dimension) and \(other.dimension)")
        let (mine, theirs) = (normalized(), other.normalized())
        var result: [Float] = []
        result.reserveCapacity(count * other.count)
        for row in 0..<count {
            for column in 0..<other.count {
                var dot: Float = 0
                for i in 0..<dimension {
                    dot += mine.values[row * dimension + i] * theirs.values[column * dimension + i]
                }
                result.append(dot)
            }
        }
        return SimilarityMatrix(values: result, rows: count, columns: other.count)
    }

    /// The rows scaled to length 1; rows of zeros stay.
    public func normalized() -> Embeddings {
        var scaled = values
        for row in 0..<count {
            let range = row * dimension..<(row + 1) * dimension
            // Sums in double precision, so that the length is right to the last bit of a float.
            let length = scaled[range].reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
            guard length > 0 else { continue }
            for i in range { scaled[i] = Float(Double(scaled[i]) / length) }
        }
        return Embeddings(values: scaled, dimension: dimension)
    }
}

/// One point in a model's shared space.
public struct Embedding: Sendable, Equatable {
    /// The coordinates.
    public let values: [Float]

    /// Wraps coordinates.
    public init(values: [Float]) { self.values = values }

    /// The cosine of the angle to `other`, between −1 and 1; 0 where either is all zeros.
    public func similarity(to other: Embedding) -> Float {
        precondition(values.count == other.values.count, "embeddings of different models")
        var (dot, mine, theirs) = (0.0, 0.0, 0.0)
        for (a, b) in zip(values, other.values) {
            dot += Double(a) * Double(b)
            mine += Double(a) * Double(a)
            theirs += Double(b) * Double(b)
        }
        return mine > 0 && theirs > 0 ? Float(dot / (mine * theirs).squareRoot()) : 0
    }
}

/// The similarity of each of some things to each of others.
public struct SimilarityMatrix: Sendable, Equatable {
    /// The cosines, row by row: [rows, columns].
    public let values: [Float]
    /// The number of rows.
    public let rows: Int
    /// The number of columns.
    public let columns: Int

    /// The cosine of `row` to `column`.
    public subscript(row: Int, column: Int) -> Float { values[row * columns + column] }
}
