internal import Diptych
public import DiptychSearch

/// The images of a store that can be labelled, with their embeddings, in the order of their ids. Copies of an image are one.
public struct LabelPool: Sendable {
    /// The ids of items.
    public private(set) var items: [String] = []
    /// The parts that are their wholes.
    public private(set) var parts: [Int64] = []
    /// The embeddings one after the other.
    public private(set) var values: [Float] = []
    /// The width of embeddings.
    public let dimension: Int
    /// Where each part is.
    public private(set) var rows: [Int64: Int] = [:]
    private var last: String?

    /// The items that are read at once.
    private static let step = 512

    /// Holds nothing yet.
    public init(dimension: Int) { self.dimension = dimension }

    /// The number of images.
    public var count: Int { items.count }

    /// Reads the next items of a store; those that come later are found when it is called again.
    ///
    /// - Returns: whether there may be more.
    /// - Throws: ``StoreError``.
    public mutating func read(from store: any VectorStore) async throws -> Bool {
        let page = try await store.items(after: last, limit: Self.step, filter: nil)
        guard let end = page.last?.0.id else { return false }
        last = end
        let images = page.filter { !$0.0.missing && $0.0.attributes.kind == .image && $0.1.values.count == dimension }
        let wholes = try await store.wholeParts(ofItems: images.map(\.0.id))
        for ((item, embedding), part) in zip(images, wholes) {
            guard let part, rows[part] == nil else { continue }
            add(item.id, part, embedding.values)
        }
        return true
    }

    /// Adds an image.
    mutating func add(_ item: String, _ part: Int64, _ embedding: [Float]) {
        rows[part] = items.count
        items.append(item)
        parts.append(part)
        values += embedding
    }

    /// The embedding of a row.
    public func embedding(_ row: Int) -> ArraySlice<Float> { values[row * dimension..<(row + 1) * dimension] }
}
