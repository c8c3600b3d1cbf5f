internal import Diptych
internal import DiptychMedia
internal import Foundation
internal import GRDB

/// A space of a store: the embeddings of one model.
public struct StoreSpace: Sendable, Equatable {
    /// Its number, which is never used again.
    public let id: Int64
    /// The name shown to users: the model's name, made unique within the store.
    public let name: String
    /// Which model it belongs to, and how its images are read.
    public let identity: StoreIdentity
    /// Whether each embedding has the number of its asset, which spares looking it up.
    let isAligned: Bool

    /// Names a space of a store that keeps no tables.
    public init(id: Int64, name: String, identity: StoreIdentity) {
        (self.id, self.name, self.identity) = (id, name, identity)
        isAligned = false
    }

    /// The table of its vectors.
    var table: String { "embeddings_\(id)" }

    /// Reads the space of this number.
    init?(_ db: Database, id: Int64) throws {
        guard let space = try Self.all(db, where: "id = ?", [id.databaseValue]).first else { return nil }
        self = space
    }

    /// The spaces of a store, in the order in which they were made.
    static func all(_ db: Database, where condition: String = "1", _ arguments: [DatabaseValue] = []) throws -> [Self] {
        try Row.fetchAll(
            db,
            sql: """
                SELECT id, name, model, fingerprint, model_path, dimension, preprocessing, applies_orientation, decode,
                    created, aligned
                FROM spaces WHERE \(condition) ORDER BY id
                """, arguments: StatementArguments(arguments)
        ).map { try Self($0) }
    }

    private init(_ row: Row) throws {
        id = try row.decode(atIndex: 0)
        name = try row.decode(atIndex: 1)
        let named: String = try row.decode(atIndex: 8)
        let dimension: Int = try row.decode(atIndex: 5)
        guard (1...1 << 20).contains(dimension) else {
            throw StoreError(.damaged, path: name, "its dimension is \(dimension)")
        }
        guard let decode = ImageOptions.Decode(rawValue: named) else {
            throw StoreError(.notAStore, path: name, "was written by a newer Diptych (images decoded as '\(named)')")
        }
        identity = StoreIdentity(
            model: try row.decode(atIndex: 2), fingerprint: try row.decode(atIndex: 3),
            modelPath: try row.decode(atIndex: 4), dimension: dimension, preprocessing: try row.decode(atIndex: 6),
            appliesOrientation: try row.decode(atIndex: 7), decode: decode, created: try row.decode(atIndex: 9))
        isAligned = try row.decode(atIndex: 10)
    }

    /// Makes a space and its table.
    static func create(_ db: Database, like identity: StoreIdentity) throws -> Int64 {
        var name = identity.model
        var number = 1
        while try Bool.fetchOne(db, sql: "SELECT EXISTS (SELECT 1 FROM spaces WHERE name = ?)", arguments: [name])
            == true
        {
            number += 1
            name = "\(identity.model)-\(number)"
        }
        let id = try Int64.fetchOne(
            db,
            sql: """
                INSERT INTO spaces (name, model, fingerprint, model_path, dimension, preprocessing, applies_orientation,
                    decode, created) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id
                """,
            arguments: [
                name, identity.model, identity.fingerprint, identity.modelPath, identity.dimension,
                identity.preprocessing, identity.appliesOrientation, identity.decode.rawValue, identity.created,
            ])
        guard let id else { throw StoreError(.inputOutput, path: name, "the space could not be made") }
        try db.execute(sql: Schema.embeddings(of: id) + Schema.embeddingsIndex(of: id))
        return id
    }
}
