internal import GRDB

/// The tables of a store. SQLite is the source of truth; whatever else may lie beside it can be rebuilt.
enum Schema {
    /// The version of the tables; a newer one is refused, an older one is brought up to date.
    static let version = 3

    static let statements = """
        CREATE TABLE meta (key TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL) WITHOUT ROWID;
        \(vectors)
        CREATE TABLE items (
            id INTEGER PRIMARY KEY AUTOINCREMENT,  -- never used again, so that an id stays what it was
            path TEXT NOT NULL UNIQUE,
            size INTEGER NOT NULL,
            modified INTEGER NOT NULL,             -- nanoseconds since 1970
            settled INTEGER NOT NULL,              -- 1 if it was modified well before it was read, see FileState
            vector INTEGER NOT NULL REFERENCES vectors(id),
            missing_since REAL,                    -- seconds since 1970; NULL while the file is there
            added REAL NOT NULL DEFAULT 0,         -- seconds since 1970
            caption TEXT,
            attributes TEXT                        -- a JSON object; NULL where nothing was said
        );
        \(attributes)
        \(indices)
        """

    /// One row a distinct content: copies of a file share it, and a moved file finds it again.
    static let vectors = """
        CREATE TABLE vectors (
            id INTEGER PRIMARY KEY AUTOINCREMENT,  -- never used again: what lies beside the database refers to it
            content BLOB NOT NULL UNIQUE,          -- SHA-256 of the file's bytes
            embedding BLOB NOT NULL,               -- float32 little-endian, length 1
            width INTEGER NOT NULL,
            height INTEGER NOT NULL,
            type TEXT,                             -- jpeg, png, …
            taken REAL,                            -- seconds since 1970 by the camera's clock
            camera TEXT,
            latitude REAL,                         -- degrees north
            longitude REAL                         -- degrees east
        );
        """

    /// What filters look up: the plain values of attributes by name and value, and the words of captions. Attributes follow
    /// their item when it is deleted; words are deleted by what deletes items, for a trigger may not touch a virtual table
    /// where the schema is not trusted. Item numbers are never used again, so words that were left would find nothing.
    static let attributes = """
        CREATE TABLE attributes (
            name TEXT NOT NULL,
            value NOT NULL,
            item INTEGER NOT NULL,
            PRIMARY KEY (name, value, item)
        ) WITHOUT ROWID;
        CREATE INDEX attributes_by_item ON attributes(item);
        -- Words as CaptionWords gives them, parted by spaces: the tokenizer has nothing left to decide.
        CREATE VIRTUAL TABLE captions USING fts5(words, tokenize = 'ascii');
        CREATE TRIGGER item_deleted AFTER DELETE ON items BEGIN
            DELETE FROM attributes WHERE item = old.id;
        END;
        -- What was measured about the store; it can be measured again.
        CREATE TABLE notes (key TEXT PRIMARY KEY NOT NULL, value BLOB NOT NULL) WITHOUT ROWID;
        CREATE INDEX vectors_by_taken ON vectors(taken) WHERE taken IS NOT NULL;
        CREATE INDEX vectors_by_latitude ON vectors(latitude) WHERE latitude IS NOT NULL;
        CREATE INDEX items_by_added ON items(added);
        """

    /// What a filter asks of all items is read from these, some thirty bytes each, rather than from the rows, which hold
    /// embeddings, paths and texts.
    static let indices = """
        CREATE INDEX items_by_vector ON items(vector, missing_since, size, modified, added);
        CREATE INDEX items_by_id ON items(id, vector, missing_since);
        CREATE INDEX vectors_by_facts ON vectors(width, height, type, taken, camera, latitude, longitude);
        """

    /// Brings the tables of an older version up to date, in one transaction.
    static func migrate(_ db: Database, from version: Int) throws {
        guard version < Self.version else { return }
        // Version 1 knew no attributes, and SQLite was free to use the numbers of deleted embeddings again.
        if version < 2 {
            try db.execute(
                sql: """
                    ALTER TABLE vectors RENAME TO old_vectors;
                    \(vectors)
                    INSERT INTO vectors (id, content, embedding, width, height)
                        SELECT id, content, embedding, width, height FROM old_vectors;
                    ALTER TABLE items ADD COLUMN added REAL NOT NULL DEFAULT 0;
                    ALTER TABLE items ADD COLUMN caption TEXT;
                    ALTER TABLE items ADD COLUMN attributes TEXT;
                    DROP TABLE old_vectors;
                    \(attributes)
                    """)
        }
        // Version 2 read rows for what version 3 reads from indices.
        try db.execute(
            sql: """
                DROP INDEX IF EXISTS items_by_vector;
                \(indices)
                UPDATE meta SET value = '\(Self.version)' WHERE key = 'version';
                """)
    }

    static func value(_ key: String, in db: Database) throws -> String? {
        try String.fetchOne(db, sql: "SELECT value FROM meta WHERE key = ?", arguments: [key])
    }

    static func exists(in db: Database) throws -> Bool { try db.tableExists("meta") }

    /// Whether the database holds nothing at all, so that a store may be made in it.
    static func isEmpty(_ db: Database) throws -> Bool {
        try Bool.fetchOne(db, sql: "SELECT NOT EXISTS (SELECT 1 FROM sqlite_master)") ?? true
    }
}
