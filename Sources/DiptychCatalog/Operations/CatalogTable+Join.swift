internal import DiptychBasics
internal import DiptychDatasets
internal import GRDB
internal import GRDBSQLite

/// Which rows a join keeps.
public enum JoinKind: String, Sendable, CaseIterable {
    /// Those that have a partner.
    case inner
    /// All of the first table: without a partner, the second table's columns are null.
    case left
}

/// How many rows found a partner.
public struct JoinSummary: Sendable, Equatable {
    /// The rows of the result.
    public let count: Int
    /// The rows of the first table without a partner.
    public let unmatchedLeft: Int
    /// The rows of the second table without a partner.
    public let unmatchedRight: Int
    /// The columns of the second table that are called otherwise in the result, because the first has such a name.
    public let renamed: [(from: String, to: String)]
    /// Why nothing matched, as far as the values' kinds say it.
    public let hint: String?

    /// Compares all facts.
    public static func == (a: JoinSummary, b: JoinSummary) -> Bool {
        (a.count, a.unmatchedLeft, a.unmatchedRight, a.hint) == (b.count, b.unmatchedLeft, b.unmatchedRight, b.hint)
            && a.renamed.elementsEqual(b.renamed, by: ==)
    }
}

extension CatalogTable {
    /// Each row beside the rows of another table for which a condition holds, in this table's order.
    ///
    ///     try cartoons.join(answers, on: "name(file.path) = filename")
    ///
    /// - Parameters:
    ///   - condition: `EXPRESSION = EXPRESSION`, the first of this table, the second of the other, or the other way
    ///     round; several with `AND` between them.
    ///   - summarize: is told how many rows found a partner.
    /// - Throws: ``CatalogError`` with the place of what is wrong.
    public func join(
        _ other: CatalogTable, on condition: String, kind: JoinKind = .inner,
        summarize: (JoinSummary) -> Void = { _ in }
    ) throws -> CatalogTable {
        let keys = try JoinKeys(condition)
        let same = keys.sameNames
        let renamed = names(of: other, besides: same)
        var facts = JoinFacts()
        let file = try TableQuery.write(
            in: catalog,
            from: [QuerySource(name: "left table", file: file), QuerySource(name: "right table", file: other.file)],
            names: columns.map(\.name) + renamed.map(\.to)
        ) { db in
            let sides = try keys.arranged(self, other, in: db)
            facts = try JoinFacts(db, self, other, sides, keys.count)
            let match = (0..<keys.count).map { "k.k\($0) = l.k\($0)" }.joined(separator: " AND ")
            let right = renamed.map { "r.\(SQLToken.quoted($0.from))" }.joined(separator: ", ")
            return SQLText(
                made: """
                    SELECT \(self.quotedColumns("t"))\(right.isEmpty ? "" : ", " + right)
                    FROM temp.left_keys AS l CROSS JOIN \(TableQuery.schema(0)).rows AS t ON t.\(self.file.number) = l.row
                    \(kind == .left ? "LEFT JOIN" : "CROSS JOIN") temp.right_keys AS k ON \(match)
                    LEFT JOIN \(TableQuery.schema(1)).rows AS r ON r.\(other.file.number) = k.row
                    ORDER BY l.row, k.row
                    """)
        }
        summarize(
            JoinSummary(
                count: file.count, unmatchedLeft: facts.unmatchedLeft, unmatchedRight: facts.unmatchedRight,
                renamed: renamed.filter { $0.from != $0.to }, hint: file.count == 0 ? facts.hint : nil))
        let parameters: [JSONValue.Member] = [
            .init("on", .string(condition)), .init("kind", .string(kind.rawValue)),
            .init("with", .string(other.title)),
        ]
        return try derived(file, origin.adding("join", parameters, others: [other.origin]))
    }

