public import DiptychCheckpoints

/// The checkpoint tensors of a text's input: a row for each token id and one for each position.
public struct TokenEmbeddingParameters: Sendable {
    /// [vocabulary, width].
    public let tokens: TensorView
    /// [context, width].
    public let positions: TensorView
    /// [segments, width], or nothing: BERT's segment embeddings, of which every position gets the first.
    public let segments: TensorView?
    /// The width of a row.
    public let width: Int

    /// Joins the tables, which must have the same width.
    public init(tokens: TensorView, positions: TensorView, segments: TensorView? = nil) {
        precondition(tokens.shape.count == 2 && positions.shape.count == 2 && tokens.shape[1] == positions.shape[1])
        precondition(segments.map { $0.shape.count == 2 && $0.shape[1] == tokens.shape[1] } ?? true)
        self.tokens = tokens
        self.positions = positions
        self.segments = segments
        width = tokens.shape[1]
    }
}

/// The checkpoint tensors of an image's input: the patch projection, the class token and the positions.
public struct PatchEmbeddingParameters: Sendable {
    /// [width, 3, patch, patch], a convolution whose stride is its size.
    public let projection: TensorView
    /// [width], the bias of the projection, or nothing.
    public let bias: TensorView?
    /// [width], or nothing: SigLIP has none.
    public let classToken: TensorView?
    /// [positions, width], the class token's first.
    public let positions: TensorView
    /// The side of the square image in pixels.
    public let imageSize: Int
    /// The side of a patch in pixels.
    public let patchSize: Int
    /// The width of a row.
    public let width: Int
    /// How many images of a batch make one sequence: the frames of a clip, 1 for images by themselves.
    public let frames: Int

    /// The number of patches of a sequence, those of its first image first.
    public var patches: Int { frames * (imageSize / patchSize) * (imageSize / patchSize) }
    /// The number of rows of a sequence: its patches and the class token, if there is one.
    public var rows: Int { patches + (classToken == nil ? 0 : 1) }

    /// Takes the tensors, whose shapes the caller has checked against the sizes.
    public init(
        projection: TensorView, bias: TensorView? = nil, classToken: TensorView?, positions: TensorView,
        imageSize: Int, patchSize: Int, width: Int, frames: Int = 1
    ) {
        precondition(frames > 0, "a sequence has at least one image")
        self.projection = projection
        self.bias = bias
        self.classToken = classToken
        self.positions = positions
        self.imageSize = imageSize
        self.patchSize = patchSize
        self.width = width
        self.frames = frames
    }
}

/// A table of learned rows: positions, or a single query.
public struct TableParameters: Sendable {
    /// [rows, width], with any extents of 1 before them.
    public let values: TensorView
    /// The number of rows.
    public let rows: Int
    /// The width of a row.
    public let width: Int

    /// Takes the table whose last two extents are the rows and their width.
    public init(_ values: TensorView) {
        precondition(values.shape.count >= 2, "a table has rows and columns")
        self.values = values
        width = values.shape[values.shape.count - 1]
        rows = width == 0 ? 0 : values.count / width
    }
}
