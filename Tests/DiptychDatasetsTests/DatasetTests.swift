import DiptychDatasets
import DiptychTestSupport
import Foundation
import Testing

/// Rows by their numbers, of every kind of file.
struct DatasetTests {
    /// A folder of files that goes with the test.
    private func folder(_ files: [String: [UInt8]]) throws -> URL {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("dataset-\(UUID().uuidString)")
        for (name, bytes) in files {
            let file = folder.appendingPathComponent(name)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(bytes).write(to: file)
        }
        return folder
    }

    private func open(_ text: String, as name: String) throws -> any Dataset {
        let folder = try folder([name: Array(text.utf8)])
        defer { try? FileManager.default.removeItem(at: folder) }
        // An open file stays readable when its name is gone.
        return try DatasetFiles.open([folder.appendingPathComponent(name).path])
    }

    @Test("CSV has the types that give its texts back, nulls for empty fields, and rows in any order")
    func csv() throws {
        let text =
            "id,count,ratio,code,note,ok\n1,10,0.5,007,\"a \"\"b\"\"\nc\",true\n\n2,,1e-07,8,,false\n3,-4,2.0,9,x,\n"
        let dataset = try open(text, as: "a.csv")
        #expect(
            dataset.columns == [
                DatasetColumn("id", .integer), DatasetColumn("count", .integer), DatasetColumn("ratio", .double),
                DatasetColumn("code", .text), DatasetColumn("note", .text), DatasetColumn("ok", .boolean),
            ])
        #expect(dataset.count == 3)
        let rows: [[DatasetValue]] = [
            [.integer(1), .integer(10), .double(0.5), .text("007"), .text("a \"b\"\nc"), .boolean(true)],
            [.integer(2), .null, .double(1e-07), .text("8"), .null, .boolean(false)],
            [.integer(3), .integer(-4), .double(2), .text("9"), .text("x"), .null],
        ]
        for index in [2, 0, 1, 1] { #expect(try dataset.row(at: index).values == rows[index]) }
    }

    @Test("A number whose text would change makes a column of texts", arguments: ["1.10", "+1", "1e5", "0x10", "1 "])
    func exactTexts(_ text: String) throws {
        let dataset = try open("value\n2\n\(text)\n", as: "a.csv")
        #expect(dataset.columns == [DatasetColumn("value", .text)])
        #expect(try dataset.row(at: 1)["value"] == .text(text))
    }

    @Test("A damaged record is a row that says so by its line, and the others are read")
    func damagedRows() throws {
        let csv = try open("a,b\n1,2\n3\n\n4,5\n", as: "a.csv")
        #expect(csv.count == 3)
        let error = #expect(throws: DatasetError.self) { try csv.row(at: 1) }
        #expect(error?.place == "line 3")
        #expect(try csv.row(at: 2).values == [.integer(4), .integer(5)])
        let json = try open("{\"a\": 1}\n\n{\"a\": \n{\"a\": 3}\n", as: "a.jsonl")
        #expect(json.records.map { (try? $0.get())?["a"] } == [.integer(1), nil, .integer(3)])
        #expect(#expect(throws: DatasetError.self) { try json.row(at: 1) }?.place == "line 3")
    }

