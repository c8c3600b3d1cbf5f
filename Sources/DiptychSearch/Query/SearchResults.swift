public import Diptych

/// An item that a search found.
public struct SearchHit: Sendable, Equatable {
    /// The item's stable identifier in its store.
    public let id: String
    /// The file that it was made from.
    public let path: String
    /// The cosine to the query, between −1 and 1.
    public let similarity: Float
    /// What is known about the item.
    public let attributes: ItemAttributes
    /// The part of it that is nearest to the query, where it is not the whole that was embedded.
    public var part: StoredPart?
    /// The moments of a video that are nearest to the query, best first; empty for everything else.
    public var moments: [Moment] = []
    /// Its embedding, or that of its part, where the request asked for it.
    public var embedding: Embedding?
    /// The probability that it is what was asked for, between 0 and 1, see ``MatchCalibration``; nil where the store was not
    /// measured, or nobody asked.
    public var matchProbability: Float?
    /// Further results that show nearly the same, where they were grouped.
    public var nearDuplicates: [SearchHit] = []

    /// A time of a video.
    public struct Moment: Sendable, Hashable {
        /// The second at which it begins.
        public var start: Double
        /// The second at which it ends.
        public var end: Double
        /// The second of its frame that stands for it.
        public var best: Double
        /// The cosine to the query.
        public var similarity: Float

        /// Names a time.
        public init(start: Double, end: Double, best: Double, similarity: Float) {
            (self.start, self.end, self.best, self.similarity) = (start, end, best, similarity)
        }
    }

    /// Collects what a search found.
    public init(
        id: String, path: String, similarity: Float, attributes: ItemAttributes, embedding: Embedding? = nil
    ) {
        self.id = id
        self.path = path
        self.similarity = similarity
        self.attributes = attributes
        self.embedding = embedding
    }
}

/// The items that a search found, best first; equal ones in the order of their ids.
public struct SearchResults: Sendable, Equatable, RandomAccessCollection {
    /// The items.
    public var hits: [SearchHit]
    /// Whether no item of the store can be missing from them: either all were compared by their full embeddings, or it is
    /// proven that the others are further away.
    public var isExact: Bool
    /// Where the next page begins; nil where there is none.
    public var next: SearchCursor?

    /// What the store held, see ``SearchCursor/snapshot``; nil where it found nothing.
    public var snapshot: Int64?

    /// Collects what a search found.
    public init(_ hits: [SearchHit], isExact: Bool, next: SearchCursor? = nil, snapshot: Int64? = nil) {
        self.hits = hits
        self.isExact = isExact
        self.next = next
        self.snapshot = snapshot
    }

    /// The first item's position.
    public var startIndex: Int { 0 }
    /// The position behind the last item.
    public var endIndex: Int { hits.count }
    /// The item at `position`.
    public subscript(position: Int) -> SearchHit { hits[position] }
}
