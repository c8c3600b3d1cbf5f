import DiptychDatasets
import DiptychTestSupport
import Testing

/// Shards that Python's tarfile wrote, in its three formats.
struct WebDatasetTests {
    private static let deep = [String](repeating: "a-folder-with-a-long-name", count: 6).joined(separator: "/")

    @Test("Samples are put together by their key", arguments: ["ustar.tar", "pax.tar", "gnu.tar", "pax.tar.gz"])
    func samples(_ name: String) throws {
        let path = try Fixture.path("tar/\(name)")
        func row(_ key: String, _ image: String, _ caption: String?, _ attributes: [JSONValue.Member] = [])
            -> DatasetRow
        {
            DatasetRow(
                locator: "\(path)#\(key)", image: .bytes(Array(image.utf8)), caption: caption, attributes: attributes)
        }
        var expected = [
            row("000000", "jpeg 0", "a cat", [.init("url", .string("http://a/0")), .init("width", .int(5))]),
            row("000001", "png 1", "一只猫"), row("\(Self.deep)/000002", "webp 2", "deep"),
        ]
        if name != "ustar.tar" {
            expected.append(row(String(repeating: "x", count: 180), "jpeg 3", nil))
            expected.append(row("图片/四", "jpeg 4", "name in Chinese"))
        }
        let rows = Array(DatasetRows([path]))
        #expect(rows.failures.isEmpty)
        #expect(try rows.rows.map { try $0.loaded } == expected)
        // Only what is not compressed can be left where it is.
        let isLazy = rows.rows.allSatisfy { if case .part = $0.image { true } else { false } }
        #expect(isLazy == !name.hasSuffix(".gz"))
    }

    @Test("A shard that is cut short gives what is whole, and says so")
    func truncated() throws {
        let folder = try TemporaryDirectory()
        let whole = try Fixture.bytes("tar/ustar.tar")
        // The third entry's content begins after a folder and two files of a header and a block each.
        let path = try folder.write(Array(whole[..<(512 + 2 * 1024 + 512 + 100)]), to: "cut.tar")
        let rows = Array(DatasetRows([path]))
        #expect(rows.rows.map(\.caption) == ["a cat"])
        #expect(rows.failures.count == 1)
        #expect(rows.failures.first?.reason.contains("cut short") == true)
    }

    @Test("A damaged header loses its entry and not those behind it")
    func damagedHeader() throws {
        let folder = try TemporaryDirectory()
        var bytes = try Fixture.bytes("tar/ustar.tar")
        // The picture of the second sample: a folder, three files, and 000001.json stand before it.
        let header = 512 + 4 * 1024
        #expect(String(decoding: bytes[header..<header + 10], as: UTF8.self) == "000001.png")
        bytes[header + 3] = 0xFF
        let rows = Array(DatasetRows([try folder.write(bytes, to: "bad.tar")]))
        #expect(rows.rows.map(\.caption) == ["a cat", "deep"])
        #expect(rows.failures.map(\.kind) == [.malformed, .incomplete])
        #expect(rows.failures.first?.place == "byte \(header)")
    }

    @Test("What is no archive is refused", arguments: [0, 100, 5000])
    func noArchive(_ count: Int) throws {
        let bytes = [UInt8](repeating: 65, count: count)
        let folder = try TemporaryDirectory()
        let rows = Array(DatasetRows([try folder.write(bytes, to: "no.tar")]))
        #expect(rows.rows.isEmpty)
        #expect(rows.failures.map(\.kind) == [.malformed])
    }

    @Test("An entry that claims more than a limit takes no memory")
    func hugeEntry() throws {
        let folder = try TemporaryDirectory()
        var bytes = try Fixture.bytes("tar/ustar.tar")
        // The first file's size, as GNU's binary form of 2⁴⁰, with the check sum to match.
        bytes.replaceSubrange(512 + 124..<512 + 136, with: [0x80, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0])
        bytes.replaceSubrange(512 + 148..<512 + 156, with: Array("        ".utf8))
        let sum = bytes[512..<1024].reduce(0) { $0 + Int($1) }
        let digits = String(sum, radix: 8)
        let field = String(repeating: "0", count: 6 - digits.count) + digits + "\0 "
        bytes.replaceSubrange(512 + 148..<512 + 156, with: Array(field.utf8))
        let rows = Array(DatasetRows([try folder.write(bytes, to: "huge.tar")]))
        #expect(rows.rows.isEmpty)
        #expect(rows.failures.count == 1)
    }

    @Test("Damaged shards never stop the process")
    func hostile() throws {
        var random = SeededGenerator(17)
        let folder = try TemporaryDirectory()
        var outcomes = (rows: 0, failures: 0)
        let names = ["ustar.tar", "pax.tar", "gnu.tar", "pax.tar.gz"]
        for round in 0..<1000 {
            let name = names[round % names.count]
            var bytes = try Fixture.bytes("tar/\(name)")
            if round % 5 == 0 { bytes.removeLast(Int.random(in: 1..<bytes.count, using: &random)) }
            for _ in 0...Int.random(in: 0..<6, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            let rows = Array(DatasetRows([try folder.write(bytes, to: name)]))
            outcomes.rows += rows.rows.count
            outcomes.failures += rows.failures.count
        }
        #expect(outcomes.rows > 1000)
        #expect(outcomes.failures > 250)
    }
}