    /// What the other table's columns are called in a join; those that are equal by the condition stand there once.
    private func names(of other: CatalogTable, besides same: Set<String>) -> [(from: String, to: String)] {
        var known = Set(columns.map { $0.name.lowercased() })
        return other.columns.compactMap { column in
            if same.contains(column.name.lowercased()), known.contains(column.name.lowercased()) { return nil }
            var (name, number) = (column.name, 2)
            if known.contains(name.lowercased()) { name = "right_" + name }
            while known.contains(name.lowercased()) { (name, number) = ("right_\(column.name)_\(number)", number + 1) }
            known.insert(name.lowercased())
            return (column.name, name)
        }
    }
}

/// The expressions that a join compares.
private struct JoinKeys {
    let pairs: [(first: String, second: String)]
    private let condition: String

    var count: Int { pairs.count }

    init(_ condition: String) throws(CatalogError) {
        self.condition = condition
        var pairs: [(String, String)] = []
        for part in Self.divided(SQLToken.tokens(of: condition), at: { $0.isWord("and") }) {
            let sides = Self.divided(part, at: { $0.text == "=" }).map { side in
                let words = side.drop { $0.kind == .space }
                let last = words.lastIndex { $0.kind != .space } ?? words.startIndex
                return words.isEmpty ? "" : words[...last].map(\.text).joined()
            }
            // `==` leaves nothing between its signs.
            let filled = sides.filter { !$0.isEmpty }
            guard filled.count == 2, sides.count <= 3 else {
                throw CatalogError(
                    .query, "'\(condition)': a join compares by EXPRESSION = EXPRESSION, several with AND between them")
            }
            pairs.append((filled[0], filled[1]))
        }
        guard !pairs.isEmpty else { throw CatalogError(.query, "a join needs a condition, such as name = filename") }
        self.pairs = pairs
    }

    /// Cuts at tokens outside parentheses.
    private static func divided(_ tokens: some Collection<SQLToken>, at isCut: (SQLToken) -> Bool) -> [[SQLToken]] {
        var (parts, depth): ([[SQLToken]], Int) = ([[]], 0)
        for token in tokens {
            if token.text == "(" { depth += 1 }
            if token.text == ")" { depth -= 1 }
            if depth == 0, isCut(token) { parts.append([]) } else { parts[parts.count - 1].append(token) }
        }
        return parts
    }

    /// The columns that both sides name by the same word.
    var sameNames: Set<String> {
        Set(
            pairs.compactMap { pair in
                let (a, b) = (Self.column(pair.first), Self.column(pair.second))
                return a == b ? a : nil
            })
    }

    private static func column(_ expression: String) -> String? {
        let tokens = SQLToken.tokens(of: expression).filter { $0.kind != .space }
        guard tokens.count == 1, tokens[0].kind == .word || tokens[0].kind == .quotedName else { return nil }
        return tokens[0].name.lowercased()
    }

    /// Computes the keys of both tables into `temp.left_keys` and `temp.right_keys`.
    func arranged(_ left: CatalogTable, _ right: CatalogTable, in db: Database) throws -> (
        left: [String], right: [String]
    ) {
        var sides: (left: [String], right: [String]) = ([], [])
        for (first, second) in pairs {
            do {
                try Self.check(first, left, 0, in: db)
                try Self.check(second, right, 1, in: db)
                sides.left.append(try Self.expression(first, left).sql)
                sides.right.append(try Self.expression(second, right).sql)
            } catch let error as CatalogError {
                // The sides may stand the other way round.
                do {
                    try Self.check(second, left, 0, in: db)
                    try Self.check(first, right, 1, in: db)
                } catch is CatalogError { throw error }
                sides.left.append(try Self.expression(second, left).sql)
                sides.right.append(try Self.expression(first, right).sql)
            }
        }
        try fill("left_keys", left, 0, sides.left, in: db)
        try fill("right_keys", right, 1, sides.right, in: db)
        let keys = (0..<count).map { "k\($0)" }.joined(separator: ", ")
        // The row stands in the index too: partners come in their order.
        try db.execute(sql: "CREATE INDEX temp.right_index ON right_keys (\(keys), row)")
        return sides
    }

