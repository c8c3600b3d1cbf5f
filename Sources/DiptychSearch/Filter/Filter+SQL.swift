internal import Foundation
internal import GRDB

/// A condition on the rows of `items` joined with `assets`, with its values beside it.
struct SQLCondition: Sendable {
    var text: String
    var arguments: [DatabaseValue]

    /// Makes a condition.
    init(_ text: String, _ arguments: [DatabaseValue] = []) {
        self.text = text
        self.arguments = arguments
    }

    /// An expression with what is to be said about it behind it.
    func followed(by text: String, _ arguments: [DatabaseValue] = []) -> SQLCondition {
        SQLCondition("\(self.text) \(text)", self.arguments + arguments)
    }

    /// A text that holds this expression several times.
    func inserted(into text: (String) -> String) -> SQLCondition {
        let text = text(self.text)
        let count = text.components(separatedBy: self.text).count - 1
        return SQLCondition(text, (0..<count).flatMap { _ in arguments })
    }

    // The text holds names of columns only, never a value.
    var asksAssets: Bool { text.contains("assets.") }
    var asksItems: Bool { text.contains("items.") }
    /// Whether it asks an item for nothing but its id.
    var asksIdsOnly: Bool {
        !asksAssets && text.components(separatedBy: "items.id").allSatisfy { !$0.contains("items.") }
    }
}

extension Filter {
    /// The condition for SQLite. Values never become part of its text; the names of columns come from this file and from
    /// ``StoreRoots`` only.
    func sql(_ roots: StoreRoots) -> SQLCondition {
        switch self {
        case .all(let filters): Self.join(filters.map { $0.sql(roots) }, "AND", empty: "1")
        case .any(let filters): Self.join(filters.map { $0.sql(roots) }, "OR", empty: "0")
        case .not(let filter): Self.negation(filter.sql(roots))
        case .compare(let field, let comparison, let value): Self.compare(field, comparison, value, roots)
        case .oneOf(let field, let values): Self.oneOf(field, values, roots)
        case .like(let field, let pattern): Self.like(field, pattern, roots)
        case .under(let folder): roots.isBelow(folder)
        case .matches(let phrases):
            SQLCondition(
                "items.id IN (SELECT rowid FROM captions WHERE captions MATCH ?)",
                [phrases.map(Self.match).joined(separator: " AND ").databaseValue])
        case .within(let box): Self.within(box)
        case .exists(.attribute(let name)):
            SQLCondition(
                "items.id IN (SELECT item FROM attributes WHERE name = ? OR (name >= ? AND name < ?))",
                [name.databaseValue, (name + ".").databaseValue, (name + "/").databaseValue])
        case .exists(let field): Self.column(field, roots).followed(by: "IS NOT NULL")
        }
    }

    /// The same as a condition on rows of `items` alone. What `assets` says is asked for at once and by its indices: joined,
    /// its rows would be read one after the other.
    func itemsSQL(_ roots: StoreRoots) -> SQLCondition {
        let condition = sql(roots)
        guard condition.asksAssets else { return condition }
        guard condition.asksItems else {
            return SQLCondition(
                "items.asset IN (SELECT id FROM assets WHERE \(condition.text))", condition.arguments)
        }
        switch self {
        case .all(let filters): return Self.join(Self.grouped(filters, roots) { .all($0) }, "AND", empty: "1")
        case .any(let filters): return Self.join(Self.grouped(filters, roots) { .any($0) }, "OR", empty: "0")
        case .not(let filter): return Self.negation(filter.itemsSQL(roots))
        default: return condition
        }
    }

    /// Those that ask only `assets` together, each other one by itself.
    private static func grouped(_ filters: [Filter], _ roots: StoreRoots, _ group: ([Filter]) -> Filter)
        -> [SQLCondition]
    {
        let conditions = filters.map { $0.sql(roots) }
        let together = filters.indices.filter { conditions[$0].asksAssets && !conditions[$0].asksItems }
        let alone = Set(filters.indices).subtracting(together).sorted().map { filters[$0].itemsSQL(roots) }
        return together.isEmpty ? alone : alone + [group(together.map { filters[$0] }).itemsSQL(roots)]
    }

    private static func negation(_ condition: SQLCondition) -> SQLCondition {
        // What is not known makes a comparison NULL, whose negation would be NULL too.
        SQLCondition("NOT coalesce(\(condition.text), 0)", condition.arguments)
    }

    /// Nested in pairs, so that SQLite's limit on the depth of an expression is not reached by many alternatives.
    private static func join(_ conditions: [SQLCondition], _ word: String, empty: String) -> SQLCondition {
        func joined(_ conditions: ArraySlice<SQLCondition>) -> SQLCondition {
            guard conditions.count > 1 else { return conditions.first ?? SQLCondition(empty) }
            let middle = conditions.startIndex + conditions.count / 2
            let (a, b) = (joined(conditions[..<middle]), joined(conditions[middle...]))
            return SQLCondition("(\(a.text) \(word) \(b.text))", a.arguments + b.arguments)
        }
        return joined(conditions[...])
    }

