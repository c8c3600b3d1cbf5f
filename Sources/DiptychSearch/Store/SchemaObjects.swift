internal import GRDB

/// A table, index or trigger of a store, with the statement that makes it.
struct SchemaObject: Sendable {
    let name: String
    let kind: String
    let sql: String

    /// Those that this database lacks, in the order in which they are made.
    ///
    /// What a store should have is what a new one has: the statements are run in memory.
    static func missing(in db: Database) throws -> [SchemaObject] {
        let present = Set(try String.fetchAll(db, sql: "SELECT name FROM sqlite_master"))
        let spaces = try StoreSpace.all(db).map(\.id)
        let expected = try DatabaseQueue().write { new in
            try new.execute(sql: Schema.statements)
            for space in spaces {
                try new.execute(sql: Schema.embeddings(of: space) + Schema.embeddingsIndex(of: space))
            }
            // Those that SQLite makes for others have no statement; the tables of a virtual one come with it.
            return try Row.fetchAll(
                new,
                sql: """
                    SELECT name, type, sql FROM sqlite_master
                    WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'captions\\_%' ESCAPE '\\'
                    ORDER BY rowid
                    """
            ).map {
                SchemaObject(
                    name: try $0.decode(atIndex: 0), kind: try $0.decode(atIndex: 1), sql: try $0.decode(atIndex: 2))
            }
        }
        return expected.filter { !present.contains($0.name) }
    }
}
