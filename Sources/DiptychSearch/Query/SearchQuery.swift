public import Diptych
public import DiptychMedia

/// What is searched for: texts, images and items of the store, each with a weight.
///
/// The normalised embeddings of all terms are added by their weights, and the sum is normalised again.
///
///     let query = SearchQuery([.text("a dog"), .text("snow", weight: 0.5), .text("a cat", weight: -1)])
public struct SearchQuery: Sendable {
    /// Something that the results should be like, or unlike.
    public struct Term: Sendable {
        /// What stands for a direction in the space of embeddings.
        public enum Content: Sendable {
            /// A text.
            case text(String)
            /// An image.
            case image(Image)
            /// An item of the store, by its id.
            case item(String)
            /// An embedding of the store's model.
            case embedding(Embedding)
        }

        /// What it is.
        public var content: Content
        /// How much it counts, by default 1; below 0 for what the results should not be like.
        public var weight: Float

        /// Whether an embedding is known to be an image's.
        public var isOfImage = false

        /// Weighs something.
        public init(_ content: Content, weight: Float = 1, isOfImage: Bool = false) {
            self.content = content
            self.weight = weight
            self.isOfImage = isOfImage
        }

        /// A text.
        public static func text(_ text: String, weight: Float = 1) -> Term { Term(.text(text), weight: weight) }
        /// An image.
        public static func image(_ image: Image, weight: Float = 1) -> Term {
            Term(.image(image), weight: weight)
        }
        /// An item of the store: more like this.
        public static func item(_ id: String, weight: Float = 1) -> Term { Term(.item(id), weight: weight) }
    }

    /// The terms; at least one with a weight above 0.
    public var terms: [Term]

    /// Collects terms.
    public init(_ terms: [Term]) { self.terms = terms }

    /// A text alone.
    public init(text: String) { terms = [.text(text)] }

    /// The items that it names.
    var items: [String] {
        terms.compactMap { if case .item(let id) = $0.content { id } else { nil } }
    }

    /// Whether it is embeddings alone, of which nobody says whether they are of texts or of images.
    public var isOfUnknownKind: Bool {
        terms.allSatisfy { if case .embedding = $0.content { !$0.isOfImage } else { $0.weight <= 0 } }
    }

    /// Which of a store's distributions its similarities come from: images are nearer to each other than to any text.
    var kind: NullDistribution.Kind {
        terms.contains { if case .text = $0.content { $0.weight > 0 } else { false } } ? .text : .image
    }
}
