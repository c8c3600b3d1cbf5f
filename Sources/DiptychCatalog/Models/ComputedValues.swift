internal import Diptych
internal import DiptychDatasets

/// Where a computed column's inputs stand in a table.
struct ColumnPlaces {
    let image: Int?
    let text: Int?
    let texts: Int?

    init(_ column: ModelColumn, _ table: CatalogTable) throws(CatalogError) {
        func place(_ name: String?) throws(CatalogError) -> Int? {
            guard let name else { return nil }
            return try table.column(name)
        }
        (image, text, texts) = (try place(column.image), try place(column.text), try place(column.texts))
    }

    /// The texts of a row, in their order.
    func texts(of row: DatasetRecord) -> [String] {
        if let text { return row.values[text].text.map { [$0] } ?? [] }
        guard let texts else { return [] }
        switch row.values[texts] {
        case .list(let values): return values.map { $0.text ?? "" }
        case .text(let text): return [text]
        default: return []
        }
    }
}

/// What a computed column has in a row.
struct RowValues {
    let column: ModelColumn
    let places: ColumnPlaces
    let contents: [ContentHash?]
    let cache: EmbeddingCache
    let logits: LogitParameters?

    func value(of row: DatasetRecord, at index: Int) throws -> DatasetValue {
        var image: [Float]?
        if places.image != nil {
            guard let content = contents[index], let embedding = try cache.embedding(.image, content) else {
                return .null
            }
            image = embedding
        }
        if column.value == .embedding, let image { return .floats(image) }
        let texts = column.labels.isEmpty ? places.texts(of: row) : column.labels
        let embeddings = try texts.map { try cache.embedding(.text, ContentHash($0.utf8)) }
        if column.value == .embedding { return (embeddings.first ?? nil).map(DatasetValue.floats) ?? .null }
        guard let image, !texts.isEmpty else { return .null }
        let cosines = embeddings.map { $0.map { Embedding(values: image).similarity(to: Embedding(values: $0)) } }
        if column.value == .similarity {
            let values = cosines.map { $0.map { DatasetValue.double(Double($0)) } ?? .null }
            return column.text == nil ? .list(values) : values.first ?? .null
        }
        // An empty text takes no part.
        let probability = logits?.probability(among: cosines.compactMap { $0 })
        let probabilities = cosines.map { $0.flatMap { probability?($0) } }
        if column.value == .probability {
            return .list(probabilities.map { $0.map { DatasetValue.double(Double($0)) } ?? .null })
        }
        let best = probabilities.indices.filter { probabilities[$0] != nil }
            .max { (probabilities[$0] ?? 0, $1) < (probabilities[$1] ?? 0, $0) }
        return best.map { .text(texts[$0]) } ?? .null
    }
}
