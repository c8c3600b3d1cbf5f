internal import Foundation
internal import GRDB

/// A condition on the rows of `items` joined with `vectors`, with its values beside it.
struct SQLCondition: Sendable {
    var text: String
    var arguments: [DatabaseValue]

    /// Makes a condition.
    init(_ text: String, _ arguments: [DatabaseValue] = []) {
        self.text = text
        self.arguments = arguments
    }

    // The text holds names of columns only, never a value.
    var asksVectors: Bool { text.contains("vectors.") }
    var asksItems: Bool { text.contains("items.") }
    /// Whether it asks an item for nothing but its id.
    var asksIdsOnly: Bool {
        !asksVectors && text.components(separatedBy: "items.id").allSatisfy { !$0.contains("items.") }
    }
}

extension Filter {
    /// The condition for SQLite. Values never become part of its text; the names of columns come from this file only.
    var sql: SQLCondition {
        switch self {
        case .all(let filters): Self.join(filters.map(\.sql), "AND", empty: "1")
        case .any(let filters): Self.join(filters.map(\.sql), "OR", empty: "0")
        case .not(let filter): Self.negation(filter.sql)
        case .compare(let field, let comparison, let value): Self.compare(field, comparison, value)
        case .oneOf(let field, let values): Self.oneOf(field, values)
        case .like(let field, let pattern): Self.like(field, pattern)
        case .under(let folder):
            folder == "/"
                ? SQLCondition("items.path >= '/' AND items.path < '0'")
                // '0' is what follows '/': everything that begins with the folder and a slash lies between.
                : SQLCondition(
                    "(items.path >= ? AND items.path < ?)",
                    [(folder + "/").databaseValue, (folder + "0").databaseValue])
        case .matches(let phrases):
            SQLCondition(
                "items.id IN (SELECT rowid FROM captions WHERE captions MATCH ?)",
                [phrases.map(Self.match).joined(separator: " AND ").databaseValue])
        case .within(let box): Self.within(box)
        case .exists(.attribute(let name)):
            SQLCondition(
                "items.id IN (SELECT item FROM attributes WHERE name = ? OR (name >= ? AND name < ?))",
                [name.databaseValue, (name + ".").databaseValue, (name + "/").databaseValue])
        case .exists(let field): SQLCondition("\(Self.column(field)) IS NOT NULL")
        }
    }

    /// The same as a condition on rows of `items` alone. What `vectors` says is asked for at once and by its indices: joined,
    /// its long rows would be read one after the other.
    var itemsSQL: SQLCondition {
        let condition = sql
        guard condition.asksVectors else { return condition }
        guard condition.asksItems else {
            return SQLCondition(
                "items.vector IN (SELECT id FROM vectors WHERE \(condition.text))", condition.arguments)
        }
        switch self {
        case .all(let filters): return Self.join(Self.grouped(filters) { .all($0) }, "AND", empty: "1")
        case .any(let filters): return Self.join(Self.grouped(filters) { .any($0) }, "OR", empty: "0")
        case .not(let filter): return Self.negation(filter.itemsSQL)
        default: return condition
        }
    }

    /// Those that ask only `vectors` together, each other one by itself.
    private static func grouped(_ filters: [Filter], _ group: ([Filter]) -> Filter) -> [SQLCondition] {
        let conditions = filters.map(\.sql)
        let together = filters.indices.filter { conditions[$0].asksVectors && !conditions[$0].asksItems }
        let alone = Set(filters.indices).subtracting(together).sorted().map { filters[$0].itemsSQL }
        return together.isEmpty ? alone : alone + [group(together.map { filters[$0] }).itemsSQL]
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

    private static func compare(_ field: FilterField, _ comparison: Comparison, _ value: FilterValue) -> SQLCondition {
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
        if field == .id { return idCondition(comparison, value) }
        if field == .folder, comparison == .equal, case .text(let folder) = value { return inFolder(folder) }
        return SQLCondition("\(column(field)) \(comparison.rawValue) ?", [value.databaseValue(for: field)])
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
    private static func inFolder(_ folder: String) -> SQLCondition {
        guard !folder.isEmpty else { return SQLCondition("instr(items.path, '/') = 0") }
        let prefix = folder == "/" ? "/" : folder + "/"
        let end = String(prefix.dropLast()) + "0"
        return SQLCondition(
            "(items.path >= ? AND items.path < ? AND instr(substr(items.path, ?), '/') = 0)",
            [prefix.databaseValue, end.databaseValue, (prefix.unicodeScalars.count + 1).databaseValue])
    }

    private static func oneOf(_ field: FilterField, _ values: [FilterValue]) -> SQLCondition {
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
            return SQLCondition("\(column(field)) IN (\(marks))", values.map { $0.databaseValue(for: field) })
        }
    }

    private static func like(_ field: FilterField, _ pattern: String) -> SQLCondition {
        // SQLite's GLOB has character sets in brackets, which this language has not.
        let glob = pattern.unicodeScalars.map { $0 == "[" ? "[[]" : String($0) }.joined().databaseValue
        guard case .attribute(let name) = field else { return SQLCondition("\(column(field)) GLOB ?", [glob]) }
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
            "(vectors.latitude BETWEEN ? AND ? AND "
                + (box.west <= box.east
                    ? "vectors.longitude BETWEEN ? AND ?)" : "(vectors.longitude >= ? OR vectors.longitude <= ?))"),
            [box.south, box.north, box.west, box.east].map(\.databaseValue))
    }

    static func column(_ field: FilterField) -> String {
        switch field {
        case .id: "CAST(items.id AS TEXT)"
        case .path: "items.path"
        // Everything up to the last slash; without that slash, unless it is all there is.
        case .folder:
            "CASE WHEN instr(items.path, '/') = 0 THEN '' ELSE coalesce(nullif(substr(items.path, 1, "
                + "length(rtrim(items.path, replace(items.path, '/', ''))) - 1), ''), '/') END"
        case .name: "replace(items.path, rtrim(items.path, replace(items.path, '/', '')), '')"
        case .type: "vectors.type"
        case .bytes: "items.size"
        case .width: "vectors.width"
        case .height: "vectors.height"
        case .modified: "items.modified"
        case .taken: "vectors.taken"
        case .added: "items.added"
        case .camera: "vectors.camera"
        case .latitude: "vectors.latitude"
        case .longitude: "vectors.longitude"
        case .caption: "items.caption"
        case .attribute: "NULL"
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
