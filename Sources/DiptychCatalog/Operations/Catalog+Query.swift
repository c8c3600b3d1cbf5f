internal import DiptychBasics
internal import DiptychDatasets
internal import Foundation
internal import GRDB

extension Catalog {
    /// What a statement of SQL over datasets gives: `SELECT`, `WITH` or `VALUES`.
    ///
    ///     try catalog.query("SELECT label, count(*) AS count FROM pairs WHERE split = 'train' GROUP BY label")
    ///
    /// Datasets are named as they are, older versions as `pairs@2`. Lists are JSON (`scores ->> 0`). Beside SQLite's functions
    /// there are `name`, `stem`, `extension` and `folder` of a path, `hash` of a value and `similarity` of two vectors.
    ///
    /// - Parameter limit: the most rows that are computed and kept; nil for all.
    /// - Throws: ``CatalogError`` in one line, with the place of what is wrong.
    public func query(_ sql: String, limit: Int? = nil) throws -> CatalogTable {
        let tokens = SQLToken.tokens(of: sql)
        var tables: [(name: String, table: CatalogTable)] = []
        func add(_ name: String, _ load: () throws -> CatalogTable) throws {
            guard !tables.contains(where: { $0.name.lowercased() == name.lowercased() }) else { return }
            tables.append((name, try load()))
        }
        let known = Dictionary(
            try datasets().map { ($0.name.name.lowercased(), $0.name.name) }, uniquingKeysWith: { first, _ in first })
        for (at, token) in tokens.enumerated() where token.kind == .word || token.kind == .quotedName {
            if at + 2 < tokens.count, tokens[at + 1].text == "@", let number = Int(tokens[at + 2].text) {
                // The words around it say which dataset is missing.
                let wanted = DatasetName(checked: token.name, version: number)
                try add("\(wanted)") { try table(wanted) }
            } else if let name = known[token.name.lowercased()] {
                try add(name) { try table(DatasetName(checked: name, version: nil)) }
            }
        }
        let columns = tables.flatMap { $0.table.columns.map(\.name) }
        let text = try SQLText(sql, columns: columns) { name, number in
            let wanted = "\(DatasetName(checked: name, version: number))"
            return tables.first { $0.name.lowercased() == wanted.lowercased() }?.name
        }
        let file: TableFile
        do {
            file = try TableQuery.write(
                in: self, from: tables.map { QuerySource(name: $0.name, file: $0.table.file) }, limit: limit
            ) { _ in text }
        } catch let error as CatalogError {
            throw Self.explained(error, columns: columns, datasets: Array(known.values))
        }
        var origin = TableOrigin()
        for table in tables {
            for parent in table.table.origin.parents where !origin.parents.contains(parent) {
                origin.parents.append(parent)
            }
            origin.models += table.table.version?.models.filter { !origin.models.contains($0) } ?? []
        }
        origin.steps = [.object([.init("operation", .string("query")), .init("sql", .string(sql))])]
        return try CatalogTable(catalog: self, file: OwnedFile(file, isTemporary: true), origin: origin)
    }

    /// A failure with the nearest name where one is unknown.
    static func explained(_ error: CatalogError, columns: [String], datasets: [String]) -> CatalogError {
        func nearest(_ mark: String, _ names: [String]) -> String? {
            guard let range = error.description.range(of: mark) else { return nil }
            let wanted = error.description[range.upperBound...].prefix { $0 != ":" && $0 != "\n" }
            let last = wanted.split(separator: ".").last.map(String.init) ?? String(wanted)
            guard let near = Spelling.nearest(to: last, among: names) else {
                return names.isEmpty ? nil : "there are \(Set(names).sorted().prefix(20).joined(separator: ", "))"
            }
            return "did you mean '\(near)'?"
        }
        let hint = nearest("no such column: ", columns) ?? nearest("no such table: ", datasets)
        return hint.map { CatalogError(error.kind, "\(error.description); \($0)") } ?? error
    }
}
