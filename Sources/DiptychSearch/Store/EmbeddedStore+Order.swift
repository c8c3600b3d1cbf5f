internal import GRDB

extension EmbeddedStore {
    /// The first items behind a place in an order, vanished ones left out.
    ///
    /// The database compares all items, and keeps as many as are asked for.
    public func places(
        in order: ItemOrder, after cursor: ItemCursor?, limit: Int, filter: Filter?
    ) async throws -> [ItemCursor] {
        let isDate = order.key == .date
        let value = isDate ? "coalesce(assets.taken, items.modified / 1e9)" : Self.nameValue
        let (step, direction) = order.isReversed ? ("<", "DESC") : (">", "ASC")
        var position: [DatabaseValue] = []
        var place = "1"
        if let cursor {
            place = "(\(value), items.id) \(step) (?, ?)"
            switch cursor.value {
            case .date(let date): position.append(date.databaseValue)
            case .name(let name): position.append(name.databaseValue)
            }
            position.append(cursor.item.databaseValue)
        }
        position.append(max(0, limit).databaseValue)
        let (last, behind) = (position, place)
        return try await read { db in
            let condition = try filter?.sql(self.roots(db)) ?? SQLCondition("1")
            return try Row.fetchAll(
                db,
                sql: """
                    SELECT items.id, \(value) AS value FROM items JOIN assets ON assets.id = items.asset
                    WHERE items.missing_since IS NULL AND \(condition.text) AND \(behind)
                    ORDER BY value \(isDate ? "" : "COLLATE NOCASE") \(direction), items.id \(direction) LIMIT ?
                    """, arguments: StatementArguments(condition.arguments + last)
            ).map { row in
                let id: Int64 = try row.decode(atIndex: 0)
                return isDate
                    ? ItemCursor(.date(try row.decode(atIndex: 1)), item: id)
                    : ItemCursor(.name(try row.decode(atIndex: 1)), item: id)
            }
        }
    }

    /// ``ItemAttributes/name(path:)``.
    private static let nameValue = """
        substr(coalesce(CASE WHEN json_valid(items.attributes) \
        AND json_type(items.attributes, '$.\(ItemAttributes.originalName)') = 'text' \
        THEN json_extract(items.attributes, '$.\(ItemAttributes.originalName)') END, \
        \(Filter.column(.name))), 1, \(ItemCursor.nameLength)) COLLATE NOCASE
        """
}
