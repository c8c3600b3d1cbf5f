internal import Foundation
internal import GRDB

extension EmbeddedStore {
    /// The most problems that ``verify()`` lists.
    private static let listedProblems = 20

    /// Checks the database's structure, every item and every embedding.
    ///
    /// - Returns: what is wrong, a line each, the first twenty; empty when all is well.
    /// - Throws: ``StoreError`` when the database cannot be read at all.
    public func verify() async throws -> [String] {
        let (dimension, path) = (dimension, directory.path)
        let problems = try await read { db in
            var problems: [String] = []
            do {
                problems += try String.fetchAll(db, sql: "PRAGMA integrity_check(\(Self.listedProblems))")
                    .filter { $0 != "ok" }.flatMap { $0.split(separator: "\n").map { "database: \($0)" } }
                problems += try Self.danglingItems(db)
                problems += try Self.damagedEmbeddings(db, dimension: dimension)
            } catch {
                // What was found before says more than that the damage stops the search for more.
                let reason = (StoreError.explaining(error, path: path) as? StoreError)?.reason ?? "\(error)"
                problems.append("reading stopped: \(reason)")
            }
            return problems
        }
        // Codes of what is damaged would only say the same again.
        return Array((problems.isEmpty ? try codeProblems() : problems).prefix(Self.listedProblems))
    }

    private static func danglingItems(_ db: Database) throws -> [String] {
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT id, path FROM items WHERE NOT EXISTS (SELECT 1 FROM vectors WHERE vectors.id = items.vector)
                LIMIT \(listedProblems)
                """)
        return try rows.map { row in
            let (id, path): (Int64, String?) = (try row.decode(atIndex: 0), try? row.decode(atIndex: 1))
            return "item \(id) (\(path ?? "without a path")) has no embedding; index its file again"
        }
    }

    private static func damagedEmbeddings(_ db: Database, dimension: Int) throws -> [String] {
        var problems: [String] = []
        let rows = try Row.fetchCursor(db, sql: "SELECT id, embedding, content FROM vectors")
        while let row = try rows.next(), problems.count < listedProblems {
            let id: Int64 = try row.decode(atIndex: 0)
            let values = floats(of: (try? row.decode(atIndex: 1)) ?? Data())
            let length = values.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
            if values.count != dimension {
                problems.append("embedding \(id) has \(values.count) numbers instead of \(dimension)")
            } else if !(abs(length - 1) < 1e-3) {
                problems.append("embedding \(id) has length \(length) instead of 1")
            }
            let content: Data? = try? row.decode(atIndex: 2)
            if content?.count != 32 { problems.append("embedding \(id) has no content hash") }
        }
        return problems
    }

    /// The numbers of an embedding as it is stored.
    static func floats(of data: Data) -> [Float] {
        data.withUnsafeBytes { bytes in
            (0..<bytes.count / 4).map {
                Float(bitPattern: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self)))
            }
        }
    }
}