    private static func expression(_ text: String, _ table: CatalogTable) throws -> SQLText {
        try SQLText(text, columns: table.columns.map(\.name)) { _, _ in nil }
    }

    private static func check(_ text: String, _ table: CatalogTable, _ index: Int, in db: Database) throws {
        // As a condition, an aggregate is refused.
        let sql = try expression(text, table).inside(
            "SELECT 1 FROM \(TableQuery.schema(index)).rows AS \(SQLToken.quoted(table.alias)) WHERE (", ") IS NOT NULL"
        )
        do { sqlite3_finalize(try TableQuery.prepared(sql, in: db)) } catch let error as CatalogError {
            throw CatalogError(
                error.kind, "'\(text)' of \(table.title): \(error.description)")
        }
    }

    private func fill(_ name: String, _ table: CatalogTable, _ index: Int, _ keys: [String], in db: Database) throws {
        let columns = (0..<count).map { "k\($0)" }.joined(separator: ", ")
        try db.execute(sql: "CREATE TEMP TABLE \(name) (row INTEGER PRIMARY KEY, \(columns))")
        let alias = SQLToken.quoted(table.alias)
        let list = keys.map { "(\($0)\n)" }.joined(separator: ", ")
        try db.execute(
            sql: """
                INSERT INTO temp.\(name) SELECT \(alias).\(table.file.number), \(list)
                FROM \(TableQuery.schema(index)).rows AS \(alias)
                """)
    }
}

/// What a join's keys say about rows without partners.
private struct JoinFacts {
    var unmatchedLeft = 0
    var unmatchedRight = 0
    var hint: String?

    init() {}

    init(
        _ db: Database, _ left: CatalogTable, _ right: CatalogTable, _ sides: (left: [String], right: [String]),
        _ count: Int
    ) throws {
        let keys = (0..<count).map { "k\($0)" }
        let match = keys.map { "b.\($0) = a.\($0)" }.joined(separator: " AND ")
        unmatchedLeft =
            try Int.fetchOne(
                db,
                sql:
                    "SELECT count(*) FROM left_keys AS a WHERE NOT EXISTS (SELECT 1 FROM right_keys AS b WHERE \(match))"
            )
            ?? 0
        // Without a second index: the right rows that were met.
        let met =
            try Int.fetchOne(
                db,
                sql: """
                    SELECT count(*) FROM right_keys WHERE row IN (
                        SELECT b.row FROM (SELECT DISTINCT \(keys.joined(separator: ", ")) FROM left_keys) AS a
                        CROSS JOIN right_keys AS b ON \(match))
                    """) ?? 0
        unmatchedRight = right.count - met
        guard unmatchedLeft == left.count, left.count > 0, right.count > 0 else { return }
        for index in 0..<count {
            func kinds(_ table: String) throws -> [String] {
                try String.fetchAll(
                    db,
                    sql:
                        "SELECT DISTINCT typeof(k\(index)) AS kind FROM \(table) WHERE k\(index) IS NOT NULL ORDER BY kind"
                )
            }
            let (a, b) = (try kinds("left_keys"), try kinds("right_keys"))
            if Set(a).isDisjoint(with: b) {
                let names = ["real": "numbers", "integer": "numbers", "text": "texts", "blob": "bytes"]
                func words(_ kinds: [String]) -> String {
                    Set(kinds.compactMap { names[$0] }).sorted().joined(separator: " and ")
                }
                hint =
                    a.isEmpty || b.isEmpty
                    ? "\(a.isEmpty ? sides.left[index] : sides.right[index]) is null in every row"
                    : "\(sides.left[index]) gives \(words(a)), and \(sides.right[index]) gives \(words(b)): compare with CAST(… AS TEXT)"
            }
        }
    }
}
