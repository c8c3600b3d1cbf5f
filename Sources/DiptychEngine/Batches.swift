/// Where each sequence of a packed batch starts.
public struct SequenceLayout: Sendable, Hashable {
    /// The first row of each sequence, and the number of rows at the end.
    public let offsets: [Int32]

    /// Sequences of the given lengths, one after the other.
    public init(lengths: some Sequence<Int>) {
        var offsets: [Int32] = [0]
        var end: Int32 = 0
        for length in lengths {
            end += Int32(length)
            offsets.append(end)
        }
        self.offsets = offsets
    }

    /// `count` sequences of the same length.
    public init(count: Int, length: Int) { self.init(lengths: repeatElement(length, count: count)) }

    /// The number of sequences.
    public var count: Int { offsets.count - 1 }
    /// The number of rows.
    public var rows: Int { Int(offsets[count]) }
    /// The rows of sequence `index`.
    public subscript(index: Int) -> Range<Int> { Int(offsets[index])..<Int(offsets[index + 1]) }
    /// The length of the longest sequence.
    public var longest: Int { (0..<count).map { self[$0].count }.max() ?? 0 }
}

/// Texts as token ids, packed without padding.
public struct TokenBatch: Sendable {
    /// The ids of all texts, one after the other.
    public let ids: [Int32]
    /// Where each text starts.
    public let layout: SequenceLayout

    /// Packs the ids of several texts, each with its start and end token.
    public init(_ texts: [[Int32]]) {
        ids = texts.flatMap { $0 }
        layout = SequenceLayout(lengths: texts.map(\.count))
    }
}

/// Preprocessed images: float32 [count, 3, size, size].
public struct PixelBatch: Sendable {
    /// The values in row-major order.
    public let values: [Float]
    /// The number of images.
    public let count: Int
    /// The side of each image in pixels.
    public let size: Int

    /// Wraps `count` images; `values` must hold count · 3 · size · size numbers.
    public init(values: [Float], count: Int, size: Int) {
        precondition(values.count == count * 3 * size * size, "pixels do not fill [\(count), 3, \(size), \(size)]")
        self.values = values
        self.count = count
        self.size = size
    }

    /// How many sequences of `frames` images each the batch holds.
    ///
    /// - Throws: ``EngineError`` where some images are left over.
    public func sequences(of frames: Int) throws -> Int {
        guard count % frames == 0 else {
            throw EngineError("\(count) images do not fill clips of \(frames) frames")
        }
        return count / frames
    }
}
