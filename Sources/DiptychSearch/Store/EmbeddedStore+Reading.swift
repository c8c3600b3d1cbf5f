public import Diptych
internal import Foundation
internal import GRDB

extension EmbeddedStore {
    /// What is read of an item, in the order of ``item(_:_:)``.
    private static let itemColumns =
        "items.id, \(pathColumns), items.missing_since IS NOT NULL, assets.content, " + attributeColumns
    /// Where an item lies, in the order of ``path(_:from:_:)``.
    static let pathColumns = "items.root, items.path"
    /// What is read of an item's attributes, in the order of ``attributes(_:from:)``.
    static let attributeColumns = """
        assets.width, assets.height, items.size, items.modified, items.added, assets.type, assets.taken, \
        assets.camera, assets.latitude, assets.longitude, assets.kind, assets.duration, items.caption, items.attributes
        """
    private static let attributeColumnCount = 14

    /// Items with the embeddings of their wholes.
    private var itemTables: String {
        """
        items JOIN assets ON assets.id = items.asset
            JOIN \(space.table) AS embeddings ON embeddings.asset = items.asset AND embeddings.part = items.asset
        """
    }

    /// The roots of the items in a snapshot of the database.
    func roots(_ db: Database) throws -> StoreRoots { try StoreRoots(db, places: places) }

    /// The first items behind the one with id `id`, with their embeddings, in the order of their ids. Items that have none in this
    /// space are left out.
    public func items(after id: String?, limit: Int, filter: Filter?) async throws -> [(StoredItem, Embedding)] {
        let after = id.map { Int64($0) ?? 0 } ?? 0
        let tables = itemTables
        return try await read { db in
            let roots = try self.roots(db)
            let condition = filter?.sql(roots) ?? SQLCondition("1")
            return try Row.fetchAll(
                db,
                sql: """
                    SELECT \(Self.itemColumns), embeddings.vector FROM \(tables)
                    WHERE items.id > ? AND \(condition.text) ORDER BY items.id LIMIT ?
                    """,
                arguments: StatementArguments(
                    [after.databaseValue] + condition.arguments + [max(0, limit).databaseValue])
            ).map { try Self.item($0, roots) }
        }
    }

    /// Where the first items behind the one with id `id` lie, in the order of their ids.
    public func places(after id: String?, limit: Int, filter: Filter?) async throws -> [ItemPlace] {
        let after = id.map { Int64($0) ?? 0 } ?? 0
        return try await read { db in
            let roots = try self.roots(db)
            let condition = filter?.sql(roots) ?? SQLCondition("1")
            return try Row.fetchAll(
                db,
                sql: """
                    SELECT items.id, \(Self.pathColumns), items.missing_since IS NOT NULL
                    FROM items JOIN assets ON assets.id = items.asset
                    WHERE items.id > ? AND \(condition.text) ORDER BY items.id LIMIT ?
                    """,
                arguments: StatementArguments(
                    [after.databaseValue] + condition.arguments + [max(0, limit).databaseValue])
            ).map { row in
                ItemPlace(
                    id: String(try row.decode(Int64.self, atIndex: 0)), path: try Self.path(row, from: 1, roots),
                    missing: try row.decode(atIndex: 3))
            }
        }
    }

    /// The items with these ids; those that there are not are left out.
    public func items(ids: [String]) async throws -> [(StoredItem, Embedding)] {
        let tables = itemTables
        return try await read { db in
            let roots = try self.roots(db)
            let statement = try db.cachedStatement(
                sql: "SELECT \(Self.itemColumns), embeddings.vector FROM \(tables) WHERE items.id = ?")
            return try ids.compactMap { id in
                guard let number = Int64(id) else { return nil }
                return try Row.fetchOne(statement, arguments: [number]).map { try Self.item($0, roots) }
            }
        }
    }

    private static func item(_ row: Row, _ roots: StoreRoots) throws -> (StoredItem, Embedding) {
        let id: Int64 = try row.decode(atIndex: 0)
        let item = StoredItem(
            id: String(id), path: try path(row, from: 1, roots), missing: try row.decode(atIndex: 3),
            content: try content(row, 4), attributes: try attributes(row, from: 5))
        let data: Data = try row.decode(atIndex: 5 + attributeColumnCount)
        return (item, Embedding(values: floats(of: data)))
    }

    /// Reads ``pathColumns``.
    static func path(_ row: Row, from column: Int, _ roots: StoreRoots) throws -> String {
        roots.path(root: try row.decode(atIndex: column), try row.decode(atIndex: column + 1))
    }

    /// Reads ``attributeColumns``.
    static func attributes(_ row: Row, from column: Int) throws -> ItemAttributes {
        let kind: String = try row.decode(atIndex: column + 10)
        return ItemAttributes(
            width: try row.decode(atIndex: column), height: try row.decode(atIndex: column + 1),
            bytes: try row.decode(atIndex: column + 2),
            modified: Double(try row.decode(Int64.self, atIndex: column + 3)) / 1e9,
            added: try row.decode(atIndex: column + 4), type: try row.decode(atIndex: column + 5),
            taken: try row.decode(atIndex: column + 6), camera: try row.decode(atIndex: column + 7),
            latitude: try row.decode(atIndex: column + 8), longitude: try row.decode(atIndex: column + 9),
            kind: AssetKind(rawValue: kind) ?? .image, duration: try row.decode(atIndex: column + 11),
            caption: try row.decode(atIndex: column + 12), other: attributes(try row.decode(atIndex: column + 13)))
    }

    /// The attributes in a JSON object; none where there is no text, or no object.
    static func attributes(_ text: String?) -> [String: AttributeValue] {
        text.flatMap { try? AttributeText.decode($0) } ?? [:]
    }

    /// The content's hash in a column.
    static func content(_ row: Row, _ column: Int) throws -> ContentHash {
        let data: Data = try row.decode(atIndex: column)
        // A damaged hash equals none; `verify` names it.
        return ContentHash(bytes: data) ?? ContentHash(of: Data())
    }
}