    @Test("JSON keeps 64-bit numbers, lists, structures and nulls, and members that some rows lack")
    func jsonLines() throws {
        let dataset = try open(
            """
            {"id": 9223372036854775807, "names": ["a", "b"], "box": {"x": 1, "y": null}, "score": 1}
            {"id": -9223372036854775808, "names": [], "box": null, "score": 0.1, "late": true}
            """, as: "a.jsonl")
        #expect(
            dataset.columns == [
                DatasetColumn("id", .integer), DatasetColumn("names", .list(.text)),
                DatasetColumn("box", .structure([DatasetColumn("x", .integer), DatasetColumn("y", .null)])),
                DatasetColumn("score", .double), DatasetColumn("late", .boolean),
            ])
        #expect(
            try dataset.row(at: 0).values == [
                .integer(.max), .list([.text("a"), .text("b")]),
                .structure([.init("x", .integer(1)), .init("y", .null)]), .double(1), .null,
            ])
        #expect(
            try dataset.row(at: 1).values == [.integer(.min), .list([]), .null, .double(0.1), .boolean(true)])
    }

    @Test("Each form of JSON, compressed, and UTF-16 read alike")
    func forms() throws {
        let lines = "{\"a\": \"é\"}\n{\"a\": \"日\"}\n"
        let array = "[\n {\"a\": \"é\"},\n {\"a\": \"日\"}\n]"
        let spread = "{\n \"a\": \"é\"\n}\n{\n \"a\": \"日\"\n}"
        let wide: [UInt8] =
            [0xFF, 0xFE] + lines.utf16.flatMap { unit -> [UInt8] in [UInt8(unit & 255), UInt8(unit >> 8)] }
        let marked: [UInt8] = [0xEF, 0xBB, 0xBF] + Array(lines.utf8)
        let folder = try folder([
            "lines.jsonl": Array(lines.utf8), "array.json": Array(array.utf8), "spread.json": Array(spread.utf8),
            "wide.jsonl": wide, "marked.jsonl": marked,
        ])
        defer { try? FileManager.default.removeItem(at: folder) }
        let gzip = Process()
        gzip.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        gzip.arguments = ["gzip", "-k", folder.appendingPathComponent("lines.jsonl").path]
        try gzip.run()
        gzip.waitUntilExit()
        for name in ["lines.jsonl", "array.json", "spread.json", "wide.jsonl", "marked.jsonl", "lines.jsonl.gz"] {
            let dataset = try DatasetFiles.open([folder.appendingPathComponent(name).path])
            try #require(dataset.count == 2, "\(name)")
            #expect(try dataset.row(at: 1)["a"] == .text("日"), "\(name)")
            #expect(try dataset.row(at: 0)["a"] == .text("é"), "\(name)")
        }
    }

    @Test("Every Parquet file gives pyarrow's values in any order", arguments: ParquetReadingTests.files)
    func parquet(_ name: String) throws {
        let dataset = try DatasetFiles.open([Fixture.path(name)])
        guard case .array(let table) = try JSONValue(parsing: Fixture.bytes("parquet/table.json"), name: "table") else {
            return
        }
        #expect(dataset.count == table.count)
        for index in DatasetOrder.shuffled(count: table.count, seed: 5) {
            let row = try dataset.row(at: index)
            for (column, value) in zip(row.columns, row.values) where column.name != "price" {
                let wanted = try #require(table[index][column.name])
                if case .bytes(let bytes) = value {
                    #expect(wanted["base64"]?.string == Data(bytes).base64EncodedString())
                } else {
                    #expect(value.json.map(Self.normal) == Self.normal(wanted), "row \(index), \(column.name)")
                }
            }
        }
    }

    @Test("Days, moments, decimals, lists and structures of Parquet are typed and have pyarrow's values")
    func parquetTypes() throws {
        let dataset = try DatasetFiles.open([Fixture.path("parquet-types/pyarrow-zstd-v2.parquet")])
        let types = Dictionary(dataset.columns.map { ($0.name, $0.type) }) { $1 }
        #expect(types["day"] == .date)
        #expect(types["time_us"] == .timestamp)
        #expect(types["zone"] == .timestamp)
        #expect(types["ints"] == .list(.integer))
        #expect(types["prices"] == .list(.decimal))
        #expect(types["lists"] == .list(.list(.integer)))
        let json = try JSONValue(parsing: Fixture.bytes("parquet-types/table.json"), name: "table")
        guard case .array(let table) = json else { return }
        for index in table.indices.reversed() {
            let row = try dataset.row(at: index)
            for (column, value) in zip(row.columns, row.values) {
                guard let wanted = table[index][column.name], let value = value.json else { continue }
                #expect(Self.normal(value) == Self.normal(wanted), "row \(index), \(column.name)")
            }
        }
        #expect(try dataset.row(at: 1)["day"] == .date(day: -719_162))
    }

    /// Numbers as floats, also those written as texts; texts of moments without zeros at the end.
    private static func normal(_ value: JSONValue) -> JSONValue {
        switch value {
        case .int(let number): return Int64(exactly: Double(number)) == number ? .double(Double(number)) : value
        case .string(let text):
            if let number = Double(text), number.description.count <= 17 { return .double(number) }
            guard text.contains("T"), text.contains(".") else { return value }
            let zone = text.hasSuffix("Z") ? "Z" : ""
            var trimmed = zone.isEmpty ? text : String(text.dropLast())
            while trimmed.hasSuffix("0") { trimmed.removeLast() }
            return .string(trimmed + zone)
        case .array(let values): return .array(values.map(normal))
        case .object(let members):
            return .object(members.map { .init($0.name, normal($0.value)) }.sorted { $0.name < $1.name })
        default: return value
        }
    }

    @Test(
        "The samples of a shard are those of the stream",
        arguments: [
            "tar/gnu.tar", "tar/pax.tar", "tar/ustar.tar",
            "tar/pax.tar.gz", "tar-names/dots.tar", "tar-names/global.tar", "tar-names/names-pax.tar.gz",
            "tar-names/names-gnu.tar.gz", "tar-names/old-gnu.tar.gz", "tar-names/repeated.tar", "tar-names/links.tar",
        ])
    func shards(_ name: String) throws {
        let path = try Fixture.path(name)
        let stream = Array(DatasetRows([path]))
        let dataset = try DatasetFiles.open([path])
        try #require(dataset.count == stream.count)
        for index in DatasetOrder.shuffled(count: stream.count, seed: 1) {
            guard case .success(let wanted) = stream[index] else {
                #expect(throws: DatasetError.self) { try dataset.row(at: index) }
                continue
            }
            let row = try dataset.row(at: index)
            #expect(row["key"] == .text(String(wanted.locator.dropFirst(path.count + 1))))
            #expect(row["text"] == wanted.caption.map(DatasetValue.text) ?? .null)
            guard case .image(let image) = row["image"] else {
                Issue.record("row \(index) has no image")
                continue
            }
            #expect(try DatasetRow(locator: "", image: image).loaded.image == wanted.loaded.image)
            for member in wanted.attributes { #expect(row[member.name]?.json == member.value, "\(member.name)") }
        }
    }

    @Test("Chinese-CLIP's files give images with all their texts, and their splits")
    func chineseClip() throws {
        let images = ["1": [UInt8](repeating: 1, count: 30), "2": Array("image two, thirty bytes long".utf8)]
        func lines(_ ids: [String]) -> [UInt8] {
            Array(ids.map { "\($0)\t\(Data(images[$0] ?? []).base64EncodedString())\n" }.joined().utf8)
        }
        let texts = """
            {"text_id": 7, "text": "红色", "image_ids": [2, 1]}
            {"text_id": 8, "text": "蓝色", "image_ids": [2]}
            {"text_id": 9, "text": "没有", "image_ids": []}

            """
        let folder = try folder([
            "train_imgs.tsv": lines(["2", "1"]), "train_texts.jsonl": Array(texts.utf8), "val_imgs.tsv": lines(["1"]),
        ])
        defer { try? FileManager.default.removeItem(at: folder) }
        let dataset = try DatasetFiles.open([folder.path])
        #expect(dataset.columns.map(\.name) == ["image_id", "image", "texts", "text_ids", "split"])
        #expect(dataset.count == 3)
        #expect(
            try dataset.row(at: 0).values == [
                .integer(2), .image(.bytes(images["2"] ?? [])), .list([.text("红色"), .text("蓝色")]),
                .list([.integer(7), .integer(8)]), .text("train"),
            ])
        #expect(try dataset.row(at: 1)["texts"] == .list([.text("红色")]))
        #expect(
            try dataset.row(at: 2).values == [
                .integer(1), .image(.bytes(images["1"] ?? [])), .list([]), .list([]), .text("valid"),
            ])
    }

    @Test("A folder of clip-retrieval gives its columns and embeddings")
    func clipRetrieval() throws {
        let path = try Fixture.path("clip-retrieval")
        let dataset = try DatasetFiles.open([path])
        var reader = try ClipRetrievalFolder(path).makeReader()
        for index in 0..<dataset.count {
            let item = try #require(try reader.next())
            let row = try dataset.row(at: index)
            #expect(row["image_path"] == .text(item.imagePath))
            #expect(row["embedding"] == .floats(item.embedding))
        }
        #expect(try reader.next() == nil)
    }

    @Test("A folder by class gives labels, and one of images alone does not")
    func folders() throws {
        let folder = try folder(["b/2.png": [1], "a/x.jpg": [1], "a/.hidden.jpg": [1], "a/notes.txt": [1]])
        defer { try? FileManager.default.removeItem(at: folder) }
        let dataset = try DatasetFiles.open([folder.path])
        #expect(
            try dataset.rows(0..<dataset.count).map(\.values) == [
                [.image(.file("\(folder.path)/a/x.jpg")), .text("a")],
                [.image(.file("\(folder.path)/b/2.png")), .text("b")],
            ])
        let flat = try DatasetFiles.open(["\(folder.path)/b"])
        #expect(flat.columns == [DatasetColumn("image", .image)])
    }

    @Test("A table as images has the stream's rows")
    func images() throws {
        let text = "url,caption,score\nhttp://e.org/a.jpg,A,1\nb/c.jpg,,2\n"
        let folder = try folder(["a.csv": Array(text.utf8)])
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("a.csv").path
        let dataset = try #require(try DatasetFiles.openImages([path]) as? ImageDataset)
        #expect(dataset.columns.map(\.name) == ["image", "text", "url", "score"])
        #expect(
            try dataset.row(at: 1).values == [
                .image(.file("\(folder.path)/b/c.jpg")), .null, .text("b/c.jpg"), .integer(2),
            ])
        #expect(try dataset.item(at: 0).image == .url("http://e.org/a.jpg"))
        let stream = try MemoryDataset(DatasetRows([path]))
        #expect(stream.count == 2)
        #expect(try stream.row(at: 0)["text"] == .text("A"))
    }

    @Test("Slices, orders and joined files name the same rows")
    func views() throws {
        let numbers = (0..<1000).map { "{\"n\": \($0)}" }.joined(separator: "\n")
        let dataset = try open(numbers, as: "a.jsonl")
        func n(_ row: DatasetRecord) -> Int64? { row["n"]?.integer }
        let slice = dataset.slice(100..<200).slice(10..<20)
        #expect(try slice.rows(0..<slice.count).map(n) == (110..<120).map(Int64.init))
        let shuffled = dataset.shuffled(seed: 3)
        let order = try shuffled.rows(0..<1000).compactMap(n)
        #expect(Set(order).count == 1000)
        #expect(order == DatasetOrder.shuffled(count: 1000, seed: 3).map(Int64.init))
        #expect(order != (0..<1000).map(Int64.init))
        #expect(try dataset.shuffled(seed: 4).rows(0..<1000).compactMap(n) != order)
        #expect(try dataset.selecting([5, 5, 1]).rows(0..<3).map(n) == [5, 5, 1])
        let folder = try folder(["0.csv": Array("n,a\n1,x\n".utf8), "1.jsonl": Array("{\"n\": 2.5, \"b\": 1}".utf8)])
        defer { try? FileManager.default.removeItem(at: folder) }
        let joined = try DatasetFiles.open(["\(folder.path)/{0.csv,1.jsonl}"])
        #expect(
            joined.columns == [DatasetColumn("n", .double), DatasetColumn("a", .text), DatasetColumn("b", .integer)])
        #expect(
            try joined.rows(0..<2).map(\.values) == [
                [.double(1), .text("x"), .null], [.double(2.5), .null, .integer(1)],
            ])
    }

    @Test("The order of a seed is the same for ever: Fisher and Yates with SplitMix64")
    func order() {
        // As Python computes it, by the algorithms as they are published.
        #expect(DatasetOrder.shuffled(count: 10, seed: 42) == [0, 9, 5, 8, 6, 4, 7, 2, 1, 3])
        // Each order of three is as frequent as the others, within five deviations.
        let counts = Dictionary((0..<6000).map { (DatasetOrder.shuffled(count: 3, seed: $0), 1) }, uniquingKeysWith: +)
        #expect(counts.count == 6 && counts.values.allSatisfy { abs($0 - 1000) < 150 })
    }
}
