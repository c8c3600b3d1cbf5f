internal import Diptych
internal import DiptychMedia
internal import Foundation
internal import GRDB

/// Writes records into the tables, in a transaction of the caller.
struct RecordWriter {
    private let db: Database
    private let embeddings: EmbeddingWriter
    private let now: Double
    private let store: String
    /// The roots of what is written.
    var roots: StoreRoots

    /// - Parameters:
    ///   - now: seconds since 1970.
    ///   - store: the store, for errors.
    init(_ db: Database, space: StoreSpace, roots: StoreRoots, now: Double, store: String) throws {
        (self.db, self.roots, self.now, self.store) = (db, roots, now, store)
        embeddings = try EmbeddingWriter(db, space: space)
    }

    /// Writes the rows of a record.
    func store(_ prepared: PreparedRecord) throws {
        let record = prepared.record
        let asset = try asset(prepared)
        try move(record)
        let place = roots.place(of: record.path)
        let item = try Int64.fetchOne(
            db.cachedStatement(
                sql: """
                    INSERT INTO items (root, path, size, modified, settled, asset, added, caption, attributes)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                    ON CONFLICT (root, path) DO UPDATE SET size = excluded.size, modified = excluded.modified,
                        settled = excluded.settled, asset = excluded.asset, missing_since = NULL,
                        caption = excluded.caption, attributes = excluded.attributes
                    RETURNING id
                    """),
            arguments: [
                place.root, place.path, record.bytes, record.modified, record.isSettled, asset, now, record.caption,
                prepared.attributes,
            ])
        if let item { try prepared.lookups.write(db, item: item) }
    }

    /// The asset of the record's content, with its embedding.
    private func asset(_ prepared: PreparedRecord) throws -> Int64 {
        let record = prepared.record
        let known = try Int64.fetchOne(
            db.cachedStatement(sql: "SELECT id FROM assets WHERE content = ?"), arguments: [record.content.bytes])
        if let known, prepared.embedding == nil, let metadata = record.metadata {
            try db.cachedStatement(
                sql: "UPDATE assets SET taken = ?, camera = ?, latitude = ?, longitude = ? WHERE id = ?"
            ).execute(arguments: [metadata.taken, metadata.camera, metadata.latitude, metadata.longitude, known])
        }
        // Two files of one batch may have the same content: the first one's embedding stays.
        if let known, try embeddings.hasEmbedding(of: known) { return known }
        guard let embedding = prepared.embedding else {
            if record.isUnfinished { return try known ?? newAsset(record) }
            throw StoreError(
                .invalidRequest, path: store, "\(record.path) cannot be stored: it comes without an embedding")
        }
        let asset = try known ?? newAsset(record)
        try embeddings.add(asset: asset, part: asset, embedding)
        return asset
    }

    /// An asset and the part that is its whole, which have one number.
    private func newAsset(_ record: ItemRecord) throws -> Int64 {
        let used = try Int64.fetchOne(
            db.cachedStatement(sql: "SELECT max(seq) FROM sqlite_sequence WHERE name IN ('assets', 'parts')"))
        let id = (used ?? 0).addingReportingOverflow(1)
        guard !id.overflow else { throw StoreError(.damaged, path: store, "its numbers are used up") }
        let metadata = record.image?.metadata
        try db.cachedStatement(
            sql: """
                INSERT INTO assets (id, content, kind, width, height, duration, type, taken, camera, latitude, longitude)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """
        ).execute(arguments: [
            id.partialValue, record.content.bytes, record.kind.rawValue,
            record.image?.width ?? record.video?.width ?? 0, record.image?.height ?? record.video?.height ?? 0,
            record.video?.duration, metadata?.format?.rawValue.lowercased() ?? record.video?.type, metadata?.taken,
            metadata?.camera, metadata?.latitude, metadata?.longitude,
        ])
        try db.cachedStatement(sql: "INSERT INTO parts (id, asset, kind) VALUES (?1, ?1, 0)")
            .execute(arguments: [id.partialValue])
        return id.partialValue
    }

    /// Gives an item whose file has moved its new path. Where another item has that path, the old one is marked as vanished.
    private func move(_ record: ItemRecord) throws {
        let place = roots.place(of: record.path)
        for old in record.movedFrom.map(roots.place(of:)) {
            try db.cachedStatement(
                sql: "UPDATE OR IGNORE items SET root = ?, path = ? WHERE root = ? AND path = ?"
            ).execute(arguments: [place.root, place.path, old.root, old.path])
            if db.changesCount > 0 { return }
            try db.cachedStatement(
                sql: "UPDATE items SET missing_since = ? WHERE root = ? AND path = ? AND missing_since IS NULL"
            ).execute(arguments: [now, old.root, old.path])
        }
    }
}

/// Writes embeddings of parts into a space.
struct EmbeddingWriter {
    private let db: Database
    private let space: StoreSpace

    init(_ db: Database, space: StoreSpace) throws {
        (self.db, self.space) = (db, space)
    }

    /// Whether the whole of an asset has an embedding.
    func hasEmbedding(of asset: Int64) throws -> Bool {
        try Bool.fetchOne(
            db.cachedStatement(sql: "SELECT EXISTS (SELECT 1 FROM \(space.table) WHERE asset = ?1 AND part = ?1)"),
            arguments: [asset]) ?? false
    }

    /// Adds the embedding of a part; the one that is there stays.
    ///
    /// Its number is the part's, where numbers have not gone beyond that: they must ascend, for what lies beside the database
    /// has all up to its last one.
    func add(asset: Int64, part: Int64, _ vector: Data) throws {
        let used = try Int64.fetchOne(
            db.cachedStatement(sql: "SELECT seq FROM sqlite_sequence WHERE name = ?"), arguments: [space.table])
        let id = part > used ?? 0 ? part : nil
        try db.cachedStatement(
            sql: "INSERT INTO \(space.table) (id, asset, part, vector) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
        ).execute(arguments: [id, asset, part, vector])
        if id != asset || part != asset {
            try db.cachedStatement(sql: "UPDATE spaces SET aligned = 0 WHERE id = ? AND aligned")
                .execute(arguments: [space.id])
        }
    }
}
