public import DiptychBasics
public import DiptychDatasets
public import Foundation
internal import GRDB

/// A version of a dataset: rows that never change, and where they come from.
public struct CatalogVersion: Sendable, Equatable {
    let id: Int64
    /// The dataset and the version's number.
    public let name: DatasetName
    /// The hash of its rows and columns: SHA-256 in hexadecimal digits.
    public let content: String
    /// The number of rows.
    public let count: Int
    /// Its columns.
    public let columns: [DatasetColumn]
    /// When it was made.
    public let created: Date
    /// What was done, in order: objects with `operation` and its parameters.
    public let steps: [JSONValue]
    /// The versions that it was made of, removed ones too.
    public let parents: [DatasetName]
    /// The sources that were read, with what each was like then.
    public let inputs: [CatalogInput]
    /// The fingerprints of the models that were used.
    public let models: [String]
    /// The command that made it, if it was one.
    public let command: String?
    /// The program that made it.
    public let program: String?
    /// Whether it was removed: its rows are gone, or go with the next ``Catalog/collectGarbage()``.
    public let isRemoved: Bool

    static let selection = """
        SELECT versions.*, datasets.name AS dataset_name FROM versions JOIN datasets ON datasets.id = versions.dataset
        """

    init(_ row: Row, _ db: Database) throws {
        // Decoding throws where another program wrote a value of another kind; a subscript would end the process.
        let name = try row.decode(String.self, forColumn: "dataset_name")
        let number = try row.decode(Int.self, forColumn: "number")
        func list(_ column: String) throws -> [JSONValue] {
            let text = try row.decode(String.self, forColumn: column)
            guard case .array(let values)? = try? JSONParser.parse(text.utf8) else {
                throw CatalogError(.damaged, "\(name)@\(number): its \(column) in the catalog cannot be read")
            }
            return values
        }
        guard let columns = TypeText.columns(try row.decode(String.self, forColumn: "columns")) else {
            throw CatalogError(.damaged, "\(name)@\(number): its columns in the catalog cannot be read")
        }
        id = try row.decode(Int64.self, forColumn: "id")
        self.name = DatasetName(checked: name, version: number)
        content = try row.decode(String.self, forColumn: "content")
        count = try row.decode(Int.self, forColumn: "count")
        self.columns = columns
        created = Date(timeIntervalSince1970: try row.decode(Double.self, forColumn: "created"))
        steps = try list("steps")
        inputs = try list("inputs").compactMap(CatalogInput.init)
        models = try list("models").compactMap(\.string)
        command = try row.decode(String?.self, forColumn: "command")
        program = try row.decode(String?.self, forColumn: "program")
        isRemoved = try row.decode(Int.self, forColumn: "removed") != 0
        parents = try Row.fetchAll(
            db,
            sql: """
                SELECT datasets.name, versions.number FROM parents
                JOIN versions ON versions.id = parents.parent JOIN datasets ON datasets.id = versions.dataset
                WHERE parents.version = ? ORDER BY parents.position
                """, arguments: [id]
        ).map { DatasetName(checked: try $0.decode(atIndex: 0), version: try $0.decode(Int.self, atIndex: 1)) }
    }
}

/// A source that a version was made of.
public struct CatalogInput: Sendable, Equatable {
    /// The file or folder, as `root://NAME/PATH`, or a URL.
    public let path: String
    /// What it was like: sizes and times of its files.
    let signature: String
    /// The number of its first row, from 0.
    let first: Int
    /// The number of its rows.
    public let count: Int
    /// The rows that could not be read.
    public let failed: Int

    init(path: String, signature: String, first: Int, count: Int, failed: Int) {
        (self.path, self.signature, self.first, self.count, self.failed) = (path, signature, first, count, failed)
    }

    init?(_ json: JSONValue) {
        func number(_ name: String) -> Int? {
            if case .int(let value)? = json[name], value >= 0 { Int(value) } else { nil }
        }
        guard let path = json["path"]?.string, let signature = json["signature"]?.string, let first = number("first"),
            let count = number("count"), let failed = number("failed")
        else { return nil }
        self.init(path: path, signature: signature, first: first, count: count, failed: failed)
    }

    var json: JSONValue {
        .object([
            .init("path", .string(path)), .init("signature", .string(signature)), .init("first", .int(Int64(first))),
            .init("count", .int(Int64(count))), .init("failed", .int(Int64(failed))),
        ])
    }
}
