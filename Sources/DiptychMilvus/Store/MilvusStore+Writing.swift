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
            if let other = records.first(where: { $0.kind != .image }) {
                throw StoreError(
                    .invalidRequest, path: name,
                    "\(other.path) cannot be stored: a collection holds images, and this is a \(other.kind.rawValue)")
            }
            try await storing {
                // Of equal contents in one call the first one's embedding stays, of equal paths the last record.
                var sources: [ContentHash: (embedding: [Float], image: ImageFacts, type: String?)] = [:]
                for record in records {
                    guard sources[record.content] == nil, let embedding = record.embedding else { continue }
                    let image = record.image ?? ImageFacts(width: 0, height: 0)
                    sources[record.content] = (
                        embedding.values, image, image.metadata.format?.rawValue.lowercased()
                    )
                }
                let needed = Set(records.map(\.content)).subtracting(sources.keys)
                for (content, row) in try await self.sources(of: Array(needed)) {
                    sources[content] = (row.embedding, row.image, row.type)
                }
                let before = try await rows(Array(Set(records.map { Layout.key(of: $0.path) })), withEmbeddings: false)
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
                            "\(record.path) cannot be stored: \(other) has the same key by chance; rename one of them")
                    }
                    rows[key] = ItemRow(
                        path: record.path, content: record.content, embedding: source.embedding, bytes: record.bytes,
                        modified: record.modified, isSettled: record.isSettled, image: source.image,
                        type: source.type,
                        added: old?.added ?? now, caption: record.caption, attributes: record.attributes)
                }
                try await write(Array(rows.values))
            }
        }

        /// Writes whole rows, in batches of a size that servers like.
        func write(_ rows: [ItemRow]) async throws {
            let step = max(1, min(1000, (3 << 20) / (4 * dimension + 600)))
            var start = 0
            while start < rows.count {
                // Long captions and attributes count, too.
                var (end, bytes) = (start, 0)
                while end < rows.count, end - start < step, bytes < 8 << 20 {
                    bytes += (rows[end].caption?.utf8.count ?? 0) * 3 + 1024
                    bytes += rows[end].attributes.isEmpty ? 0 : 2 * AttributeText.byteLimit
                    end += 1
                }
                try await collection.upsert(ItemRows.columns(rows[start..<end]), rows: end - start)
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
