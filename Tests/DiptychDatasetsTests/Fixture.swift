import DiptychDatasets
import Foundation
import Testing

/// The committed files, which other programs wrote.
enum Fixture {
    static func path(_ name: String) throws -> String {
        try #require(Bundle.module.resourceURL).appendingPathComponent("Fixtures/\(name)").path
    }

    static func bytes(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: try path(name))))
    }
}

extension Result {
    /// The failure, if it is one.
    var failure: Failure? { if case .failure(let error) = self { error } else { nil } }
}

extension Sequence where Element == Result<DatasetRow, DatasetError> {
    /// The rows that are none of the failures.
    var rows: [DatasetRow] { compactMap { try? $0.get() } }
    var failures: [DatasetError] { compactMap(\.failure) }
}

extension DatasetRow {
    /// The same with a part of a file replaced by its bytes.
    var loaded: DatasetRow {
        get throws {
            guard case .part(let part) = image else { return self }
            return DatasetRow(
                locator: locator, image: .bytes(try part.read()), caption: caption, attributes: attributes)
        }
    }
}

extension JSONValue {
    /// The value that `text` is JSON of.
    static func of(_ text: String) throws -> JSONValue { try JSONValue(parsing: text.utf8, name: "test") }
}
