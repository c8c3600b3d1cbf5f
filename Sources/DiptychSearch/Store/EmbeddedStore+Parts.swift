public import Diptych
internal import Foundation
internal import GRDB

/// A part of an asset that has no embedding in a space yet, with a place where its bytes can be read.
public struct UnembeddedPart: Sendable {
    /// The part.
    public let part: StoredPart
    /// The kind of its asset.
    public let kind: AssetKind
    /// The SHA-256 of the asset's bytes.
    public let content: ContentHash
    /// A path of the asset.
    public let path: String
    /// The text of an asset that is one.
    public let text: String?

    /// Names a part.
    public init(part: StoredPart, kind: AssetKind, content: ContentHash, path: String, text: String?) {
        (self.part, self.kind, self.content, self.path, self.text) = (part, kind, content, path, text)
    }
}

extension EmbeddedStore {
    /// The columns of ``part(_:from:)``.
    static let partColumns =
        "parts.id, parts.asset, parts.kind, parts.x, parts.y, parts.width, parts.height, parts.start, parts.stop"
    static let partColumnCount = 9

    static func part(_ row: Row, from column: Int) throws -> StoredPart {
        func number(_ offset: Int) throws -> Double { try row.decode(atIndex: column + offset) }
        let part: AssetPart =
            switch try row.decode(Int.self, atIndex: column + 2) {
            case 1: .box(x: try number(3), y: try number(4), width: try number(5), height: try number(6))
            case 2 where try number(5) == 0: .span(start: try number(7), end: try number(8))
            case 2:
                .moment(
                    start: try number(7), end: try number(8), best: try number(3), isFrame: try number(5) > 1)
            default: .whole
            }
        return StoredPart(id: try row.decode(atIndex: column), asset: try row.decode(atIndex: column + 1), part: part)
    }

    /// The part that an embedding is of, where it is not the whole of an asset.
    static func part(of embedding: Int64?, in table: String, _ db: Database) throws -> StoredPart? {
        let row = try Row.fetchOne(
            db.cachedStatement(
                sql: """
                    SELECT \(partColumns) FROM \(table) AS embeddings JOIN parts ON parts.id = embeddings.part
                    WHERE embeddings.id = ? AND parts.kind <> 0
                    """), arguments: [embedding])
        return try row.map { try part($0, from: 0) }
    }

    /// Counts what merging and copying leave behind: boxes and spans, annotations, and items without an embedding in this space.
    public func partsAndAnnotations() async throws -> (parts: Int, annotations: Int, unembedded: Int) {
        let table = space.table
        return try await read { db in
            func count(_ sql: String) throws -> Int { try Int.fetchOne(db, sql: "SELECT count(*) FROM " + sql) ?? 0 }
            return (
                try count("parts WHERE kind <> 0"), try count("annotations"),
                try count(
                    "items WHERE NOT EXISTS (SELECT 1 FROM \(table) WHERE asset = items.asset AND part = items.asset)")
            )
        }
    }

