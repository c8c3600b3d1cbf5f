internal import DiptychBasics
internal import DiptychDatasets

/// Types of columns as JSON, in which a catalog keeps them: `"text"`, `{"list":"float"}`.
enum TypeText {
    private static let scalars: [(name: String, type: DatasetType)] = [
        ("null", .null), ("boolean", .boolean), ("integer", .integer), ("float", .float), ("double", .double),
        ("decimal", .decimal), ("text", .text), ("bytes", .bytes), ("date", .date), ("timestamp", .timestamp),
        ("image", .image), ("vector", .vector), ("any", .any),
    ]

    static func json(_ type: DatasetType) -> JSONValue {
        switch type {
        case .list(let element): .object([.init("list", json(element))])
        case .structure(let members):
            .object([.init("structure", .array(members.map { .array([.string($0.name), json($0.type)]) }))])
        default: .string(scalars.first { $0.type == type }?.name ?? "any")
        }
    }

    /// nil where it says no type.
    static func type(_ json: JSONValue) -> DatasetType? {
        switch json {
        case .string(let name): return scalars.first { $0.name == name }?.type
        case .object(let members):
            guard members.count == 1, let member = members.first else { return nil }
            if member.name == "list" { return type(member.value).map(DatasetType.list) }
            guard member.name == "structure", case .array(let fields) = member.value else { return nil }
            let columns = fields.compactMap { field -> DatasetColumn? in
                guard case .array(let pair) = field, pair.count == 2, let name = pair[0].string,
                    let type = type(pair[1])
                else { return nil }
                return DatasetColumn(name, type)
            }
            return columns.count == fields.count ? .structure(columns) : nil
        default: return nil
        }
    }

    /// Columns as a JSON text.
    static func text(_ columns: [DatasetColumn]) -> String {
        JSONValue.array(columns.map { .array([.string($0.name), json($0.type)]) }).text
    }

    /// nil where a text says no columns.
    static func columns(_ text: String) -> [DatasetColumn]? {
        guard let value = try? JSONParser.parse(text.utf8), case .array(let entries) = value else { return nil }
        guard case .structure(let columns)? = type(.object([.init("structure", .array(entries))])) else { return nil }
        return columns
    }

    /// What a column of SQLite is declared as. `BLOB` stands first, so that SQLite stores each value as it comes.
    static func declaration(_ type: DatasetType) -> String { "BLOB " + json(type).text }

    /// The type that a declaration says; nil for a column that a catalog did not make.
    static func type(declaration: String) -> DatasetType? {
        guard declaration.hasPrefix("BLOB ") else { return nil }
        return (try? JSONParser.parse(declaration.utf8.dropFirst(5))).flatMap { type($0) }
    }
}
