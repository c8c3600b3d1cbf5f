internal import GRDB

/// The tables of a store. SQLite is the source of truth; whatever else may lie beside it can be rebuilt.
///
/// Documentation/store.md says what holds between them, and what asserts it.
enum Schema {
    /// The version of the tables; a newer one is refused, an older one is brought up to date by ``Migration``.
    static let version = 5
    /// The oldest version that is read as it is, where it cannot be written: it lacks `annotations.details` alone.
    static let oldestReadable = 4

    /// Whether annotations have details.
    static func hasDetails(_ db: Database) throws -> Bool {
        try db.columns(in: "annotations").contains { $0.name == "details" }
    }

    static let statements = """
        CREATE TABLE meta (key TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL) WITHOUT ROWID;
        \(tables)
        CREATE TABLE attributes (
            name TEXT NOT NULL,
            value NOT NULL,
            item INTEGER NOT NULL,
            PRIMARY KEY (name, value, item)
        ) WITHOUT ROWID;
        -- What was measured about the store; it can be measured again.
        CREATE TABLE notes (key TEXT PRIMARY KEY NOT NULL, value BLOB NOT NULL) WITHOUT ROWID;
        -- Words as CaptionWords gives them, parted by spaces: the tokenizer has nothing left to decide.
        CREATE VIRTUAL TABLE captions USING fts5(words, tokenize = 'ascii');
        \(indices)
        """

    /// The tables of version 5. Ids are never reused, so a stale reference finds nothing.
    static let tables = """
        CREATE TABLE roots (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            name TEXT NOT NULL UNIQUE,
            path TEXT NOT NULL UNIQUE,             -- absolute, with a slash at the end
            beside TEXT                            -- the same from the store's directory, where they can move together
        );
        -- The root of what has none: its items' paths are whole.
        INSERT INTO roots (id, name, path) VALUES (0, '', '');

        -- A distinct content: copies of a file share it, and a moved file finds it again.
        CREATE TABLE assets (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            content BLOB NOT NULL,                 -- SHA-256 of its bytes
            kind TEXT NOT NULL,                    -- image, video or text
            width INTEGER NOT NULL,
            height INTEGER NOT NULL,
            duration REAL,                         -- seconds
            type TEXT,                             -- jpeg, png, …
            taken REAL,                            -- seconds since 1970 by the camera's clock
            camera TEXT,
            latitude REAL,                         -- degrees north
            longitude REAL                         -- degrees east
        );

        -- A place where an asset lies.
        CREATE TABLE items (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            root INTEGER NOT NULL REFERENCES roots(id),
            path TEXT NOT NULL,                    -- from the root's
            size INTEGER NOT NULL,
            modified INTEGER NOT NULL,             -- nanoseconds since 1970
            settled INTEGER NOT NULL,              -- 1 if it was modified well before it was read, see FileState
            asset INTEGER NOT NULL REFERENCES assets(id),
            missing_since REAL,                    -- seconds since 1970; NULL while the file is there
            added REAL NOT NULL DEFAULT 0,         -- seconds since 1970
            caption TEXT,
            attributes TEXT                        -- a JSON object; NULL where nothing was said
        );

        -- What can be embedded and annotated. The part that is the whole asset has the asset's id.
        CREATE TABLE parts (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            asset INTEGER NOT NULL REFERENCES assets(id) ON DELETE CASCADE,
            kind INTEGER NOT NULL,                 -- 0 whole, 1 box, 2 span; a span of width 1 is a moment's mean, of 2 its best frame
            x REAL NOT NULL DEFAULT 0,             -- pixels of the upright image, as the next three; a moment's best second
            y REAL NOT NULL DEFAULT 0,
            width REAL NOT NULL DEFAULT 0,
            height REAL NOT NULL DEFAULT 0,
            start REAL NOT NULL DEFAULT 0,         -- seconds, as the next one
            stop REAL NOT NULL DEFAULT 0
        );

        -- A model's space of embeddings; its vectors are in the table embeddings_ID, so that dropping it is quick.
        CREATE TABLE spaces (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            name TEXT NOT NULL UNIQUE,
            model TEXT NOT NULL,
            fingerprint TEXT NOT NULL,
            model_path TEXT,
            dimension INTEGER NOT NULL,
            preprocessing TEXT NOT NULL,           -- JSON
            applies_orientation INTEGER NOT NULL,
            decode TEXT NOT NULL,
            created REAL NOT NULL,                 -- seconds since 1970
            aligned INTEGER NOT NULL DEFAULT 1     -- 1 while each embedding has the id of its asset: wholes only
        );

        -- Only ever added to: a change is a new revision, and so is taking one back.
        CREATE TABLE annotations (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            part INTEGER NOT NULL REFERENCES parts(id) ON DELETE CASCADE,
            task TEXT NOT NULL,
            revision INTEGER NOT NULL,             -- from 1, for each part and task
            value TEXT,                            -- JSON; NULL takes back what was said
            author TEXT NOT NULL,
            time REAL NOT NULL,                    -- seconds since 1970
            how TEXT NOT NULL,                     -- typed, accepted, changed, imported or undone
            probability REAL,                      -- of the suggestion that was accepted or changed
            restores INTEGER,                      -- the revision that one that takes back says once more; 0 for none
            details TEXT                           -- a JSON object: how long it took, what was suggested; NULL for nothing
        );
        CREATE TRIGGER annotation_changed BEFORE UPDATE ON annotations BEGIN
            SELECT RAISE(ABORT, 'annotations are only added');
        END;
        """

