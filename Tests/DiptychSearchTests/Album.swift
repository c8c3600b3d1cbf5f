import Diptych
import DiptychSearch
import DiptychTestSupport
import Foundation
import GRDB

/// A folder of images, a store, and the small model.
struct Album {
    let directory: TemporaryDirectory
    let model: CLIPModel
    let store: EmbeddedStore

    init(batchSize: Int = 4) async throws {
        directory = try TemporaryDirectory()
        try directory.makeFolder("pictures")
        model = try await TinyModel.load(batchSize: batchSize)
        store = try await EmbeddedStore.open(at: directory.url.appendingPathComponent("store"), for: model)
    }

    /// Another folder with the same model, and a store of which only the database is looked at.
    init(_ directory: TemporaryDirectory, like other: Album) {
        self.directory = directory
        (model, store) = (other.model, other.store)
    }

    /// The folder of images.
    var images: String { directory.path("pictures") }

    /// The store's database file.
    var database: String { directory.path("store/store.sqlite") }

    /// Writes the picture of a seed, and gives its path.
    @discardableResult func add(_ name: String, seed: UInt64) throws -> String {
        var generator = SeededGenerator(seed)
        return try directory.write(generator.png(), to: "pictures/\(name)")
    }

    /// Writes images 0.png, 1.png, ….
    func add(count: Int) throws {
        for seed in 0..<count { try add("\(seed).png", seed: UInt64(seed)) }
    }

    /// Indexes the folder of images.
    func index() async throws -> IndexSummary { try await Indexer(store: store, model: model).index([images]) }

    /// A path below the folder of images, cut byte by byte: a slash and a combining mark are one `Character`.
    private func name(_ path: String) -> String {
        String(decoding: path.utf8.dropFirst(images.utf8.count + 1), as: UTF8.self)
    }

    /// The embeddings of all items that are not missing, by their path below the folder of images.
    func stored() async throws -> [String: Embedding] {
        var result: [String: Embedding] = [:]
        try await store.forEachItem { item, embedding in
            guard !item.missing else { return }
            result[name(item.path)] = embedding
        }
        return result
    }

    /// The names that a search for everything finds, sorted.
    func found() async throws -> [String] {
        let query = try await model.embed(texts: ["a cat"])[0]
        return try await store.search(query, limit: .max)
            .map { name($0.path) }.sorted()
    }

    /// Runs SQL on the store's database, on a connection of its own that checks no foreign keys.
    func sql(_ text: String, _ argument: (any DatabaseValueConvertible)? = nil) throws {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = false
        configuration.busyMode = .timeout(10)
        try DatabaseQueue(path: database, configuration: configuration)
            .write { try $0.execute(sql: text, arguments: argument.map { [$0] } ?? []) }
    }

    /// The first column of what a query gives.
    func strings(_ text: String) throws -> [String] {
        try DatabaseQueue(path: database).read { try String.fetchAll($0, sql: text) }
    }

    /// The rows of the table of embeddings: id and bytes.
    func vectors() throws -> [Int64: Data] {
        try DatabaseQueue(path: database).read { db in
            try Row.fetchAll(db, sql: "SELECT id, vector FROM embeddings_1")
                .reduce(into: [:]) { $0[$1[0] as Int64] = $1[1] as Data }
        }
    }

    /// Puts random embeddings into the store as another process would, `each` with the same embedding.
    func insert(count: Int, each: Int = 1, seed: UInt64) throws -> [[Float]] {
        var generator = SeededGenerator(seed)
        let vectors = (0..<count).map { _ in generator.unitVector(model.dimension) }
        try DatabaseQueue(path: database).write { db in
            for (index, vector) in vectors.enumerated() {
                let bytes = vector.withUnsafeBytes { Data($0) }
                var content = withUnsafeBytes(of: UInt64(index) << 32 | seed) { Data($0) }
                content.append(Data(count: 24))
                try db.execute(
                    sql: "INSERT INTO assets (content, kind, width, height) VALUES (?, 'image', 1, 1)",
                    arguments: [content])
                let id = db.lastInsertedRowID
                try db.execute(sql: "INSERT INTO parts (id, asset, kind) VALUES (?1, ?1, 0)", arguments: [id])
                try db.execute(
                    sql: "INSERT INTO embeddings_1 (id, asset, part, vector) VALUES (?1, ?1, ?1, ?2)",
                    arguments: [id, bytes])
                for copy in 0..<each {
                    try db.execute(
                        sql: "INSERT INTO items (root, path, size, modified, settled, asset) VALUES (0, ?, 1, 1, 1, ?)",
                        arguments: ["/random/\(seed)/\(index)/\(copy)", id])
                }
            }
        }
        return vectors
    }
}

/// A 24-bit bitmap of one colour: two of them have the same size in bytes.
func bitmap(red: UInt8, green: UInt8, blue: UInt8, side: Int = 8) -> [UInt8] {
    func little(_ value: Int, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
    let size = 54 + side * side * 3
    var bytes: [UInt8] = Array("BM".utf8) + little(size, 4) + little(0, 4) + little(54, 4)
    bytes += little(40, 4) + little(side, 4) + little(side, 4) + little(1, 2) + little(24, 2)
    bytes += [UInt8](repeating: 0, count: 24)
    for place in 0..<side * side { bytes += place < side * side / 2 ? [blue, green, red] : [red, blue, green] }
    return bytes
}
