import DiptychDatasets
import Testing

/// Every type that pyarrow, DuckDB and fastparquet write, against the values that pyarrow reads.
struct ParquetTypesTests {
    private static let leftOut = ["raw", "raws", "embedding"]

    private func expected(_ name: String) throws -> [[JSONValue.Member]] {
        let value = try JSONValue(parsing: Fixture.bytes("parquet-types/\(name).json"), name: name)
        guard case .array(let rows) = value else { return [] }
        return rows.map { if case .object(let members) = $0 { members } else { [] } }
    }

    private func compare(_ file: String, with name: String) throws -> DatasetNotes {
        let notes = DatasetNotes()
        let rows = Array(DatasetRows([try Fixture.path("parquet-types/\(file).parquet")], notes: notes))
        #expect(rows.failures.isEmpty)
        let table = try expected(name)
        #expect(rows.rows.count == table.count)
        for (row, members) in zip(rows.rows, table) {
            var wanted = members
            // An image is no attribute, and neither is a caption; what has no value is none.
            wanted.removeAll { $0.value == .null || $0.name == "image" }
            wanted.removeAll { $0.name == "text" && $0.value != .string("") }
            for member in wanted {
                let value = row.attributes.first { $0.name == member.name }?.value
                #expect(
                    value.map(Self.normal) == Self.normal(member.value), "\(file), \(row.locator), \(member.name)")
            }
            #expect(row.attributes.count == wanted.count, "\(file), \(row.locator)")
        }
        return notes
    }

    /// Floats as 64-bit floats, whether their text has a point or not, and members in one order.
    private static func normal(_ value: JSONValue) -> JSONValue {
        switch value {
        case .int(let number): Int64(exactly: Double(number)) == number ? .double(Double(number)) : value
        case .array(let values): .array(values.map(normal))
        case .object(let members):
            .object(members.map { .init($0.name, normal($0.value)) }.sorted { $0.name < $1.name })
        default: value
        }
    }

    @Test(
        "Every type of pyarrow has its value, and what is left out is named with its type",
        arguments: ["zstd-v1", "zstd-v2", "snappy-v1", "snappy-v2"])
    func pyarrow(_ kind: String) throws {
        let notes = try compare("pyarrow-\(kind)", with: "table")
        for name in Self.leftOut {
            #expect(notes.all.filter { "\($0.place).".hasPrefix("column \(name).") }.count == 1, "\(name)")
        }
        // The column of floats that are not finite, three of them.
        #expect(notes.all.filter { $0.reason.hasPrefix("NaN") }.map(\.count) == [3])
        #expect(notes.all.count == Self.leftOut.count + 1)
    }

    @Test("96-bit times and lists in the old form are read")
    func old() throws {
        #expect(try compare("old", with: "old").all.isEmpty)
    }

    @Test("Files of fastparquet, whose header names BIT_PACKED for levels that are not there, and of DuckDB are read")
    func others() throws {
        #expect(try compare("fastparquet", with: "fastparquet").all.isEmpty)
        #expect(try compare("duckdb", with: "duckdb").all.isEmpty)
    }

    @Test("A column in deltas is read")
    func encoding() throws {
        let notes = DatasetNotes()
        let path = try Fixture.path("parquet/delta.parquet")
        let rows = Array(DatasetRows([path], columns: ColumnNames(image: "name", caption: nil), notes: notes))
        #expect(!rows.rows.isEmpty)
        #expect(rows.failures.allSatisfy { $0.kind == .incomplete })
    }
}
