public import Foundation
internal import GRDB

/// What ``EmbeddedStore/repair(at:)`` did, and what it could not do.
public struct StoreRepair: Sendable, Equatable {
    /// What was mended, a line each.
    public let mended: [String]
    /// What is still wrong, as ``EmbeddedStore/verify()`` lists it, with what to do.
    public let problems: [String]
}

extension EmbeddedStore {
    /// Mends what can be made again from the rest of a store: indices, the tables that filters look things up in, the parts of whole
    /// assets, codes, the choice of the current space. Drops embeddings that are damaged and rows that belong to nothing; embeddings
    /// are made again by the next indexing, which finds items without one.
    ///
    /// All of it happens in one transaction, but for the codes.
    ///
    /// - Returns: what was mended, and what is left.
    /// - Throws: ``StoreError``, of kind `busy` while the store is being indexed, and where the database cannot be opened or
    ///   written. Damage that stops it is not thrown but is one of the problems.
    public static func repair(at directory: URL) async throws -> StoreRepair {
        let path = directory.path
        guard FileManager.default.fileExists(atPath: directory.appendingPathComponent(databaseName).path) else {
            throw StoreError(.missing, path: path, "there is no store")
        }
        guard isWritable(directory) else {
            throw StoreError(
                .inputOutput, path: path, "cannot be mended: no permission to write, or it lies on a read-only mount")
        }
        let lock = try StoreLock(directory)
        defer { withExtendedLifetime(lock) {} }
        do {
            let pool = try connect(directory)
            var mended = try await pool.write { db in try Schema.exists(in: db) ? try StoreMender(db).mendSpaces() : []
            }
            let store = try await connected(directory, pool)
            do {
                mended += try await store.write { db in try StoreMender(db).mendRows() }
            } catch let error as StoreError where error.kind == .damaged {
                return StoreRepair(mended: mended, problems: try await store.verify() + ["stopped: \(error.reason)"])
            }
            if try !store.codeProblems().isEmpty {
                try FileManager.default.removeItem(atPath: store.codes.files.folder)
                // Opened once more: what is in memory belongs to the files that are gone.
                try await connected(directory, pool).buildIndex()
                mended.append("made the codes of the embeddings again")
            }
            return StoreRepair(mended: mended, problems: try await open(at: directory).verify())
        } catch { throw StoreError.explaining(error, path: path) }
    }
}

/// Mends the tables of a store, in a transaction of the caller.
private struct StoreMender {
    private let db: Database
    /// The most numbers that a line lists.
    private static let listed = 10

    init(_ db: Database) throws { self.db = db }

    /// Names a current space where none is named, and makes tables, indices and triggers that are missing.
    func mendSpaces() throws -> [String] {
        var mended = try mendVersion()
        guard try Schema.value("version", in: db) == String(Schema.version) else { return mended }
        let spaces = try StoreSpace.all(db)
        let current = try Schema.value("space", in: db).flatMap { Int64($0) }
        if let first = spaces.first, !spaces.contains(where: { $0.id == current }) {
            try Schema.set("space", String(first.id), in: db)
            mended.append("made '\(first.name)' the current space: none was")
        }
        // What holds items and what they are cannot be made again; the rest can, empty, and is filled from it.
        let missing = try SchemaObject.missing(in: db).filter {
            !["items", "assets", "roots", "spaces"].contains($0.name)
        }
        for object in missing {
            do { try db.execute(sql: object.sql) } catch let error as DatabaseError {
                throw StoreError(.damaged, path: object.name, "cannot be made again: \(error.message ?? "\(error)")")
            }
        }
        if !missing.isEmpty {
            mended.append("made again, as it was missing: \(missing.map(\.name).joined(separator: ", "))")
        }
        return mended
    }

    /// Writes the version of the tables where they do not say it: they tell it.
    private func mendVersion() throws -> [String] {
        if let version = try Schema.value("version", in: db).flatMap({ Int($0) }), version > 0 { return [] }
        let version: Int
        if try db.tableExists("spaces") {
            version = try Schema.hasDetails(db) ? 5 : 4
        } else if try db.tableExists("vectors") {
            // The second and the third had the same tables.
            version = try db.columns(in: "vectors").contains { $0.name == "width" } ? 3 : 1
        } else {
            return []
        }
        try Schema.set("version", String(version), in: db)
        return ["wrote the version of the format again: \(version)"]
    }

