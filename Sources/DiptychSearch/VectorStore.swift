public import Diptych
internal import GRDB

/// A place that keeps embeddings with what they stand for, and finds the nearest to a query.
public protocol VectorStore: Sendable {
    /// What the store holds and which model it belongs to.
    func info() async throws -> StoreInfo

    /// The items nearest to `query` by cosine, best first; equal ones by id.
    ///
    /// - Parameters:
    ///   - query: an embedding of the store's model.
    ///   - limit: the most items to give.
    ///   - minimumSimilarity: items below it are left out; nil for none.
    func search(_ query: Embedding, limit: Int, minimumSimilarity: Float?) async throws -> [SearchHit]
}

extension VectorStore {
    /// The `limit` items nearest to `query` by cosine, best first.
    public func search(_ query: Embedding, limit: Int = 10) async throws -> [SearchHit] {
        try await search(query, limit: limit, minimumSimilarity: nil)
    }
}

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
}

/// What a store knows about an item besides its embedding.
public struct ItemAttributes: Sendable, Codable, Hashable {
    /// The picture's width in pixels, upright.
    public var width: Int
    /// The picture's height in pixels, upright.
    public var height: Int
    /// The file's size in bytes.
    public var bytes: Int
    /// When the file was last modified, in seconds since 1970.
    public var modified: Double

    /// Reads four columns of a row: width, height, size and time in nanoseconds.
    init(_ row: Row, from column: Int) throws {
        width = try row.decode(atIndex: column)
        height = try row.decode(atIndex: column + 1)
        bytes = try row.decode(atIndex: column + 2)
        modified = Double(try row.decode(Int64.self, atIndex: column + 3)) / 1e9
    }
}

/// What a store holds.
public struct StoreInfo: Sendable, Codable, Equatable {
    /// The items that searches find.
    public var count: Int
    /// The items whose file has vanished, kept until they are dropped.
    public var missing: Int
    /// The distinct embeddings: files with the same content share one.
    public var vectors: Int
    /// The model's name.
    public var model: String
    /// The model's fingerprint.
    public var fingerprint: String
    /// The absolute path of the model's directory when it was last used to index; nil in stores that do not say.
    public var modelPath: String?
    /// The width of an embedding.
    public var dimension: Int
    /// Whether EXIF orientation was applied.
    public var appliesOrientation: Bool
    /// How pictures were decoded.
    public var decode: PictureOptions.Decode
    /// The bytes on disk.
    public var bytes: Int
    /// When it was made, in seconds since 1970.
    public var created: Double

    enum CodingKeys: String, CodingKey {
        case count, missing, vectors, model, fingerprint, dimension, decode, bytes, created
        case modelPath = "model_path"
        case appliesOrientation = "applies_orientation"
    }
}
