#if Milvus
    internal import Diptych
    internal import DiptychMedia
    internal import DiptychSearch
    internal import Foundation

    /// An item, or a part of one, as a collection keeps it.
    struct ItemRow: Sendable {
        var path: String
        var kind = AssetKind.image
        var part = AssetPart.whole
        var content: ContentHash
        /// The collection's own, of length 1; zeros where there is none, empty where it was not asked for.
        var embedding: [Float] = []
        var bytes = 0
        var modified: Int64 = 0
        var isSettled = true
        var image = ImageFacts(width: 0, height: 0)
        /// The kind of file; may be one that this version does not know.
        var type: String?
        var added: Double = 0
        var caption: String?
        var attributes: [String: AttributeValue] = [:]
        var isMissing = false
        /// Whether the collection has its embedding.
        var isEmbedded = true

        var key: Int64 { Layout.key(of: path, part) }
        /// The key of the item that it is a part of.
        var item: Int64 { Layout.key(of: path) }
        /// As a store gives it.
        var stored: StoredPart { StoredPart(id: key, asset: item, part: part) }

        /// As a store gives it.
        var asItem: StoredItem {
            StoredItem(
                id: String(item), path: path, missing: isMissing, content: content,
                attributes: ItemAttributes(
                    width: image.width, height: image.height, bytes: bytes, modified: Double(modified) / 1e9,
                    added: added,
                    type: type, taken: image.metadata.taken, camera: image.metadata.camera,
                    latitude: image.metadata.latitude, longitude: image.metadata.longitude, kind: kind,
                    caption: caption,
                    other: attributes))
        }
    }

    extension ItemRow {
        /// Takes the embedding of the row that this one replaces, where both show the same; zeros where there is none.
        mutating func keepOwnEmbedding(of old: ItemRow?, dimension: Int) {
            if let old, old.content == content, old.isEmbedded {
                embedding = old.embedding
            } else {
                dropEmbedding(dimension)
            }
        }

        /// Leaves zeros, which a row has to have.
        mutating func dropEmbedding(_ dimension: Int) {
            (embedding, isEmbedded) = (Array(repeating: 0, count: dimension), false)
        }
    }

    /// The columns of rows.
    enum ItemRows {
        /// What is read of a row besides its embedding.
        static func fields(_ layout: Layout) -> [String] {
            [
                "path", "content", "bytes", "modified_ns", "settled", "width", "height", "added", "type", "taken",
                "camera", "latitude", "longitude", "caption", "captioned", "missing", "attributes",
            ] + (layout.hasParts ? ["kind", "part", "extent", "embedded"] : [])
        }

        /// The columns of `rows` for writing.
        ///
        /// - Throws: `AttributeError` for a row's attributes.
        static func columns(_ rows: ArraySlice<ItemRow>, _ layout: Layout) throws -> [String: ColumnValues] {
            func known(_ value: Double?) -> Double { value.map { $0.isFinite ? $0 : Layout.unknown } ?? Layout.unknown }
            let parts: [String: ColumnValues] = [
                "kind": .texts(rows.map(\.kind.rawValue)), "item": .longs(rows.map(\.item)),
                "part": .longs(rows.map(\.part.number)), "extent": .texts(rows.map(\.part.extent)),
                "embedded": .bools(rows.map(\.isEmbedded)),
            ]
            let items: [String: ColumnValues] = [
                "id": .longs(rows.map(\.key)), "embedding": .vectors(rows.flatMap(\.embedding)),
                "path": .texts(rows.map(\.path)),
                "folder": .texts(rows.map { Filter.folder(of: $0.path) }),
                "name": .texts(rows.map { Filter.name(of: $0.path) }),
                "content": .texts(rows.map(\.content.hexadecimal)), "bytes": .longs(rows.map { Int64($0.bytes) }),
                "modified": .doubles(rows.map { Double($0.modified) / 1e9 }),
                "modified_ns": .longs(rows.map(\.modified)),
                "settled": .bools(rows.map(\.isSettled)), "width": .longs(rows.map { Int64($0.image.width) }),
                "height": .longs(rows.map { Int64($0.image.height) }), "added": .doubles(rows.map(\.added)),
                "type": .texts(rows.map { $0.type ?? "" }),
                "taken": .doubles(rows.map { known($0.image.metadata.taken) }),
                "camera": .texts(rows.map { $0.image.metadata.camera ?? "" }),
                "latitude": .doubles(rows.map { known($0.image.metadata.latitude) }),
                "longitude": .doubles(rows.map { known($0.image.metadata.longitude) }),
                "caption": .texts(rows.map { $0.caption ?? "" }), "captioned": .bools(rows.map { $0.caption != nil }),
                "missing": .bools(rows.map(\.isMissing)),
                "attributes": .texts(
                    try rows.map { $0.attributes.isEmpty ? "" : try AttributeText.encode($0.attributes) }),
                Layout.dynamicName: .objects(
                    rows.map { FilterIndex(caption: $0.caption, attributes: $0.attributes).text }),
            ]
            return layout.hasParts ? items.merging(parts) { first, _ in first } : items
        }

        /// The rows of an answer, by their keys' order in it.
        ///
        /// - Parameter embeddings: whether the answer holds them.
        static func read(_ table: ReplyTable, _ layout: Layout, embeddings: Bool) throws -> [ItemRow] {
            let dimension = embeddings ? layout.dimension : nil
            let hasParts = layout.hasParts
            let (kinds, embedded) = hasParts ? (try table.texts("kind"), try table.bools("embedded")) : ([], [])
            let (parts, extents) = hasParts ? (try table.longs("part"), try table.texts("extent")) : ([], [])
            func known(_ value: Double) -> Double? { value > Layout.unknown / 10 ? value : nil }
            let (path, content, bytes) = (try table.texts("path"), try table.texts("content"), try table.longs("bytes"))
            let (modified, settled) = (try table.longs("modified_ns"), try table.bools("settled"))
            let (width, height, added) = (
                try table.longs("width"), try table.longs("height"), try table.doubles("added")
            )
            let (type, taken, camera) = (try table.texts("type"), try table.doubles("taken"), try table.texts("camera"))
            let (latitude, longitude) = (try table.doubles("latitude"), try table.doubles("longitude"))
            let (caption, captioned) = (try table.texts("caption"), try table.bools("captioned"))
            let (missing, attributes) = (try table.bools("missing"), try table.texts("attributes"))
            let vectors = try dimension.map { try table.vectors("embedding", dimension: $0) }
            return (0..<table.rows).map { row in
                var facts = ImageFacts(width: Int(clamping: width[row]), height: Int(clamping: height[row]))
                facts.metadata.format = ImageFormat.allCases.first { $0.rawValue.lowercased() == type[row] }
                facts.metadata.taken = known(taken[row])
                facts.metadata.camera = camera[row].isEmpty ? nil : camera[row]
                (facts.metadata.latitude, facts.metadata.longitude) = (known(latitude[row]), known(longitude[row]))
                return ItemRow(
                    path: path[row], kind: hasParts ? AssetKind(rawValue: kinds[row]) ?? .image : .image,
                    part: hasParts ? AssetPart(number: parts[row], extent: extents[row]) ?? .whole : .whole,
                    content: ContentHash(hexadecimal: content[row]) ?? ContentHash(of: Data()),
                    embedding: vectors.flatMap { values in
                        dimension.map { Array(values[row * $0..<(row + 1) * $0]) }
                    } ?? [], bytes: Int(clamping: bytes[row]), modified: modified[row], isSettled: settled[row],
                    image: facts,
                    type: type[row].isEmpty ? nil : type[row], added: added[row],
                    caption: captioned[row] ? caption[row] : nil,
                    attributes: attributes[row].isEmpty ? [:] : (try? AttributeText.decode(attributes[row])) ?? [:],
                    isMissing: missing[row], isEmbedded: hasParts ? embedded[row] : true)
            }
        }
    }

    extension ContentHash {
        /// As a collection keeps it: 64 digits.
        var hexadecimal: String {
            let digits = Array("0123456789abcdef")
            return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
        }

        init?(hexadecimal text: String) {
            let digits = text.utf8.compactMap {
                UInt8(ascii: "0") <= $0 && $0 <= UInt8(ascii: "9")
                    ? $0 - 48 : UInt8(ascii: "a") <= $0 && $0 <= UInt8(ascii: "f") ? $0 - 87 : nil
            }
            guard digits.count == 64, text.utf8.count == 64 else { return nil }
            self.init(bytes: Data(stride(from: 0, to: 64, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }))
        }
    }
#endif
