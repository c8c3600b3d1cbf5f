internal import GRDB

/// The tables of a store. SQLite is the source of truth; whatever else may lie beside it can be rebuilt.
enum Schema {
    /// The version of the tables; a newer one is refused.
    static let version = 1

    static let statements = """
        CREATE TABLE meta (key TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL) WITHOUT ROWID;
        -- One row a distinct content: copies of a file share it, and a moved file finds it again.
        CREATE TABLE vectors (
            id INTEGER PRIMARY KEY,
            content BLOB NOT NULL UNIQUE,    -- SHA-256 of the file's bytes
            embedding BLOB NOT NULL,         -- float32 little-endian, length 1
            width INTEGER NOT NULL,
            height INTEGER NOT NULL
        );
        CREATE TABLE items (
            id INTEGER PRIMARY KEY AUTOINCREMENT,  -- never used again, so that an id stays what it was
            path TEXT NOT NULL UNIQUE,
            size INTEGER NOT NULL,
            modified INTEGER NOT NULL,             -- nanoseconds since 1970
            settled INTEGER NOT NULL,              -- 1 if it was modified well before it was read, see FileState
            vector INTEGER NOT NULL REFERENCES vectors(id),
            missing_since REAL                     -- seconds since 1970; NULL while the file is there
        );
        CREATE INDEX items_by_vector ON items(vector);
        """

    static func value(_ key: String, in db: Database) throws -> String? {
        try String.fetchOne(db, sql: "SELECT value FROM meta WHERE key = ?", arguments: [key])
    }

    static func exists(in db: Database) throws -> Bool { try db.tableExists("meta") }

    /// Whether the database holds nothing at all, so that a store may be made in it.
    static func isEmpty(_ db: Database) throws -> Bool {
        try Bool.fetchOne(db, sql: "SELECT NOT EXISTS (SELECT 1 FROM sqlite_master)") ?? true
    }
}
