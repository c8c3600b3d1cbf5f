import DiptychDatasets
import DiptychTestSupport
import Foundation
import Testing

/// Arrays of NumPy as columns. The files were written by NumPy: Scripts/fixtures/numpy_arrays.py.
@Suite struct NumpyTests {
    private static let fixtures = (Bundle.module.resourceURL ?? Bundle.module.bundleURL).path + "/Fixtures/numpy"

    private func columns(_ rows: any Dataset) -> [String: DatasetType] {
        Dictionary(uniqueKeysWithValues: rows.columns.map { ($0.name, $0.type) })
    }

    @Test(arguments: ["plain.npz", "packed.npz"]) func archivesAreTables(name: String) throws {
        var options = DatasetOptions()
        let notes = DatasetNotes()
        options.notes = notes
        let rows = try DatasetFiles.open([Self.fixtures + "/" + name], options: options)
        #expect(rows.count == 3)
        let row = try rows.row(at: 1)
        #expect(row["stem"] == .text("b汉😀") && row["raw"] == .bytes(Array("yz".utf8)))
        #expect(row["small"] == .integer(-2) && row["large"] == .decimal("18446744073709551615"))
        #expect(row["truth"] == .boolean(false) && row["double"] == .double(0.1) && row["half"] == .float(0.5))
        #expect(row["counts"] == .list([.integer(2), .integer(3)]))
        #expect(try row["vector"]?.readFloats() == [0.25, -1, 3])
        #expect(columns(rows)["vector"] == .vector)
        // What is no column is said.
        #expect(notes.all.map(\.place).sorted() == ["objects", "one"])
        if name == "plain.npz" {
            guard case .vector? = row["vector"] else { throw DatasetError(.malformed, path: name, "") }
        }
    }

    @Test func oneArrayIsOneColumn() throws {
        let rows = try DatasetFiles.open([Self.fixtures + "/matrix.npy"])
        #expect(rows.columns == [DatasetColumn("vector", .vector)])
        #expect(try rows.row(at: 1)["vector"]?.readFloats() == [3, 4, 5])
    }

    @Test(arguments: [("<f4", "(3, 0)"), ("|S0", "(3,)"), ("<i8", "(1000000000000, 0)"), ("<U0", "(3, 2)")])
    func rowsOfNoBytesAreRefused(type: String, shape: String) throws {
        let folder = try TemporaryDirectory()
        let path = try folder.write(Self.array(type, shape), to: "empty.npy")
        let error = #expect(throws: DatasetError.self) { try DatasetFiles.open([path]) }
        #expect(error?.reason.contains("rows of no bytes") == true, "\(String(describing: error))")
    }

    @Test func anArrayOfNoRowsIsAnEmptyTable() throws {
        let folder = try TemporaryDirectory()
        #expect(try DatasetFiles.open([folder.write(Self.array("<f4", "(0, 4)"), to: "empty.npy")]).count == 0)
    }

    /// An array of no bytes by the format's description: magic, version, the length of the header, a Python dictionary.
    private static func array(_ type: String, _ shape: String) -> [UInt8] {
        let header = "{'descr': '\(type)', 'fortran_order': False, 'shape': \(shape), }\n"
        return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.utf8.count), 0] + Array(header.utf8)
    }

    @Test func arraysOfOtherLengthsAreNoTable() throws {
        #expect(throws: DatasetError.self) { try DatasetFiles.open([Self.fixtures + "/ragged.npz"]) }
    }

    @Test(arguments: ["plain.npz", "packed.npz", "matrix.npy"]) func damagedFilesAreErrors(name: String) throws {
        let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: Self.fixtures + "/" + name)))
        let folder = try TemporaryDirectory()
        var generator = SeededGenerator(5)
        for round in 0..<600 {
            var some = bytes
            if round % 3 == 0 { some.removeLast(Int.random(in: 1..<some.count, using: &generator)) }
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                some[Int.random(in: 0..<some.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            }
            let path = try folder.write(some, to: name)
            // Any answer but a crash.
            do {
                let rows = try DatasetFiles.open([path])
                for index in 0..<min(rows.count, 5) {
                    _ = try? rows.row(at: index)["vector"]?.readFloats()
                }
            } catch {}
        }
    }

    @Test func aShardOfTextsAloneIsATable() throws {
        let folder = try TemporaryDirectory()
        let rows = try DatasetFiles.open([Self.fixtures + "/texts.tar"])
        #expect(rows.columns.map(\.name).sorted() == ["key", "source", "text", "width"])
        #expect(rows.count == 2)
        #expect(try rows.row(at: 1).values.contains(.text("second")) && rows.row(at: 1)["width"] == .integer(2))
        _ = folder
    }
}
