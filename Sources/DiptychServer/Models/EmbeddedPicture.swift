internal import Diptych
internal import DiptychMedia
internal import DiptychSearch

/// A picture file on its way to an embedding.
struct PictureWork: Sendable {
    let bytes: [UInt8]
    /// What messages call it.
    let label: String
    let content: ContentHash
    /// Its pixels, or more where that is not known; see ``PictureCost``.
    let cost: Int
    /// What is left of it where it was decoded before its pass.
    var prepared: PreprocessedPicture?
}

/// A picture's embedding, and what decoding it learnt.
struct EmbeddedPicture: Sendable {
    let embedding: Embedding
    /// The size of the picture in its file, upright where the picture is read upright.
    let size: Preprocessing.Size
}
