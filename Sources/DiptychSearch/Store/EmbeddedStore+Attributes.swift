internal import Foundation
internal import GRDB

extension EmbeddedStore {
    /// Which kinds of values items have under the name of an attribute: numbers, texts, both, or objects of other names.
    public func kinds(ofAttribute name: String) async throws -> Set<FilterField.Kind> {
        try await read { db in
            // Numbers come before texts in the order of the table, so its two ends under a name tell.
            let ends = try String.fetchAll(
                db,
                sql: """
                    SELECT typeof(value) FROM (SELECT min(value) AS value FROM attributes WHERE name = ?1)
                    UNION SELECT typeof(value) FROM (SELECT max(value) AS value FROM attributes WHERE name = ?1)
                    """, arguments: [name])
            var kinds = Set(ends.compactMap { $0 == "null" ? nil : $0 == "text" ? FilterField.Kind.text : .number })
            let isObject = try Bool.fetchOne(
                db, sql: "SELECT EXISTS (SELECT 1 FROM attributes WHERE name >= ? AND name < ?)",
                arguments: [name + ".", name + "/"])
            if isObject == true { kinds.insert(.any) }
            return kinds
        }
    }

    /// The names of attributes that items have, in their order, at most `limit`: one look into the index each.
    public func attributeNames(limit: Int) async throws -> [String] {
        try await read { db in
            try String.fetchAll(
                db,
                sql: """
                    WITH RECURSIVE names(name) AS (
                        SELECT min(name) FROM attributes
                        UNION ALL
                        SELECT (SELECT min(name) FROM attributes WHERE name > names.name) FROM names
                        WHERE names.name IS NOT NULL
                        LIMIT ?
                    )
                    SELECT name FROM names WHERE name IS NOT NULL
                    """, arguments: [max(0, limit)])
        }
    }
}