    /// Mends all else that is in the database.
    func mendRows() throws -> [String] {
        var mended: [String] = []
        if try String.fetchOne(db, sql: "PRAGMA integrity_check(1)") != "ok" {
            try db.execute(sql: "REINDEX")
            mended.append("made the indices of the database again")
        }
        mended += try mendItems()
        mended += try mendParts()
        for space in try StoreSpace.all(db) { mended += try mendEmbeddings(of: space) }
        mended += try mendLookups()
        return mended
    }

    private func mendParts() throws -> [String] {
        var mended: [String] = []
        try db.execute(sql: "UPDATE parts SET kind = 0 WHERE id = asset AND kind <> 0")
        if db.changesCount > 0 { mended.append("made \(db.changesCount) parts the whole of their assets again") }
        let wholes = try change(
            """
            INSERT OR IGNORE INTO parts (id, asset, kind) SELECT id, id, 0 FROM assets
            WHERE NOT EXISTS (SELECT 1 FROM parts WHERE parts.id = assets.id AND kind = 0) RETURNING id
            """)
        if let wholes = Self.counted(wholes, "asset") {
            mended.append("made the part again that is the whole of \(wholes)")
        }
        let strays = try change(
            """
            DELETE FROM parts WHERE NOT EXISTS (SELECT 1 FROM assets WHERE assets.id = parts.asset) RETURNING id
            """)
        if let strays = Self.counted(strays, "part") { mended.append("removed \(strays), whose asset is gone") }
        let annotations = try change(
            """
            DELETE FROM annotations WHERE NOT EXISTS (SELECT 1 FROM parts WHERE parts.id = annotations.part)
            RETURNING id
            """)
        if let annotations = Self.counted(annotations, "annotation") {
            mended.append("removed \(annotations), whose part is gone")
        }
        return mended
    }

    /// Drops embeddings that are damaged or belong to no part.
    private func mendEmbeddings(of space: StoreSpace) throws -> [String] {
        let strays = try change(
            """
            DELETE FROM \(space.table) WHERE NOT EXISTS (
                SELECT 1 FROM parts WHERE parts.id = part AND parts.asset = \(space.table).asset) RETURNING id
            """)
        let damaged = try EmbeddedStore.damagedEmbeddings(db, space).map(\.id)
        for id in damaged { try db.execute(sql: "DELETE FROM \(space.table) WHERE id = ?", arguments: [id]) }
        // Vectors that have another number than their asset's cannot be looked up as those that have it.
        let others = try Bool.fetchOne(
            db, sql: "SELECT EXISTS (SELECT 1 FROM \(space.table) WHERE id <> asset OR part <> asset)")
        if others == true {
            try db.execute(sql: "UPDATE spaces SET aligned = 0 WHERE id = ?", arguments: [space.id])
        }
        let place = "of the space '\(space.name)'"
        return [
            Self.counted(strays, "embedding").map { "removed \($0) \(place), whose part is gone" },
            Self.counted(damaged, "embedding").map {
                "removed \($0) \(place), which was damaged; the next `index` or `store embed` makes it again"
            },
        ].compactMap(\.self)
    }

    /// Makes again what filters look up: it follows from the items.
    private func mendLookups() throws -> [String] {
        let outdated = try ItemLookups.outdated(db)
        for (item, lookups) in outdated { try lookups.write(db, item: item) }
        try db.execute(sql: "DELETE FROM attributes WHERE NOT EXISTS (SELECT 1 FROM items WHERE id = item)")
        try db.execute(sql: "DELETE FROM captions WHERE NOT EXISTS (SELECT 1 FROM items WHERE id = captions.rowid)")
        return Self.counted(outdated.map(\.item), "item").map { ["wrote again what filters look up about \($0)"] } ?? []
    }

    /// Values of kinds that a column does not allow: the next indexing reads such a file again.
    private func mendItems() throws -> [String] {
        let ids = try change(
            """
            UPDATE items SET size = 0, modified = 0, settled = 0, missing_since = NULL
            WHERE \(EmbeddedStore.unreadableItem) RETURNING id
            """)
        return Self.counted(ids, "item").map {
            ["forgot what was known of the files of \($0), which the next `index` reads again"]
        } ?? []
    }

    private func change(_ sql: String) throws -> [Int64] { try Int64.fetchAll(db, sql: sql) }

    /// "3 parts (4, 5, 6)"; nil for none.
    private static func counted(_ ids: [Int64], _ noun: String) -> String? {
        guard !ids.isEmpty else { return nil }
        let some = ids.prefix(listed).map(String.init).joined(separator: ", ") + (ids.count > listed ? ", …" : "")
        return "\(ids.count) \(noun)\(ids.count == 1 ? "" : "s") (\(some))"
    }
}