    private static func compare(
        _ field: FilterField, _ comparison: Comparison, _ value: FilterValue, _ roots: StoreRoots
    ) -> SQLCondition {
        if case .attribute(let name) = field {
            let equal = "SELECT item FROM attributes WHERE name = ? AND value"
            switch comparison {
            case .equal: return SQLCondition("items.id IN (\(equal) = ?)", [name.databaseValue, value.databaseValue])
            case .notEqual:
                return SQLCondition(
                    "(items.id IN (SELECT item FROM attributes WHERE name = ?) AND items.id NOT IN (\(equal) = ?))",
                    [name.databaseValue, name.databaseValue, value.databaseValue])
            default:
                // Numbers come before texts in SQLite's order; only values of one kind are compared.
                let types = if case .text = value { "('text')" } else { "('integer', 'real')" }
                return SQLCondition(
                    "items.id IN (\(equal) \(comparison.rawValue) ? AND typeof(value) IN \(types))",
                    [name.databaseValue, value.databaseValue])
            }
        }
        if field == .videoTime { return VideoTimes(comparison, value).itemSQL }
        if field == .id { return idCondition(comparison, value) }
        if comparison == .equal, case .text(let text) = value {
            if field == .folder { return inFolder(text, roots) }
            if field == .path { return roots.isAt(text) }
        }
        return column(field, roots).followed(by: "\(comparison.rawValue) ?", [value.databaseValue(for: field)])
    }

    /// Ids are texts to the outside: they are compared as such.
    private static func idCondition(_ comparison: Comparison, _ value: FilterValue) -> SQLCondition {
        if comparison == .equal, case .text(let text) = value {
            guard let id = Int64(text), String(id) == text else { return SQLCondition("0") }
            return SQLCondition("items.id = ?", [id.databaseValue])
        }
        return SQLCondition("CAST(items.id AS TEXT) \(comparison.rawValue) ?", [value.databaseValue])
    }

    /// Directly in a folder: a range of the paths' index, then no further slash.
    private static func inFolder(_ folder: String, _ roots: StoreRoots) -> SQLCondition {
        folder.isEmpty
            ? SQLCondition("(items.root = 0 AND instr(items.path, '/') = 0)") : roots.isBelow(folder, directly: true)
    }

    private static func oneOf(_ field: FilterField, _ values: [FilterValue], _ roots: StoreRoots) -> SQLCondition {
        let marks = values.map { _ in "?" }.joined(separator: ", ")
        switch field {
        case .attribute(let name):
            return SQLCondition(
                "items.id IN (SELECT item FROM attributes WHERE name = ? AND value IN (\(marks)))",
                [name.databaseValue] + values.map(\.databaseValue))
        case .id:
            let ids = values.compactMap { value -> DatabaseValue? in
                guard case .text(let text) = value, let id = Int64(text), String(id) == text else { return nil }
                return id.databaseValue
            }
            return SQLCondition("items.id IN (\(ids.map { _ in "?" }.joined(separator: ", ")))", ids)
        default:
            return column(field, roots).followed(by: "IN (\(marks))", values.map { $0.databaseValue(for: field) })
        }
    }

    private static func like(_ field: FilterField, _ pattern: String, _ roots: StoreRoots) -> SQLCondition {
        // SQLite's GLOB has character sets in brackets, which this language has not.
        let glob = pattern.unicodeScalars.map { $0 == "[" ? "[[]" : String($0) }.joined().databaseValue
        guard case .attribute(let name) = field else { return column(field, roots).followed(by: "GLOB ?", [glob]) }
        return SQLCondition(
            "items.id IN (SELECT item FROM attributes WHERE name = ? AND typeof(value) = 'text' AND value GLOB ?)",
            [name.databaseValue, glob])
    }

    /// A phrase for FTS5. Words are letters and digits only, so that no quote can end the phrase.
    private static func match(_ phrase: CaptionPhrase) -> String {
        "\"\(phrase.words.joined(separator: " "))\"" + (phrase.isPrefix ? " *" : "")
    }

    private static func within(_ box: GeoBox) -> SQLCondition {
        SQLCondition(
            "(assets.latitude BETWEEN ? AND ? AND "
                + (box.west <= box.east
                    ? "assets.longitude BETWEEN ? AND ?)" : "(assets.longitude >= ? OR assets.longitude <= ?))"),
            [box.south, box.north, box.west, box.east].map(\.databaseValue))
    }

    private static func column(_ field: FilterField, _ roots: StoreRoots) -> SQLCondition {
        switch field {
        case .path: roots.pathSQL
        // Everything up to the last slash; without that slash, unless it is all there is.
        case .folder:
            roots.pathSQL.inserted { path in
                "CASE WHEN instr(\(path), '/') = 0 THEN '' ELSE coalesce(nullif(substr(\(path), 1, "
                    + "length(rtrim(\(path), replace(\(path), '/', ''))) - 1), ''), '/') END"
            }
        default: SQLCondition(column(field))
        }
    }

    /// The column of a field that is one.
    static func column(_ field: FilterField) -> String {
        switch field {
        case .id: "CAST(items.id AS TEXT)"
        case .name: "replace(items.path, rtrim(items.path, replace(items.path, '/', '')), '')"
        case .type: "assets.type"
        case .kind: "assets.kind"
        case .bytes: "items.size"
        case .width: "assets.width"
        case .height: "assets.height"
        case .duration: "assets.duration"
        case .videoTime: "(CASE WHEN assets.kind = 'video' THEN assets.duration END)"
        case .modified: "items.modified"
        case .taken: "assets.taken"
        case .added: "items.added"
        case .camera: "assets.camera"
        case .latitude: "assets.latitude"
        case .longitude: "assets.longitude"
        case .caption: "items.caption"
        case .attribute, .path, .folder: "NULL"
        }
    }
}

extension FilterValue {
    /// As a column holds it; truth is 1.
    var databaseValue: DatabaseValue {
        switch self {
        case .integer(let value): value.databaseValue
        case .number(let value): value.databaseValue
        case .text(let text): text.databaseValue
        case .bool(let value): (value ? 1 : 0).databaseValue
        }
    }

    /// The file's time is stored in nanoseconds.
    fileprivate func databaseValue(for field: FilterField) -> DatabaseValue {
        guard field == .modified else { return databaseValue }
        return (asNumber * 1e9).databaseValue
    }
}
