import DiptychDatasets
import DiptychTestSupport
import Testing

/// Archives that Python's tarfile wrote, against the samples that webdataset finds in them.
struct ArchiveNamesTests {
    private struct Sample: Equatable {
        let key: String
        let caption: String?
        let image: String
    }

    /// What webdataset gives: samples with a picture of one ending.
    private func reference(_ name: String) throws -> [Sample] {
        let facts = try JSONValue(parsing: Fixture.bytes("tar-names/webdataset.json"), name: "webdataset.json")
        guard case .array(let samples)? = facts[name]?["samples"] else { return [] }
        return samples.compactMap { sample in
            guard let key = sample["__key__"]?.string, let image = sample["jpg"]?.string else { return nil }
            return Sample(key: key, caption: sample["txt"]?.string, image: image)
        }
    }

    private func read(
        _ name: String, _ notes: DatasetNotes = DatasetNotes()
    ) throws -> (samples: [Sample], failures: [DatasetError]) {
        let path = try Fixture.path("tar-names/\(name)")
        let rows = Array(DatasetRows([path], notes: notes))
        let samples = try rows.rows.map { row in
            guard case .bytes(let bytes) = try row.loaded.image else { throw DatasetError(.malformed, path: name, "") }
            return Sample(
                key: String(row.locator.dropFirst(path.count + 1)), caption: row.caption,
                image: String(decoding: bytes, as: UTF8.self))
        }
        return (samples, rows.failures)
    }

    @Test(
        "Names of every length are whole, with a slash at the end of the field and with old types",
        arguments: ["names", "old"].flatMap { kind in ["ustar", "gnu", "pax"].map { "\(kind)-\($0).tar.gz" } })
    func longNames(_ name: String) throws {
        // Python takes a file of the old type for a folder where a long name is cut behind a slash; GNU tar does not.
        let expected = try reference(name.replacing("old", with: "names"))
        #expect(expected.count >= 10)
        let (samples, failures) = try read(name)
        #expect(failures.isEmpty)
        #expect(samples == expected)
    }

    @Test("Headers for the whole archive, and sizes in headers before an entry, count")
    func global() throws {
        #expect(try read("global.tar").samples == reference("global.tar"))
    }

    @Test("Images whose names have several dots are found, beside the texts that share their names")
    func dots() throws {
        let notes = DatasetNotes()
        let (samples, failures) = try read("dots.tar", notes)
        #expect(failures.isEmpty)
        #expect(
            samples == [
                Sample(key: "a.b", caption: "one", image: "1"), Sample(key: "c", caption: "two", image: "2"),
                Sample(key: "d.1", caption: "three", image: "3"), Sample(key: "d.2", caption: "four", image: "4"),
                Sample(key: "e", caption: nil, image: "5"),
            ])
        // The mask, the class and the hidden image.
        #expect(notes.all.map(\.place).sorted() == ["c", "e.cls", "f/.hidden.jpg"])
    }

    @Test("A key twice in a row is an error that names it; further on it is another sample, as for webdataset")
    func repeated() throws {
        let notes = DatasetNotes()
        let (samples, failures) = try read("repeated.tar", notes)
        #expect(
            samples == [
                Sample(key: "a", caption: "one", image: "1"), Sample(key: "b", caption: nil, image: "2"),
                Sample(key: "a~2", caption: "three", image: "3"), Sample(key: "e", caption: nil, image: "8"),
            ])
        #expect(failures.map(\.place) == ["c", "d"])
        #expect(notes.all.map(\.place) == ["a"])
    }

    @Test("Links are named and not followed, and what stands behind them is read")
    func links() throws {
        let (samples, failures) = try read("links.tar")
        #expect(samples == (try reference("links.tar")))
        #expect(failures.map(\.place) == ["b.jpg", "c.jpg", String(repeating: "x", count: 120) + ".jpg"])
        #expect(failures.allSatisfy { $0.reason.contains("link") })
        #expect(failures.last?.reason.contains(String(repeating: "z", count: 150)) == true)
    }

    @Test("Sparse files are named, whole with the rest of their maps")
    func sparse() throws {
        var bytes = try Fixture.bytes("tar-names/dots.tar")
        // The first entry as GNU's sparse kind, with a further block of its map.
        bytes[156] = UInt8(ascii: "S")
        bytes[482] = 1
        Self.sum(&bytes)
        bytes.insert(contentsOf: [UInt8](repeating: 0, count: 512), at: 512)
        let folder = try TemporaryDirectory()
        let rows = Array(DatasetRows([try folder.write(bytes, to: "sparse.tar")]))
        #expect(rows.failures.map(\.place) == ["a.b.jpg", "a"])
        #expect(rows.failures[0].reason.contains("sparse"))
        #expect(rows.rows.map(\.caption) == ["two", "three", "four", nil])
    }

    /// Corrects the check sum of the first header.
    private static func sum(_ bytes: inout [UInt8]) {
        bytes.replaceSubrange(148..<156, with: Array("        ".utf8))
        let digits = String(bytes[..<512].reduce(0) { $0 + Int($1) }, radix: 8)
        let field = String(repeating: "0", count: 6 - digits.count) + digits + "\0 "
        bytes.replaceSubrange(148..<156, with: Array(field.utf8))
    }
}
