internal import Diptych
internal import DiptychMedia
internal import DiptychSearch

/// An image file on its way to an embedding.
struct ImageWork: Sendable {
    let bytes: [UInt8]
    /// What messages call it.
    let label: String
    let content: ContentHash
    /// Its pixels, or more where that is not known; see ``ImageCost``.
    let cost: Int
    /// What is left of it where it was decoded before its pass.
    var prepared: PreprocessedImage?
}

/// An image's embedding, and what decoding it learnt.
struct EmbeddedImage: Sendable {
    let embedding: Embedding
    /// The size of the image in its file, upright where the image is read upright.
    let size: Preprocessing.Size
}
