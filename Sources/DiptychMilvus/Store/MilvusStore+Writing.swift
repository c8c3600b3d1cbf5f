#if Milvus
    internal import Diptych
    internal import DiptychMedia
    public import DiptychSearch
    internal import Foundation

    extension MilvusStore {
        /// Stores items; when this returns, the server has them safe. Those whose path is known are replaced.
        ///
        /// - Throws: `StoreError` for a record of another dimension, with attributes beyond a limit, or without an embedding where the
        ///   store has none either; nothing is stored then. After a failure of the server some of the records may be stored; putting
        ///   them again completes it.
        public func put(_ records: [ItemRecord]) async throws {
            guard !records.isEmpty else { return }
            for record in records { try check(record) }
            if records.contains(where: { $0.kind != .image }) { try requireParts("texts") }
            try await storing {
                let sources = try await sources(records)
                // What is rewritten keeps its own embedding where this is not its space.
                let before = try await rows(
                    Array(Set(records.map { Layout.key(of: $0.path) })), withEmbeddings: vectors != nil)
                let now = Date().timeIntervalSince1970
                var rows: [Int64: ItemRow] = [:]
                for record in records {
                    guard let source = sources[record.content] else {
                        throw StoreError(
                            .invalidRequest, path: name,
                            "\(record.path) cannot be stored: it comes without an embedding")
                    }
                    let key = Layout.key(of: record.path)
                    let old = before[key]
                    for other in [old?.path, rows[key]?.path].compactMap(\.self)
                    where !other.utf8.elementsEqual(record.path.utf8) {
                        throw StoreError(
                            .invalidRequest, path: name,
                            "\(record.path) cannot be stored: \(other) happens to have the same key; rename one of them"
                        )
                    }
                    var row = ItemRow(
                        path: record.path, kind: source.kind, content: record.content, embedding: source.embedding,
                        bytes: record.bytes, modified: record.modified, isSettled: record.isSettled,
                        image: source.image, type: source.type, added: old?.added ?? now, caption: record.caption,
                        attributes: record.attributes)
                    if vectors != nil { row.keepOwnEmbedding(of: old, dimension: layout.dimension) }
                    rows[key] = row
                }
                try await write(Array(rows.values) + changedParts(rows, before))
                try await vectors?.write(rows.values.map { ($0, sources[$0.content]?.embedding ?? []) })
            }
        }

        /// What the rows of a content get.
        private struct Source {
            var kind: AssetKind
            var embedding: [Float]
            var image: ImageFacts
            var type: String?
        }

        /// For each content of the records its embedding in this space and its facts. Of equal contents in one call the first one's
        /// embedding stays.
        private func sources(_ records: [ItemRecord]) async throws -> [ContentHash: Source] {
            var sources: [ContentHash: Source] = [:]
            for record in records {
                guard sources[record.content] == nil, let embedding = record.embedding else { continue }
                let image = record.image ?? ImageFacts(width: 0, height: 0)
                sources[record.content] = Source(
                    kind: record.kind, embedding: embedding.values, image: image,
                    type: image.metadata.format?.rawValue.lowercased())
            }
            let needed = Set(records.map(\.content)).subtracting(sources.keys)
            for (content, known) in try await self.sources(of: Array(needed)) {
                sources[content] = Source(
                    kind: known.row.kind, embedding: known.embedding, image: known.row.image, type: known.row.type)
            }
            // What the bytes say now, of content that is there already.
            for record in records {
                guard record.embedding == nil, let metadata = record.metadata else { continue }
                let format = sources[record.content]?.image.metadata.format
                sources[record.content]?.image.metadata = metadata
                sources[record.content]?.image.metadata.format = format
            }
            return sources
        }

        /// The parts of items that are written again, with what is known of the items now. Parts of what an item no longer shows are
        /// deleted.
        private func changedParts(_ rows: [Int64: ItemRow], _ before: [Int64: ItemRow]) async throws -> [ItemRow] {
            guard hasParts, !before.isEmpty else { return [] }
            var (kept, gone): ([ItemRow], [Int64]) = ([], [])
            for part in try await parts(of: Array(before.keys)) {
                guard let item = rows[part.item] else { continue }
                guard part.content == item.content else {
                    gone.append(part.key)
                    continue
                }
                var row = item
                (row.part, row.embedding, row.isEmbedded) = (part.part, part.embedding, part.isEmbedded)
                kept.append(row)
            }
            try await collection.delete(gone)
            return kept
        }

        /// The boxes and spans of items, by the items' keys, with the embeddings that lie with them.
        func parts(of items: [Int64]) async throws -> [ItemRow] {
            guard hasParts else { return [] }
            var found: [ItemRow] = []
            for start in stride(from: 0, to: items.count, by: 4096) {
                let list = items[start..<min(items.count, start + 4096)].map(String.init).joined(separator: ",")
                try await collection.walk(
                    "item in [\(list)] and part > 0", fields: fields(withEmbeddings: true), page: pageLimit
                ) { table, _ in
                    found += try ItemRows.read(table, self.layout, embeddings: true)
                    return true
                }
            }
            return found
        }

        /// Writes whole rows, in batches of a size that servers like.
        func write(_ rows: [ItemRow]) async throws {
            let step = max(1, min(1000, (3 << 20) / (4 * layout.dimension + 600)))
            var start = 0
            while start < rows.count {
                // Long captions and attributes count, too.
                var (end, bytes) = (start, 0)
                while end < rows.count, end - start < step, bytes < 8 << 20 {
                    bytes += (rows[end].caption?.utf8.count ?? 0) * 3 + 1024
                    bytes += rows[end].attributes.isEmpty ? 0 : 2 * AttributeText.byteLimit
                    end += 1
                }
                try await collection.upsert(ItemRows.columns(rows[start..<end], layout), rows: end - start)
                start = end
            }
        }

        private func check(_ record: ItemRecord) throws {
            func refused(_ reason: String) -> StoreError {
                StoreError(.invalidRequest, path: name, "\(record.path) cannot be stored: \(reason)")
            }
            guard !record.path.isEmpty, !record.path.utf8.contains(0) else { throw refused("it has no usable path") }
            guard record.path.utf8.count <= 16384 else { throw refused("its path is longer than 16384 bytes") }
            if let values = record.embedding?.values {
                guard values.count == dimension else {
                    throw refused("its embedding has \(values.count) numbers, the store's have \(dimension)")
                }
                let square = values.reduce(0.0) { $0 + Double($1) * Double($1) }
                guard abs(square.squareRoot() - 1) < 1e-3 else { throw refused("its embedding is not of length 1") }
            }
            if let caption = record.caption, caption.utf8.count > WireLimits.text || caption.utf8.contains(0) {
                throw refused("its caption is longer than \(WireLimits.text) bytes or holds a zero byte")
            }
            do {
                let text = try AttributeText.encode(record.attributes)
                guard text.utf8.count <= WireLimits.text else {
                    throw AttributeError("its attributes are longer than \(WireLimits.text) bytes of JSON")
                }
            } catch { throw refused("\(error)") }
            if let camera = record.image?.metadata.camera, camera.utf8.count > 4096 {
                throw refused("its camera's name is longer than 4096 bytes")
            }
        }
    }
#endif
