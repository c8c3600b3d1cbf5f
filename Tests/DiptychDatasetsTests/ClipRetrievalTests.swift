import DiptychDatasets
import DiptychCheckpoints
import DiptychTestSupport
import Testing

struct ClipRetrievalTests {
    private func items(_ folder: ClipRetrievalFolder) throws -> [ClipRetrievalItem] {
        var reader = folder.makeReader()
        var items: [ClipRetrievalItem] = []
        while let item = try reader.next() { items.append(item) }
        return items
    }

    @Test("A folder that NumPy and pyarrow wrote in the layout is read, part after part")
    func reference() throws {
        let folder = try ClipRetrievalFolder(Fixture.path("clip-retrieval"))
        #expect(folder.dimension == 2)
        #expect(folder.count == 6)
        var expected: [ClipRetrievalItem] = []
        for row in 0..<6 {
            let first = Float(row % 3 * 2 + row / 3 * 10)
            let width = JSONValue.Member("width", .int(Int64(100 + row)))
            expected.append(
                ClipRetrievalItem(
                    imagePath: "pictures/\(row).jpg", caption: "caption \(row)", attributes: [width],
                    embedding: [first / 8, (first + 1) / 8]))
        }
        #expect(try items(folder) == expected)
    }

    @Test("A folder comes back as it was written", arguments: [false, true])
    func roundTrip(_ isHalf: Bool) throws {
        let directory = try TemporaryDirectory()
        var random = SeededGenerator(3)
        var written: [ClipRetrievalItem] = []
        for row in 0..<700 {
            let said = [JSONValue.Member("n", .int(Int64(row))), JSONValue.Member("tags", .array([.string("a")]))]
            written.append(
                ClipRetrievalItem(
                    imagePath: "\(row).jpg", caption: row % 3 == 0 ? nil : "图 \(row)",
                    attributes: row % 4 == 0 ? [] : said, embedding: random.unitVector(5)))
        }
        let writer = try ClipRetrievalWriter(directory: directory.path, dimension: 5, isHalf: isHalf, rowsPerPart: 300)
        for item in written { try writer.append(item) }
        try writer.finish()
        let read = try items(ClipRetrievalFolder(directory.path))
        #expect(read.count == written.count)
        for (item, original) in zip(read, written) {
            #expect(item.imagePath == original.imagePath)
            #expect(item.caption == original.caption)
            #expect(item.attributes == original.attributes)
            // The nearest half is within 2⁻¹¹ of its size, or 2⁻²⁵ of nothing.
            for (a, b) in zip(item.embedding, original.embedding) {
                let most: Float = isHalf ? max(abs(b) * 0x1p-11, 0x1p-25) : 0
                #expect(abs(a - b) <= most)
            }
        }
        // Two runs into one folder would mix.
        #expect(throws: DatasetError.self) { try ClipRetrievalWriter(directory: directory.path, dimension: 5) }
    }

    #if arch(arm64) || os(Linux)
        @Test("Halves are rounded as the processor does, for every half and everything between")
        func halves() throws {
            let directory = try TemporaryDirectory()
            let path = directory.path("halves.npy")
            var values: [Float] = []
            for bits in UInt16.min...UInt16.max where !Float16(bitPattern: bits).isNaN {
                let value = Float(Float16(bitPattern: bits))
                values += [value, value.nextUp, value.nextDown]
                if bits & 0x7FFF < 0x7BFF {
                    let next = Float(Float16(bitPattern: bits + 1))
                    values += [(value + next) / 2, ((value + next) / 2).nextUp, ((value + next) / 2).nextDown]
                }
            }
            values += [65519.99, 65520, 1e30, -1e30, 1e-30]
            let writer = try NumpyWriter(path: path, entryShape: [values.count], isHalf: true)
            try writer.append(values)
            try writer.finish()
            let matrix = try directory.bytes("halves.npy")
            let data = matrix[128...]
            #expect(data.count == values.count * 2)
            var wrong = 0
            for (index, value) in values.enumerated() {
                let bits = UInt16(data[128 + index * 2]) | UInt16(data[129 + index * 2]) << 8
                if bits != Float16(value).bitPattern { wrong += 1 }
            }
            #expect(wrong == 0)
        }
    #endif

    @Test("Matrices that NumPy saved are read, and what is no matrix of embeddings is refused")
    func matrices() throws {
        let expected = (0..<12).map { (Float($0) - 5) / 8 }
        for name in ["float32", "float16", "version2"] {
            let matrix = try NumpyMatrix(path: Fixture.path("npy/\(name).npy"))
            #expect(matrix.rowCount == 4)
            #expect(matrix.columnCount == 3)
            #expect(try matrix.rows(from: 0, count: 4) == expected)
            #expect(try matrix.rows(from: 2, count: 1) == Array(expected[6..<9]))
        }
        for name in ["float64", "fortran", "vector"] {
            let error = try #require(throws: DatasetError.self) {
                try NumpyMatrix(path: Fixture.path("npy/\(name).npy"))
            }
            #expect(error.kind == .unsupported)
        }
    }

    @Test("Damaged matrices never stop the process")
    func hostile() throws {
        let directory = try TemporaryDirectory()
        var random = SeededGenerator(23)
        let good = try Fixture.bytes("npy/float16.npy")
        for _ in 0..<1000 {
            var bytes = good
            for _ in 0...Int.random(in: 0..<5, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            if Bool.random(using: &random) { bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random)) }
            do {
                let matrix = try NumpyMatrix(path: directory.write(bytes, to: "damaged.npy"))
                _ = try matrix.rows(from: 0, count: min(matrix.rowCount, 10))
            } catch is DatasetError {}
        }
    }

    @Test("Parts that do not belong together are refused")
    func mismatched() throws {
        let directory = try TemporaryDirectory()
        #expect(throws: DatasetError.self) { try ClipRetrievalFolder(directory.path) }
        for part in ["img_emb", "metadata"] { try directory.makeFolder(part) }
        try directory.write(try Fixture.bytes("npy/float32.npy"), to: "img_emb/img_emb_0.npy")
        #expect(throws: DatasetError.self) { try ClipRetrievalFolder(directory.path) }
        try directory.write(
            try Fixture.bytes("clip-retrieval/metadata/metadata_0.parquet"), to: "metadata/metadata_0.parquet")
        let error = try #require(throws: DatasetError.self) { try ClipRetrievalFolder(directory.path) }
        #expect(error.reason.contains("has 4 rows"))
    }
}
