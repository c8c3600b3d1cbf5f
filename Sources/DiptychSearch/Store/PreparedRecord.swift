internal import Diptych
internal import DiptychMedia
internal import Foundation
internal import GRDB

/// A record that was checked and put into the form of its tables, before a transaction begins.
struct PreparedRecord: Sendable {
    private let record: ItemRecord
    private let embedding: Data?
    private let attributes: String?
    private let leaves: [(name: String, value: DatabaseValue)]
    private let words: String?
    private let storeName: String

    /// Checks a record for a store of this dimension.
    ///
    /// - Throws: ``StoreError`` with the item's path.
    init(_ record: ItemRecord, dimension: Int, store: String) throws {
        func refused(_ reason: String) -> StoreError {
            StoreError(.invalidRequest, path: store, "\(record.path) cannot be stored: \(reason)")
        }
        guard !record.path.isEmpty, !record.path.utf8.contains(0) else { throw refused("it has no usable path") }
        if let values = record.embedding?.values {
            guard values.count == dimension else {
                throw refused("its embedding has \(values.count) numbers, the store's have \(dimension)")
            }
            let square = values.reduce(0.0) { $0 + Double($1) * Double($1) }
            guard abs(square.squareRoot() - 1) < 1e-3 else { throw refused("its embedding is not of length 1") }
        }
        guard record.caption.map({ $0.utf8.count <= AttributeText.captionByteLimit && !$0.utf8.contains(0) }) ?? true
        else {
            throw refused("its caption is longer than \(AttributeText.captionByteLimit) bytes or holds a zero byte")
        }
        self.record = record
        embedding = record.embedding.map { EmbeddedStore.bytes(of: $0.values) }
        do {
            attributes = record.attributes.isEmpty ? nil : try AttributeText.encode(record.attributes)
        } catch { throw refused(error.description) }
        leaves = record.attributes.flatMap { $0.value.leaves(named: $0.key) }.compactMap { leaf in
            FilterValue(leaf.value).map { (leaf.name, $0.databaseValue) }
        }
        words = record.caption.map { CaptionWords.split($0).joined(separator: " ") }.flatMap { $0.isEmpty ? nil : $0 }
        storeName = store
    }

    /// Writes the rows.
    func store(in db: Database, now: Double) throws {
        if let embedding {
            let metadata = record.picture?.metadata
            // Two files of one batch may have the same content: the first one's embedding stays.
            let statement = try db.cachedStatement(
                sql: """
                    INSERT INTO vectors
                        (content, embedding, width, height, type, taken, camera, latitude, longitude)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (content) DO NOTHING
                    """)
            try statement.execute(arguments: [
                record.content.bytes, embedding, record.picture?.width ?? 0, record.picture?.height ?? 0,
                metadata?.format?.rawValue.lowercased(), metadata?.taken, metadata?.camera, metadata?.latitude,
                metadata?.longitude,
            ])
        }
        if embedding == nil, let metadata = record.metadata {
            try db.cachedStatement(
                sql: "UPDATE vectors SET taken = ?, camera = ?, latitude = ?, longitude = ? WHERE content = ?"
            ).execute(arguments: [
                metadata.taken, metadata.camera, metadata.latitude, metadata.longitude, record.content.bytes,
            ])
        }
        try move(in: db, now: now)
        let vector = try Int64.fetchOne(
            db.cachedStatement(sql: "SELECT id FROM vectors WHERE content = ?"), arguments: [record.content.bytes])
        guard let vector else {
            throw StoreError(
                .invalidRequest, path: storeName, "\(record.path) cannot be stored: it comes without an embedding")
        }
        let item = try Int64.fetchOne(
            db.cachedStatement(
                sql: """
                    INSERT INTO items (path, size, modified, settled, vector, added, caption, attributes)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                    ON CONFLICT (path) DO UPDATE SET size = excluded.size, modified = excluded.modified,
                        settled = excluded.settled, vector = excluded.vector, missing_since = NULL,
                        caption = excluded.caption, attributes = excluded.attributes
                    RETURNING id
                    """),
            arguments: [
                record.path, record.bytes, record.modified, record.isSettled, vector, now, record.caption, attributes,
            ])
        guard let item else { return }
        try describe(item, in: db)
    }

    /// Gives an item whose file has moved its new path. Where another item has that path, the old one is marked as vanished.
    private func move(in db: Database, now: Double) throws {
        for old in record.movedFrom {
            let move = try db.cachedStatement(sql: "UPDATE OR IGNORE items SET path = ? WHERE path = ?")
            try move.execute(arguments: [record.path, old])
            if db.changesCount > 0 { return }
            try db.cachedStatement(
                sql: "UPDATE items SET missing_since = ? WHERE path = ? AND missing_since IS NULL"
            ).execute(arguments: [now, old])
        }
    }

    /// Replaces what filters look up about the item.
    private func describe(_ item: Int64, in db: Database) throws {
        try db.cachedStatement(sql: "DELETE FROM attributes WHERE item = ?").execute(arguments: [item])
        try db.cachedStatement(sql: "DELETE FROM captions WHERE rowid = ?").execute(arguments: [item])
        if !leaves.isEmpty {
            let statement = try db.cachedStatement(
                sql: "INSERT OR IGNORE INTO attributes (name, value, item) VALUES (?, ?, ?)")
            for leaf in leaves { try statement.execute(arguments: [leaf.name, leaf.value, item]) }
        }
        if let words {
            try db.cachedStatement(sql: "INSERT INTO captions (rowid, words) VALUES (?, ?)")
                .execute(arguments: [item, words])
        }
    }
}
