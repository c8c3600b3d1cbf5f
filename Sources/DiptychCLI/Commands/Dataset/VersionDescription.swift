import DiptychCatalog
import DiptychDatasets
import Foundation

extension CatalogVersion {
    /// The version as JSON.
    func json(in catalog: Catalog) -> JSONValue {
        func texts(_ values: [String]) -> JSONValue { .array(values.map(JSONValue.string)) }
        return .object([
            .init("name", .string(name.name)), .init("version", .int(Int64(name.version ?? 0))),
            .init("content", .string(content)), .init("count", .int(Int64(count))),
            .init(
                "columns",
                .array(
                    columns.map { .object([.init("name", .string($0.name)), .init("type", .string("\($0.type)"))]) })),
            .init("created", .string(created.formatted(.iso8601))), .init("removed", .bool(isRemoved)),
            .init("steps", .array(steps)), .init("parents", texts(parents.map { "\($0)" })),
            .init(
                "sources",
                .array(
                    inputs.map {
                        .object([
                            .init("path", .string($0.path)), .init("count", .int(Int64($0.count))),
                            .init("failed", .int(Int64($0.failed))),
                        ])
                    })),
            .init("models", texts(models)), .init("command", command.map(JSONValue.string) ?? .null),
            .init(
                "files",
                .object([
                    .init("sqlite", .string(catalog.file(of: self, .sqlite).path)),
                    .init("parquet", .string(catalog.file(of: self, .parquet).path)),
                ])),
        ])
    }

    /// What was done, in a few words.
    var summary: String {
        steps.compactMap { step in
            guard let operation = step["operation"]?.string else { return nil }
            let words = ["where", "sql", "on", "with", "as", "by", "parts"].compactMap { key -> String? in
                switch step[key] {
                case .string(let text)?: text
                case .array(let values)?: values.compactMap(\.string).joined(separator: ", ")
                default: nil
                }
            }
            return ([operation] + words).joined(separator: " ")
        }.joined(separator: "; ")
    }

    /// What SQL sees of a type that it does not have.
    private static func inSQL(_ type: DatasetType) -> String {
        switch type {
        case .decimal, .date, .timestamp: "  (a text in SQL)"
        case .list, .structure: "  (JSON in SQL)"
        default: ""
        }
    }

    /// The version in lines for people.
    func lines(in catalog: Catalog) -> [(String, String)] {
        var lines = [
            ("version", "\(name)\(isRemoved ? " (removed)" : "")"), ("rows", Columns.grouped(count)),
            ("made", created.formatted(.iso8601)), ("by", summary),
        ]
        if let command { lines.append(("command", command)) }
        lines += parents.map { ("made of", "\($0)") }
        lines += inputs.map {
            ("source", "\($0.path)  \(Columns.counted($0.count, "row"))\($0.failed > 0 ? ", \($0.failed) failed" : "")")
        }
        lines += models.map { ("model", $0) }
        lines.append(("content", content))
        if !isRemoved {
            lines += [
                ("file", catalog.file(of: self, .sqlite).path), ("file", catalog.file(of: self, .parquet).path),
            ]
        }
        return lines + columns.map { ("column", "\($0.name)  \($0.type)\(Self.inSQL($0.type))") }
    }
}
