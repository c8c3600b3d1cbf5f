#if Milvus
    public import Diptych
    public import DiptychSearch
    internal import Foundation
    internal import Synchronization

    extension MilvusStore {
        /// The parts of the item with this id, its whole first; none where there is no such item.
        public func parts(of id: String) async throws -> [StoredPart] {
            guard let key = Int64(id), key > 0, key < .max else { return [] }
            return try await storing {
                guard let row = try await rows([key], withEmbeddings: false)[key], row.part == .whole else { return [] }
                let parts = try await parts(of: [key]).sorted { ($0.part.number, $0.key) < ($1.part.number, $1.key) }
                return [row.stored] + parts.map(\.stored)
            }
        }

        /// Adds parts to the items at some paths; those that are there already stay as they are. They are found once they are embedded.
        /// Here parts belong to their item: a copy of the file has none of them.
        public func addParts(_ additions: [(path: String, parts: [AssetPart])]) async throws -> [Int?] {
            try requireParts("parts of images")
            return try await storing {
                let items = try await rows(Array(Set(additions.map { Layout.key(of: $0.path) })), withEmbeddings: false)
                var new: [Int64: ItemRow] = [:]
                var added: [[Int64]?] = []
                for (path, parts) in additions {
                    guard let item = items[Layout.key(of: path)], item.path.utf8.elementsEqual(path.utf8) else {
                        added.append(nil)
                        continue
                    }
                    var keys: [Int64] = []
                    for part in parts where part != .whole {
                        try check(part, of: item)
                        var row = item
                        row.part = part
                        row.dropEmbedding(layout.dimension)
                        if new.updateValue(row, forKey: row.key) == nil { keys.append(row.key) }
                    }
                    added.append(keys)
                }
                let known = try await rows(new.keys.sorted(), withEmbeddings: false)
                try await write(new.filter { known[$0.key] == nil }.map(\.value))
                return added.map { $0.map { $0.count { known[$0] == nil } } }
            }
        }

        private func check(_ part: AssetPart, of item: ItemRow) throws {
            switch part {
            case .whole: return
            case .box(let x, let y, let width, let height):
                let (all, rows) = (Double(item.image.width), Double(item.image.height))
                guard x >= 0, y >= 0, width > 0, height > 0, x + width <= all, y + height <= rows else {
                    throw StoreError(
                        .invalidRequest, path: name,
                        "\(item.path): the box [\(x), \(y), \(width), \(height)] does not lie in its "
                            + "\(item.image.width) × \(item.image.height) pixels")
                }
            case .span(let start, let end), .moment(let start, let end, _, _):
                guard start >= 0, end > start, end.isFinite else {
                    throw StoreError(
                        .invalidRequest, path: name, "\(item.path): there is no time from \(start) s to \(end) s")
                }
            }
        }

        /// Counts what merging and copying leave behind: boxes and spans, annotations, and items without an embedding in this space.
        public func partsAndAnnotations() async throws -> (parts: Int, annotations: Int, unembedded: Int) {
            guard hasParts else { return (0, 0, 0) }
            return try await storing {
                let items = try await collection.count(wholes)
                let embedded =
                    if let vectors {
                        try await vectors.collection.count("part == 0")
                    } else {
                        try await collection.count("embedded == true and part == 0")
                    }
                return (
                    try await collection.count("part > 0"), try await records.count(#"kind == "annotation""#),
                    max(0, items - embedded)
                )
            }
        }

        /// The first parts behind one that have no embedding in this space, and whose item has not vanished, in the order of their
        /// numbers.
        public func unembeddedParts(after id: Int64, limit: Int) async throws -> [UnembeddedPart] {
            guard hasParts, limit > 0 else { return [] }
            let found = try await storing {
                var found: [ItemRow] = []
                let condition = vectors == nil ? "missing == false and embedded == false" : "missing == false"
                try await collection.walk(
                    condition, fields: fields(withEmbeddings: false), page: pageLimit, isStrong: true, after: max(0, id)
                ) { table, _ in
                    let page = try ItemRows.read(table, self.layout, embeddings: false).sorted { $0.key < $1.key }
                    let embedded = try await self.embedded(page)
                    found += page.filter { !embedded.contains($0.key) }
                    return found.count < limit
                }
                return Array(found.prefix(limit))
            }
            wanted.withLock { wanted in
                wanted = Dictionary(found.map { ($0.key, $0.content) }, uniquingKeysWith: { first, _ in first })
            }
            return found.map { row in
                UnembeddedPart(
                    part: row.stored, kind: row.kind, content: row.content, path: row.path,
                    text: row.kind == .text ? row.caption ?? "" : nil)
            }
        }

        /// Stores embeddings of parts in this space; those that are there already stay. Parts that are gone meanwhile are passed over,
        /// as are those that show something else than when ``unembeddedParts(after:limit:)`` gave them.
        public func putEmbeddings(_ embeddings: [(part: StoredPart, embedding: Embedding)]) async throws {
            guard !embeddings.isEmpty else { return }
            try requireParts("parts of images")
            for (part, embedding) in embeddings {
                let square = embedding.values.reduce(0.0) { $0 + Double($1) * Double($1) }
                guard embedding.values.count == dimension, abs(square.squareRoot() - 1) < 1e-3 else {
                    throw StoreError(
                        .invalidRequest, path: name,
                        "part \(part.id) cannot be stored: its embedding has \(embedding.values.count) numbers, the store's have "
                            + "\(dimension), or it is not of length 1")
                }
            }
            try await storing {
                let keys = Set(embeddings.map(\.part.id)).filter { $0 > 0 && $0 < .max }
                let rows = try await rows(keys.sorted(), withEmbeddings: false)
                let present = try await embedded(Array(rows.values))
                let contents = wanted.withLock { $0 }
                var (new, seen): ([(row: ItemRow, embedding: [Float])], Set<Int64>) = ([], [])
                for (part, embedding) in embeddings {
                    guard let row = rows[part.id], row.item == part.asset, !present.contains(part.id),
                        contents[part.id].map({ $0 == row.content }) ?? true, seen.insert(part.id).inserted
                    else { continue }
                    new.append((row, embedding.values))
                }
                if let vectors { return try await vectors.write(new) }
                try await write(
                    new.map { entry in
                        var row = entry.row
                        (row.embedding, row.isEmbedded) = (entry.embedding, true)
                        return row
                    })
            }
        }

        /// Removes the embeddings of these parts from this space; the parts stay.
        ///
        /// - Returns: the number of embeddings removed.
        public func removeEmbeddings(ofParts ids: [Int64]) async throws -> Int {
            guard !ids.isEmpty else { return 0 }
            try requireParts("items without embeddings")
            return try await storing {
                let keys = Set(ids).filter { $0 > 0 && $0 < .max }
                let rows = try await rows(keys.sorted(), withEmbeddings: false)
                let present = try await embedded(Array(rows.values))
                if let vectors {
                    try await vectors.collection.delete(present.sorted())
                } else {
                    try await write(
                        present.compactMap { rows[$0] }.map { row in
                            var row = row
                            row.dropEmbedding(layout.dimension)
                            return row
                        })
                }
                return present.count
            }
        }
    }
#endif