    /// The parts of the item with this id, its whole first; none where there is no such item.
    public func parts(of id: String) async throws -> [StoredPart] {
        try await read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT \(Self.partColumns) FROM items JOIN parts ON parts.asset = items.asset
                    WHERE items.id = ? ORDER BY parts.kind, parts.id
                    """, arguments: [Int64(id)]
            ).map { try Self.part($0, from: 0) }
        }
    }

    /// The numbers of the parts that are the wholes of the items with these ids, which are those of their assets; nil where there is
    /// no such item.
    public func wholeParts(ofItems ids: [String]) async throws -> [Int64?] {
        try await read { db in
            let statement = try db.cachedStatement(sql: "SELECT asset FROM items WHERE id = ?")
            return try ids.map { id in
                guard let number = Int64(id) else { return nil }
                return try Int64.fetchOne(statement, arguments: [number])
            }
        }
    }

    /// Adds parts to the assets of the items at some paths, in one transaction; those that an asset has already stay as they are. They
    /// are found once they are embedded, see ``SpaceFiller``.
    ///
    /// - Returns: for each the number of parts that are new; nil where there is no such item.
    /// - Throws: ``StoreError`` for a part without an area or a time, or outside of its asset; nothing is added then.
    public func addParts(_ additions: [(path: String, parts: [AssetPart])]) async throws -> [Int?] {
        try await write { db in
            let roots = try self.roots(db)
            return try additions.map { try self.add($0.parts, toItemAt: $0.path, roots, db) }
        }
    }

    func add(_ parts: [AssetPart], toItemAt path: String, _ roots: StoreRoots, _ db: Database) throws -> Int? {
        let place = roots.place(of: path)
        let row = try Row.fetchOne(
            db.cachedStatement(
                sql: """
                    SELECT assets.id, assets.width, assets.height FROM items JOIN assets ON assets.id = items.asset
                    WHERE items.root = ? AND items.path = ?
                    """), arguments: [place.root, place.path])
        guard let row else { return nil }
        let asset: Int64 = try row.decode(atIndex: 0)
        let (width, height): (Double, Double) = (try row.decode(atIndex: 1), try row.decode(atIndex: 2))
        let insert = try db.cachedStatement(
            sql: """
                INSERT INTO parts (id, asset, kind, x, y, width, height, start, stop)
                VALUES ((SELECT max(seq) + 1 FROM sqlite_sequence WHERE name IN ('assets', 'parts')),
                    ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
                """)
        var added = 0
        for part in parts {
            switch part {
            case .whole: continue
            case .box(let x, let y, let boxWidth, let boxHeight):
                guard x >= 0, y >= 0, boxWidth > 0, boxHeight > 0, x + boxWidth <= width, y + boxHeight <= height else {
                    throw StoreError(
                        .invalidRequest, path: name,
                        "\(path): the box [\(x), \(y), \(boxWidth), \(boxHeight)] does not lie in its "
                            + "\(Int64(clamping: width)) × \(Int64(clamping: height)) pixels")
                }
                try insert.execute(arguments: [asset, 1, x, y, boxWidth, boxHeight, 0, 0])
            case .span(let start, let end):
                guard start >= 0, end > start, end.isFinite else {
                    throw StoreError(
                        .invalidRequest, path: name, "\(path): there is no time from \(start) s to \(end) s")
                }
                try insert.execute(arguments: [asset, 2, 0, 0, 0, 0, start, end])
            case .moment(let start, let end, let best, let isFrame):
                guard start >= 0, end > start, end.isFinite, (start...end).contains(best) else {
                    throw StoreError(
                        .invalidRequest, path: name, "\(path): there is no moment from \(start) s to \(end) s")
                }
                try insert.execute(arguments: [asset, 2, best, 0, isFrame ? 2 : 1, 0, start, end])
            }
            added += db.changesCount
        }
        return added
    }

    /// The first parts behind one that have no embedding in this space, and whose asset an item has that has not vanished, in the
    /// order of their numbers.
    public func unembeddedParts(after id: Int64, limit: Int) async throws -> [UnembeddedPart] {
        let table = space.table
        return try await read { db in
            let roots = try self.roots(db)
            return try Row.fetchAll(
                db,
                sql: """
                    SELECT \(Self.partColumns), assets.kind, assets.content, \(Self.pathColumns), items.caption
                    FROM parts CROSS JOIN assets ON assets.id = parts.asset
                        CROSS JOIN items ON items.id = (
                            SELECT min(id) FROM items WHERE asset = parts.asset AND missing_since IS NULL)
                    WHERE parts.id > ? AND NOT EXISTS (
                        SELECT 1 FROM \(table) AS embeddings
                        WHERE embeddings.asset = parts.asset AND embeddings.part = parts.id)
                    ORDER BY parts.id LIMIT ?
                    """, arguments: [id, max(0, limit)]
            ).map { row in
                let kind: String = try row.decode(atIndex: Self.partColumnCount)
                return UnembeddedPart(
                    part: try Self.part(row, from: 0), kind: AssetKind(rawValue: kind) ?? .image,
                    content: try Self.content(row, Self.partColumnCount + 1),
                    path: try Self.path(row, from: Self.partColumnCount + 2, roots),
                    text: kind == AssetKind.text.rawValue ? try row.decode(atIndex: Self.partColumnCount + 4) : nil)
            }
        }
    }

    /// Stores embeddings of parts in this space, in one transaction; those that are there already stay, and parts that are gone
    /// meanwhile are passed over.
    public func putEmbeddings(_ embeddings: [(part: StoredPart, embedding: Embedding)]) async throws {
        guard !embeddings.isEmpty else { return }
        let space = space
        let prepared = try embeddings.map { part, embedding in
            (
                part: part,
                vector: try PreparedRecord.vector(embedding, dimension: dimension, name: "part \(part.id)", store: name)
            )
        }
        try await write { db in
            let writer = try EmbeddingWriter(db, space: space)
            let exists = try db.cachedStatement(sql: "SELECT EXISTS (SELECT 1 FROM parts WHERE id = ? AND asset = ?)")
            for (part, vector) in prepared
            where try Bool.fetchOne(exists, arguments: [part.id, part.asset]) == true {
                try writer.add(asset: part.asset, part: part.id, vector)
            }
        }
        if codes.add(embeddings.count) { try? await buildIndex() }
    }

    /// Removes the embeddings of these parts from this space, in one transaction; the parts stay. Their codes find nothing until
    /// ``compact()`` drops them.
    ///
    /// - Returns: the number of embeddings removed.
    public func removeEmbeddings(ofParts ids: [Int64]) async throws -> Int {
        guard !ids.isEmpty else { return 0 }
        let table = space.table
        return try await write { db in
            // By the index over assets and parts.
            let statement = try db.cachedStatement(
                sql: "DELETE FROM \(table) WHERE asset = (SELECT asset FROM parts WHERE id = ?1) AND part = ?1")
            var removed = 0
            for id in ids {
                try statement.execute(arguments: [id])
                removed += db.changesCount
            }
            return removed
        }
    }
}
