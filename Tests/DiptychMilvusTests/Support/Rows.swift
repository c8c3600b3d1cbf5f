#if Milvus
    import DiptychMilvus
    import DiptychTestSupport

    /// Rows of a store's collection, the same for the same seed.
    struct Rows {
        let paths: [String]
        let vectors: [Float]
        let dimension: Int

        init(_ range: Range<Int>, dimension: Int, seed: UInt64 = 1) {
            self.dimension = dimension
            paths = range.map { "/pictures/\($0 % 10)/\($0).jpg" }
            vectors = range.flatMap { Self.unit(dimension, seed: seed &* 1_000_003 &+ UInt64($0)) }
        }

        /// A vector of length 1 in a random direction.
        static func unit(_ dimension: Int, seed: UInt64) -> [Float] {
            var generator = SeededGenerator(seed)
            return generator.unitVector(dimension)
        }

        var count: Int { paths.count }
        var keys: [Int64] { paths.map(Layout.key) }
        func vector(_ row: Int) -> [Float] { Array(vectors[row * dimension..<(row + 1) * dimension]) }

        var columns: [String: ColumnValues] {
            let (zeros, numbers) = ([Int64](repeating: 0, count: count), [Double](repeating: 0, count: count))
            return [
                "id": .longs(keys), "embedding": .vectors(vectors), "path": .texts(paths),
                "folder": .texts(paths.map { String($0.dropLast($0.split(separator: "/").last!.count + 1)) }),
                "name": .texts(paths.map { String($0.split(separator: "/").last!) }),
                "content": .texts(paths.map { _ in "" }), "bytes": .longs(zeros), "modified": .doubles(numbers),
                "modified_ns": .longs(zeros), "type": .texts(paths.map { _ in "" }), "taken": .doubles(numbers),
                "camera": .texts(paths.map { _ in "" }), "latitude": .doubles(numbers), "longitude": .doubles(numbers),
                "captioned": .bools(paths.map { _ in false }), "attributes": .texts(paths.map { _ in "" }),
                "settled": .bools(paths.map { _ in true }), "width": .longs(zeros), "height": .longs(zeros),
                "added": .doubles(paths.map { _ in 0 }), "caption": .texts(paths.map { _ in "" }),
                "missing": .bools(paths.map { _ in false }), "kind": .texts(paths.map { _ in "image" }),
                "item": .longs(keys), "part": .longs(zeros),
                "extent": .texts(paths.map { _ in "" }), "embedded": .bools(paths.map { _ in true }),
                Layout.dynamicName: .objects(paths.map { _ in "{}" }),
            ]
        }
    }
#endif