    /// The table of a space's vectors.
    static func embeddings(of space: Int64) -> String {
        """
        CREATE TABLE embeddings_\(space) (
            id INTEGER PRIMARY KEY AUTOINCREMENT,  -- ascending: what lies beside the database refers to it
            asset INTEGER NOT NULL,                -- that of the part
            part INTEGER NOT NULL,
            vector BLOB NOT NULL                   -- float32 little-endian, length 1
        );
        """
    }

    /// What finds a space's vectors, and removes them with their parts.
    static func embeddingsIndex(of space: Int64) -> String {
        """
        CREATE UNIQUE INDEX embeddings_\(space)_by_part ON embeddings_\(space)(asset, part);
        CREATE TRIGGER embeddings_\(space)_removed AFTER DELETE ON parts BEGIN
            DELETE FROM embeddings_\(space) WHERE asset = old.asset AND part = old.id;
        END;
        """
    }

    /// What a filter asks of all items is read from these, some thirty bytes each, rather than from the rows, which hold paths and
    /// texts. Attributes follow their item when it is deleted; words are deleted by what deletes items, for a trigger may not
    /// touch a virtual table where the schema is not trusted. Item numbers are never used again, so words that were left would
    /// find nothing.
    static let indices = """
        CREATE UNIQUE INDEX assets_by_content ON assets(content);
        CREATE INDEX assets_by_facts ON assets(width, height, type, taken, camera, latitude, longitude, kind);
        CREATE INDEX assets_by_taken ON assets(taken) WHERE taken IS NOT NULL;
        CREATE INDEX assets_by_latitude ON assets(latitude) WHERE latitude IS NOT NULL;
        CREATE UNIQUE INDEX items_by_path ON items(root, path);
        CREATE INDEX items_by_asset ON items(asset, missing_since, size, modified, added);
        CREATE INDEX items_by_id ON items(id, asset, missing_since);
        CREATE INDEX items_by_added ON items(added);
        CREATE UNIQUE INDEX parts_by_asset ON parts(asset, kind, x, y, width, height, start, stop);
        CREATE UNIQUE INDEX annotations_by_part ON annotations(part, task, revision);
        CREATE INDEX attributes_by_item ON attributes(item);
        CREATE TRIGGER item_deleted AFTER DELETE ON items BEGIN
            DELETE FROM attributes WHERE item = old.id;
        END;
        """

    static func value(_ key: String, in db: Database) throws -> String? {
        try String.fetchOne(db, sql: "SELECT value FROM meta WHERE key = ?", arguments: [key])
    }

    static func set(_ key: String, _ value: String, in db: Database) throws {
        try db.execute(sql: "INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", arguments: [key, value])
    }

    static func exists(in db: Database) throws -> Bool { try db.tableExists("meta") }

    /// Whether the database holds nothing at all, so that a store may be made in it.
    static func isEmpty(_ db: Database) throws -> Bool {
        try Bool.fetchOne(db, sql: "SELECT NOT EXISTS (SELECT 1 FROM sqlite_master)") ?? true
    }
}
