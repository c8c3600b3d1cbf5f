import DiptychSearch
import DiptychTestSupport
import Foundation

/// Vectors by id, in place of a database, with a folder of code files.
final class CodedVectors {
    let directory: TemporaryDirectory
    let dimension: Int
    let capacity: Int
    var vectors: [Int64: [Float]] = [:]
    var threads = 2
    /// What was ever given out.
    private var last: Int64 = 0

    init(dimension: Int, capacity: Int = 64) throws {
        directory = try TemporaryDirectory()
        (self.dimension, self.capacity) = (dimension, capacity)
    }

    /// Adds vectors around a few centres, as pictures of a few kinds are.
    @discardableResult
    func add(_ count: Int, seed: UInt64, centres: Int = 20, spread: Double = 0.5) -> [Int64] {
        var generator = SeededGenerator(seed)
        var fixed = SeededGenerator(99)
        let mean = fixed.unitVector(dimension)
        let kinds = (0..<centres).map { _ in fixed.unitVector(dimension) }
        return (0..<count).map { _ in
            let kind = kinds[Int.random(in: 0..<centres, using: &generator)]
            vectors[last + 1] = Self.unit(mean, kind, generator.unitVector(dimension), spread)
            last += 1
            return last
        }
    }

    static func unit(_ a: [Float], _ b: [Float], _ c: [Float], _ spread: Double) -> [Float] {
        let sum = a.indices.map { Double(a[$0]) + Double(b[$0]) + spread * Double(c[$0]) }
        let length = sum.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return sum.map { Float($0 / length) }
    }

    var folder: String { directory.path("codes") }

    func files(identity: UInt64 = 7) -> CodeFiles {
        CodeFiles(folder: folder, identity: identity, dimension: dimension)
    }

    func rows(_ after: Int64, _ limit: Int) -> CodeRows {
        let ids = vectors.keys.filter { $0 > after }.sorted().prefix(limit)
        return CodeRows(ids: Array(ids), vectors: ids.flatMap { vectors[$0] ?? [] })
    }

    func writer(
        _ files: CodeFiles? = nil, step: @escaping @Sendable (String) throws -> Void = { _ in }
    ) throws -> CodeWriter? {
        try CodeWriter(files ?? self.files(), capacity: capacity, threads: threads, step: step)
    }

    /// Codes what has none, as a fresh process would.
    @discardableResult func append() throws -> Int { try writer()?.append(rows) ?? 0 }

    func compact() throws -> Int { try writer()?.compact { Set($0.filter { self.vectors[$0] != nil }) } ?? 0 }

    /// The number of wrong codes in the files as they are.
    func wrong(_ state: CodeState? = nil) throws -> Int {
        try (state ?? files().state()).wrongCodes(dimension: dimension, threads: threads, rows)
    }

    func cosine(_ id: Int64, _ query: [Float]) -> Float {
        Float(zip(vectors[id] ?? [], query).reduce(0.0) { $0 + Double($1.0) * Double($1.1) })
    }

    /// What sorting everything gives.
    func nearest(_ query: [Float], _ count: Int, upTo last: Int64 = .max, _ allowed: (Int64) -> Bool = { _ in true })
        -> [NearVector]
    {
        let all = vectors.keys.filter { $0 <= last && allowed($0) }.map { NearVector(id: $0, score: cosine($0, query)) }
        return Array(all.sorted { $0.score != $1.score ? $0.score > $1.score : $0.id < $1.id }.prefix(count))
    }

    /// Searches by the codes; vectors that are not `allowed` may not be shown.
    func search(
        _ queries: [[Float]], _ count: Int, exact: Bool, state: CodeState? = nil, masks: [UInt16]? = nil,
        _ allowed: (Int64) -> Bool = { _ in true }
    ) throws -> [NearVectors] {
        let scan = CodeScan(state ?? files().state(), dimension: dimension, threads: threads)
        return try CodeSearch(scan).nearest(queries, count: count, exact: exact, masks: masks) { query, ids in
            ids.filter { vectors[$0] != nil && allowed($0) }
                .map { NearVector(id: $0, score: cosine($0, queries[query])) }
        }
    }

    /// Queries near the vectors, and elsewhere.
    func queries(_ count: Int, seed: UInt64) -> [[Float]] {
        var generator = SeededGenerator(seed)
        let ids = vectors.keys.sorted()
        return (0..<count).map { index in
            let noise = generator.unitVector(dimension)
            guard index % 2 == 0, let id = ids.randomElement(using: &generator), let near = vectors[id] else {
                return noise
            }
            return Self.unit(near, near, noise, 0.8)
        }
    }

    func paths() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".codes") }.sorted()
            .map { folder + "/" + $0 }
    }
}
