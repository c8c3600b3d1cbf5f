internal import DiptychBasics
internal import DiptychDatasets
internal import GRDB

extension CatalogTable {
    /// The rows for which a condition of SQL is true, in their order.
    ///
    ///     try pairs.filter("length(text) > 3 AND extension(file.path) = 'jpg'")
    ///
    /// - Throws: ``CatalogError`` with the place of what is wrong.
    public func filter(_ condition: String) throws -> CatalogTable {
        let text = try SQLText(condition, columns: columns.map(\.name)) { _, _ in nil }
        let file = try select { _ in
            text.inside("SELECT * FROM \(self.source) WHERE (", ") ORDER BY \(self.order)")
        }
        return try derived(file, origin.adding("filter", [.init("where", .string(condition))]))
    }

    /// `count` rows that follow from `seed`, in their order; all of them where there are fewer.
    ///
    /// - Throws: ``CatalogError``.
    public func sample(_ count: Int, seed: UInt64 = 0) throws -> CatalogTable {
        guard count >= 0 else { throw CatalogError(.invalid, "a sample has 0 rows or more, not \(count)") }
        let chosen = DatasetOrder.shuffled(count: self.count, seed: seed).prefix(count).sorted()
        return try derived(
            picked(chosen),
            origin.adding("sample", [.init("count", .int(Int64(count))), .init("seed", .string(String(seed)))]))
    }

    /// All rows in an order that follows from `seed`.
    ///
    /// - Throws: ``CatalogError``.
    public func shuffled(seed: UInt64 = 0) throws -> CatalogTable {
        try derived(
            picked(DatasetOrder.shuffled(count: count, seed: seed)),
            origin.adding("shuffle", [.init("seed", .string(String(seed)))]))
    }

    /// The first row of each value of some columns, or of all.
    ///
    /// - Throws: ``CatalogError`` for an unknown column.
    public func distinct(on names: [String] = []) throws -> CatalogTable {
        let keys = try (names.isEmpty ? columns.map(\.name) : names.map { columns[try column($0)].name })
        let list = keys.map { SQLToken.quoted($0) }.joined(separator: ", ")
        let file = try select { _ in
            SQLText(
                made: """
                    SELECT * FROM \(self.source) WHERE \(self.order) IN (
                        SELECT min(\(self.order)) FROM \(self.source) GROUP BY \(list))
                    ORDER BY \(self.order)
                    """)
        }
        return try derived(file, origin.adding("distinct", [.init("on", .array(keys.map(JSONValue.string)))]))
    }

    /// A row for each value of some columns, in the order of their first rows, with what SQL computes over the rows of each.
    ///
    ///     try pairs.group(by: ["label"], computing: ["count(*) AS count", "avg(score) AS mean"])
    ///
    /// - Parameters:
    ///   - columns: the columns, or expressions of SQL.
    ///   - aggregates: expressions of SQL, each with `AS NAME`; without any, the number of rows as `count`.
    /// - Throws: ``CatalogError`` with the place of what is wrong.
    public func group(by columns: [String], computing aggregates: [String] = ["count(*) AS count"]) throws
        -> CatalogTable
    {
        guard !columns.isEmpty else { throw CatalogError(.invalid, "a group has one column at least") }
        let known = self.columns.map(\.name)
        // A column's name may need quotation marks that nobody wrote.
        let keys = columns.map { name in known.contains(name) ? SQLToken.quoted(name) : name }
        let list = keys.joined(separator: ", ")
        let text = try SQLText(
            (keys + aggregates).joined(separator: ", "), columns: known, version: { _, _ in nil })
        let groups = try SQLText(list, columns: known) { _, _ in nil }
        let file = try select { _ in
            text.inside("SELECT ", "FROM \(self.source) GROUP BY \(groups.sql) ORDER BY min(\(self.order))")
        }
        return try derived(
            file,
            origin.adding(
                "group",
                [
                    .init("by", .array(columns.map(JSONValue.string))),
                    .init("compute", .array(aggregates.map(JSONValue.string))),
                ]))
    }

    /// The rows of these numbers, counted from 0, in this order.
    func picked(_ rows: [Int]) throws -> TableFile {
        try select { db in
            try db.execute(sql: "CREATE TEMP TABLE picked (position INTEGER PRIMARY KEY, row INTEGER NOT NULL)")
            let insert = try db.makeStatement(sql: "INSERT INTO temp.picked (row) VALUES (?)")
            for row in rows { try insert.execute(arguments: [row + 1]) }
            return SQLText(
                made: """
                    SELECT \(self.quotedColumns("t")) FROM temp.picked CROSS JOIN \(TableQuery.schema(0)).rows AS t
                    ON t.\(self.file.number) = picked.row ORDER BY picked.position
                    """)
        }
    }

    /// The columns by their names, of a table that a statement calls `alias`.
    func quotedColumns(_ alias: String) -> String {
        columns.map { "\(alias).\(SQLToken.quoted($0.name))" }.joined(separator: ", ")
    }

    /// The table in a statement over its own file.
    var source: String { "\(TableQuery.schema(0)).rows AS \(SQLToken.quoted(alias))" }
    /// What its rows are ordered by.
    var order: String { "\(SQLToken.quoted(alias)).\(file.number)" }

    /// Writes what a statement over this table gives.
    private func select(_ sql: (Database) throws -> SQLText) throws -> TableFile {
        try TableQuery.write(
            in: catalog, from: [QuerySource(name: "this table", file: file)], sql)
    }
}
