internal import Foundation
internal import GRDB

extension EmbeddedStore {
    /// The most problems that ``verify()`` lists.
    private static let listedProblems = 20

    /// Checks the database's structure, every item and every embedding.
    ///
    /// - Returns: what is wrong, a line each, the first twenty; empty when all is well.
    /// - Throws: ``StoreError`` when the database cannot be read at all.
    public func verify() async throws -> [String] {
        let (space, path) = (space, directory.path)
        let problems = try await read { db in
            var problems: [String] = []
            do {
                problems += try String.fetchAll(db, sql: "PRAGMA integrity_check(\(Self.listedProblems))")
                    .filter { $0 != "ok" }.flatMap { $0.split(separator: "\n").map { "database: \($0)" } }
                problems += try SchemaObject.missing(in: db).map { "the \($0.kind) \($0.name) is missing" }
                problems += try Self.wrongKinds(db)
                problems += try Self.danglingRows(db, self.roots(db))
                problems += try Self.itemsWithoutEmbeddings(db, space, self.roots(db))
                for space in try StoreSpace.all(db) {
                    problems += try Self.damagedEmbeddings(db, space, limit: Self.listedProblems)
                        .map {
                            "embedding \($0.id)\(space == self.space ? "" : " of the space '\(space.name)'") \($0.what)"
                        }
                }
                problems += try Self.damagedContents(db)
                problems += try ItemLookups.unreadable(db, limit: Self.listedProblems).map {
                    "item \($0) has a caption or attributes that cannot be read; index its file again, or remove it"
                }
                problems += try ItemLookups.outdated(db, limit: Self.listedProblems)
                    .map { "item \($0.item): filters look up something else than it says" }
            } catch {
                // What was found before says more than that the damage stops the search for more.
                let reason = (StoreError.explaining(error, path: path) as? StoreError)?.reason ?? "\(error)"
                problems.append("reading stopped: \(reason)")
            }
            return problems
        }
        // Codes of what is damaged would only say the same again.
        return Array((problems.isEmpty ? try codeProblems() : problems).prefix(Self.listedProblems))
    }

    /// Values of kinds that their columns do not allow, which SQLite nevertheless stores, and numbers that stand for nothing.
    private static func wrongKinds(_ db: Database) throws -> [String] {
        let allowed = ["INTEGER": "'integer'", "REAL": "'real', 'integer'", "TEXT": "'text'", "BLOB": "'blob'"]
        var problems: [String] = []
        for table in ["roots", "items", "assets", "parts", "spaces", "annotations"] where try db.tableExists(table) {
            for column in try db.columns(in: table) {
                guard let kinds = allowed[column.type] else { continue }
                let condition = "typeof(\(column.name)) NOT IN (\(kinds)\(column.isNotNull ? "" : ", 'null'"))"
                problems += try Int64.fetchAll(
                    db, sql: "SELECT rowid FROM \(table) WHERE \(condition) LIMIT \(listedProblems)"
                ).map { "\(table) \($0): its \(column.name) is not of the kind \(column.type)" }
            }
        }
        problems += try Int64.fetchAll(
            db,
            sql:
                "SELECT id FROM parts WHERE kind NOT IN (0, 1, 2) OR (id = asset) <> (kind = 0) LIMIT \(listedProblems)"
        ).map { "part \($0) is of a kind that it cannot be of" }
        problems += try String.fetchAll(
            db, sql: "SELECT name FROM spaces WHERE preprocessing <> '' AND NOT json_valid(preprocessing)"
        ).map { "the space '\($0)' does not say how its images are prepared; `diptych store drop-space` removes it" }
        return problems
    }

    /// Rows that refer to what is not there.
    private static func danglingRows(_ db: Database, _ roots: StoreRoots) throws -> [String] {
        func ids(_ sql: String) throws -> [Int64] {
            try Row.fetchAll(db, sql: sql + " LIMIT \(listedProblems)").map { try $0.decode(atIndex: 0) }
        }
        func items(_ condition: String, _ advice: String) throws -> [String] {
            try Row.fetchAll(
                db, sql: "SELECT items.id, \(pathColumns) FROM items WHERE \(condition) LIMIT \(listedProblems)"
            ).map { "item \(try $0.decode(Int64.self, atIndex: 0)) (\(shownPath($0, roots))) \(advice)" }
        }
        var problems = try items(
            "NOT EXISTS (SELECT 1 FROM assets WHERE assets.id = items.asset)", "has no asset; index its file again")
        problems += try items(
            "NOT EXISTS (SELECT 1 FROM roots WHERE roots.id = items.root)",
            "has no root; remove it and index its file again")
        problems += try Row.fetchAll(
            db,
            sql: """
                SELECT min(id), max(id), path FROM roots NOT INDEXED GROUP BY path HAVING count(*) > 1
                LIMIT \(listedProblems)
                """
        ).map {
            "roots \(try $0.decode(Int64.self, atIndex: 0)) and \(try $0.decode(Int64.self, atIndex: 1)) have one path"
        }
        problems += try ids("SELECT id FROM annotations WHERE \(unreadableAnnotation(db))")
            .map {
                "annotation \($0) cannot be read: its value is no JSON, or it came in a way that this version does not know"
            }
        problems += try ids(
            "SELECT id FROM assets WHERE NOT EXISTS (SELECT 1 FROM parts WHERE parts.id = assets.id AND kind = 0)"
        ).map { "asset \($0) has no part for its whole" }
        problems += try ids(
            "SELECT id FROM parts WHERE NOT EXISTS (SELECT 1 FROM assets WHERE assets.id = parts.asset)"
        ).map { "part \($0) has no asset" }
        problems += try ids(
            "SELECT id FROM annotations WHERE NOT EXISTS (SELECT 1 FROM parts WHERE parts.id = annotations.part)"
        ).map { "annotation \($0) has no part" }
        for space in try StoreSpace.all(db) {
            problems += try ids(
                """
                SELECT id FROM \(space.table)
                WHERE NOT EXISTS (SELECT 1 FROM parts WHERE parts.id = part AND parts.asset = \(space.table).asset)
                """
            ).map { "embedding \($0) of the space '\(space.name)' has no part" }
        }
        return problems
    }

