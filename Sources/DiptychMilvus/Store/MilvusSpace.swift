#if Milvus
    internal import DiptychSearch
    internal import Foundation

    /// The embeddings of a further model, in a collection beside the store's; the first model's lie with the items.
    struct MilvusSpace: Sendable {
        let space: StoreSpace
        let collection: MilvusCollection

        /// What the collection's description holds.
        struct Description: Codable {
            var diptychSpace = 1
            var id: Int64
            var name: String
            var identity: StoreIdentity
        }

        /// The most vectors that are read at once.
        private static let pageLimit = 256

        init(_ client: MilvusClient, _ space: StoreSpace) {
            self.space = space
            collection = MilvusCollection(
                client: client, layout: .vectors(dimension: space.identity.dimension),
                name: Self.collection(of: space.id, client))
        }

        static func prefix(_ client: MilvusClient) -> String { "\(client.address.collection)_space_" }

        static func collection(of id: Int64, _ client: MilvusClient) -> String { "\(prefix(client))\(id)" }

        /// The further spaces of a store, by their numbers.
        static func all(_ client: MilvusClient) async throws -> [MilvusSpace] {
            var request = Milvus_Proto_Milvus_ShowCollectionsRequest()
            request.dbName = client.address.database
            let prefix = prefix(client)
            let names = try await client.call(Methods.collections, request).collectionNames
            var spaces: [MilvusSpace] = []
            for id in names.filter({ $0.hasPrefix(prefix) }).compactMap({ Int64($0.dropFirst(prefix.count)) }).sorted()
            where id > 1 {
                guard let facts = try await MilvusCollection.description(client, name: "\(prefix)\(id)"),
                    let found = try? JSONDecoder().decode(Description.self, from: Data(facts.description.utf8)),
                    found.id == id, (1...32_768).contains(found.identity.dimension),
                    facts.fits(.vectors(dimension: found.identity.dimension))
                else { continue }
                spaces.append(
                    MilvusSpace(client, StoreSpace(id: id, name: found.name, identity: found.identity)))
            }
            return spaces
        }

        /// Makes the collection.
        func create() async throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            let description = Description(id: space.id, name: space.name, identity: space.identity)
            try await collection.create(description: String(decoding: try encoder.encode(description), as: UTF8.self))
        }

        private var dimension: Int { space.identity.dimension }

        /// The embeddings of these rows, by key: those of what the rows show now.
        func embeddings(of rows: [ItemRow]) async throws -> [Int64: [Float]] {
            var found: [Int64: [Float]] = [:]
            for start in stride(from: 0, to: rows.count, by: Self.pageLimit) {
                let part = rows[start..<min(rows.count, start + Self.pageLimit)]
                let contents = Dictionary(part.map { ($0.key, $0.content.hexadecimal) }, uniquingKeysWith: { $1 })
                let table = try await collection.query(
                    collection.builder.expression(Array(contents.keys)), fields: ["content", "embedding"],
                    limit: part.count)
                let vectors = try table.vectors("embedding", dimension: dimension)
                let (keys, known) = (try table.longs("id"), try table.texts("content"))
                for (index, key) in keys.enumerated() where contents[key] == known[index] {
                    found[key] = Array(vectors[index * dimension..<(index + 1) * dimension])
                }
            }
            return found
        }

        /// Which of these rows have an embedding.
        func embedded(_ rows: [ItemRow]) async throws -> Set<Int64> {
            var found: Set<Int64> = []
            for start in stride(from: 0, to: rows.count, by: 4096) {
                let part = rows[start..<min(rows.count, start + 4096)]
                let contents = Dictionary(part.map { ($0.key, $0.content.hexadecimal) }, uniquingKeysWith: { $1 })
                let table = try await collection.query(
                    collection.builder.expression(Array(contents.keys)), fields: ["content"], limit: part.count)
                for (key, content) in zip(try table.longs("id"), try table.texts("content"))
                where contents[key] == content { found.insert(key) }
            }
            return found
        }

        /// The embedding of a content's whole, where there is one.
        func embedding(of content: ContentHash) async throws -> [Float]? {
            let table = try await collection.query(
                "content == \"\(content.hexadecimal)\" and part == 0", fields: ["embedding"], limit: 1)
            guard table.rows > 0 else { return nil }
            return Array(try table.vectors("embedding", dimension: dimension).prefix(dimension))
        }

        /// Writes embeddings of rows.
        func write(_ rows: [(row: ItemRow, embedding: [Float])]) async throws {
            let step = max(1, min(1000, (3 << 20) / (4 * dimension + 200)))
            for start in stride(from: 0, to: rows.count, by: step) {
                let part = rows[start..<min(rows.count, start + step)]
                try await collection.upsert(
                    [
                        "id": .longs(part.map(\.row.key)), "embedding": .vectors(part.flatMap(\.embedding)),
                        "item": .longs(part.map(\.row.item)), "part": .longs(part.map(\.row.part.number)),
                        "content": .texts(part.map(\.row.content.hexadecimal)),
                    ], rows: part.count)
            }
        }
    }
#endif
