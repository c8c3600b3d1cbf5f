internal import GRDB

/// Brings the tables of an older version up to date.
enum Migration {
    /// Runs every step that is missing; the caller's transaction makes one step of them.
    static func run(_ db: Database, from version: Int) throws {
        guard version < Schema.version else { return }
        if version < 2 { try addAttributes(db) }
        if version < 4 {
            try addAssets(db)
        } else if version < 5 {
            // Version 4 knew of an annotation only by whom, when and how.
            try db.execute(sql: "ALTER TABLE annotations ADD COLUMN details TEXT")
        }
        try Schema.set("version", String(Schema.version), in: db)
    }

    /// Version 1 knew no attributes, and SQLite was free to use the numbers of deleted embeddings again.
    private static func addAttributes(_ db: Database) throws {
        try db.execute(
            sql: """
                ALTER TABLE vectors RENAME TO old_vectors;
                CREATE TABLE vectors (
                    id INTEGER PRIMARY KEY AUTOINCREMENT,
                    content BLOB NOT NULL UNIQUE,
                    embedding BLOB NOT NULL,
                    width INTEGER NOT NULL,
                    height INTEGER NOT NULL,
                    type TEXT,
                    taken REAL,
                    camera TEXT,
                    latitude REAL,
                    longitude REAL
                );
                INSERT INTO vectors (id, content, embedding, width, height)
                    SELECT id, content, embedding, width, height FROM old_vectors;
                DROP TABLE old_vectors;
                ALTER TABLE items ADD COLUMN added REAL NOT NULL DEFAULT 0;
                ALTER TABLE items ADD COLUMN caption TEXT;
                ALTER TABLE items ADD COLUMN attributes TEXT;
                CREATE TABLE attributes (
                    name TEXT NOT NULL, value NOT NULL, item INTEGER NOT NULL, PRIMARY KEY (name, value, item)
                ) WITHOUT ROWID;
                CREATE TABLE notes (key TEXT PRIMARY KEY NOT NULL, value BLOB NOT NULL) WITHOUT ROWID;
                CREATE VIRTUAL TABLE captions USING fts5(words, tokenize = 'ascii');
                """)
    }

    /// Version 3 had a row for each content, with its facts and its one embedding: it becomes an asset, the part that is its whole,
    /// and an embedding of the first space, all of the same number, so that code files stay right.
    private static func addAssets(_ db: Database) throws {
        try db.execute(sql: "DROP TRIGGER IF EXISTS item_deleted")
        for name in [
            "attributes_by_item", "vectors_by_taken", "vectors_by_latitude", "vectors_by_facts", "items_by_added",
            "items_by_vector", "items_by_id",
        ] { try db.execute(sql: "DROP INDEX IF EXISTS \(name)") }
        try db.execute(
            sql: """
                ALTER TABLE items RENAME TO old_items;
                \(Schema.tables)
                \(Schema.embeddings(of: 1))
                INSERT INTO spaces
                    (id, name, model, fingerprint, model_path, dimension, preprocessing, applies_orientation, decode, created)
                    VALUES (
                        1, \(value("model")), \(value("model")), \(value("fingerprint")),
                        (SELECT value FROM meta WHERE key = 'model_path'), CAST(\(value("dimension")) AS INTEGER),
                        \(value("preprocessing")), \(value("applies_orientation", "1")) <> '0', \(value("decode", "exact")),
                        CAST(\(value("created", "0")) AS REAL));
                INSERT INTO assets
                    (id, content, kind, width, height, type, taken, camera, latitude, longitude)
                    SELECT id, content, 'image', width, height, type, taken, camera, latitude, longitude
                    FROM vectors ORDER BY id;
                INSERT INTO parts (id, asset, kind) SELECT id, id, 0 FROM assets ORDER BY id;
                INSERT INTO embeddings_1 (id, asset, part, vector) SELECT id, id, id, embedding FROM vectors ORDER BY id;
                INSERT INTO items
                    (id, root, path, size, modified, settled, asset, missing_since, added, caption, attributes)
                    SELECT id, 0, path, size, modified, settled, vector, missing_since, added, caption, attributes
                    FROM old_items ORDER BY id;
                """)
        // The numbers that were used stay used.
        let used = try Int64.fetchOne(db, sql: "SELECT seq FROM sqlite_sequence WHERE name = 'vectors'")
        let items = try Int64.fetchOne(db, sql: "SELECT seq FROM sqlite_sequence WHERE name = 'old_items'")
        for (table, last) in [("assets", used), ("parts", used), ("embeddings_1", used), ("items", items)] {
            guard let last else { continue }
            try db.execute(sql: "DELETE FROM sqlite_sequence WHERE name = ?", arguments: [table])
            try db.execute(sql: "INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", arguments: [table, last])
        }
        // Overwriting the old embeddings would take as long as copying them. `compact` drops what is left of them.
        let overwrites = try Int.fetchOne(db, sql: "PRAGMA secure_delete") ?? 0
        try db.execute(sql: "DROP TABLE old_items; PRAGMA secure_delete = OFF; DROP TABLE vectors")
        try db.execute(sql: "PRAGMA secure_delete = \(overwrites)")
        try db.execute(
            sql: """
                \(Schema.indices)
                \(Schema.embeddingsIndex(of: 1))
                DELETE FROM meta WHERE key IN
                    ('model', 'fingerprint', 'model_path', 'preprocessing', 'applies_orientation', 'decode');
                INSERT INTO meta (key, value) VALUES ('space', '1');
                """)
    }

    /// An SQL expression for a value of the old `meta` table.
    private static func value(_ key: String, _ absent: String = "") -> String {
        "coalesce((SELECT value FROM meta WHERE key = '\(key)'), '\(absent)')"
    }
}