    /// The path in columns 1 and 2, which a damaged store may not hold.
    private static func shownPath(_ row: Row, _ roots: StoreRoots) -> String {
        (try? path(row, from: 1, roots)) ?? "without a path"
    }

    /// Items that searches cannot find.
    private static func itemsWithoutEmbeddings(
        _ db: Database, _ space: StoreSpace, _ roots: StoreRoots
    ) throws -> [String] {
        let others = try StoreSpace.all(db).count > 1
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT items.id, \(pathColumns), (SELECT kind FROM assets WHERE assets.id = items.asset) FROM items
                WHERE EXISTS (SELECT 1 FROM assets WHERE assets.id = items.asset)
                    AND NOT EXISTS (SELECT 1 FROM \(space.table) WHERE asset = items.asset AND part = items.asset)
                LIMIT \(listedProblems)
                """)
        return try rows.map { row in
            let id: Int64 = try row.decode(atIndex: 0)
            // A text's file is found by its path without the number of the line.
            let isText = try row.decode(String?.self, atIndex: 3) == AssetKind.text.rawValue
            let again = isText ? "index its file again with `index --texts`" : "index its file again"
            return "item \(id) (\(shownPath(row, roots))) has no embedding; "
                + (others ? "run `diptych store embed` with the space's model" : again)
        }
    }

    private static func damagedContents(_ db: Database) throws -> [String] {
        try Int64.fetchAll(
            db,
            sql:
                "SELECT id FROM assets WHERE typeof(content) <> 'blob' OR length(content) <> 32 LIMIT \(listedProblems)"
        ).map { "asset \($0) has no content hash" }
    }

    /// An item with values of kinds that its columns do not allow.
    static let unreadableItem = """
        typeof(size) <> 'integer' OR typeof(modified) <> 'integer' OR typeof(settled) <> 'integer'
            OR typeof(missing_since) NOT IN ('null', 'real', 'integer')
        """

    /// An annotation that ``annotations(of:task:)`` could not read.
    private static func unreadableAnnotation(_ db: Database) throws -> String {
        let details = try Schema.hasDetails(db) ? "details" : "NULL"
        return """
            (value IS NOT NULL AND (typeof(value) <> 'text' OR NOT json_valid(value)))
                OR (\(details) IS NOT NULL AND (typeof(\(details)) <> 'text' OR NOT json_valid(\(details))))
                OR how NOT IN ('typed', 'accepted', 'changed', 'imported', 'undone') OR task = ''
            """
    }

    /// The embeddings of a space that are not vectors of its dimension and of length 1, at most `limit`.
    static func damagedEmbeddings(
        _ db: Database, _ space: StoreSpace, limit: Int? = nil
    ) throws -> [(id: Int64, what: String)] {
        var problems: [(id: Int64, what: String)] = []
        let dimension = space.identity.dimension
        let rows = try Row.fetchCursor(db, sql: "SELECT id, vector FROM \(space.table)")
        while problems.count < limit ?? .max, let row = try rows.next() {
            let id: Int64 = try row.decode(atIndex: 0)
            let values = floats(of: (try? row.decode(atIndex: 1)) ?? Data())
            let length = values.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
            if values.count != dimension {
                problems.append((id, "has \(values.count) numbers instead of \(dimension)"))
            } else if !(abs(length - 1) < 1e-3) {
                problems.append((id, "has length \(length) instead of 1"))
            }
        }
        return problems
    }

    /// The numbers of an embedding as it is stored.
    static func floats(of data: Data) -> [Float] {
        data.withUnsafeBytes { bytes in
            (0..<bytes.count / 4).map {
                Float(bitPattern: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self)))
            }
        }
    }
}
