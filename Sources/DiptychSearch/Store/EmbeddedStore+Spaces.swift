public import Diptych
public import DiptychMedia
public import Foundation
internal import GRDB

extension EmbeddedStore {
    /// Opens the existing store in `directory` with the space of `model`, which is made where there is none; the current space
    /// stays what it is.
    ///
    /// - Parameter decode: how images are decoded for a new space; nil for as in the current one.
    /// - Throws: ``StoreError``; of kind `otherModel` where the space that is there was filled with other preprocessing.
    public static func open(
        at directory: URL, addingSpaceFor model: any Embedder, decode: ImageOptions.Decode? = nil
    ) async throws -> EmbeddedStore {
        let store = try await open(at: directory)
        guard !store.isReadOnly else {
            throw StoreError(
                .inputOutput, path: directory.path, "cannot be written: no permission, or it lies on a read-only mount")
        }
        let identity = try await StoreIdentity(
            of: model, appliesOrientation: store.appliesOrientation, decode: decode ?? store.decode)
        let name = try await store.write { db in
            let known = try StoreSpace.all(db).first { $0.identity.fingerprint == identity.fingerprint }
            return try String(known?.id ?? StoreSpace.create(db, like: identity))
        }
        let space = try await open(at: directory, space: name)
        try await space.require(model)
        return space
    }

    /// Makes a space the current one: searches that name none take it from now on.
    ///
    /// - Parameters:
    ///   - name: its name or number.
    ///   - acceptsGaps: whether it may lack embeddings that others have.
    /// - Returns: the space.
    /// - Throws: ``StoreError`` where there is no such space, or it is not full.
    public func switchSpace(to name: String, acceptsGaps: Bool) async throws -> StoreSpace {
        let space = try await Self.open(at: directory, space: name)
        if !acceptsGaps, let first = try await space.unembeddedParts(after: 0, limit: 1).first {
            throw StoreError(
                .invalidRequest, path: self.name,
                "the space '\(space.space.name)' is not full (\(first.path) has no embedding in it); run `diptych store embed`, or "
                    + "give --partial")
        }
        let id = space.space.id
        try await write { db in try Schema.set("space", String(id), in: db) }
        return space.space
    }

    /// Drops a space with all its embeddings; parts and annotations stay.
    ///
    /// - Throws: ``StoreError`` where there is no such space, or it is the current one.
    public func dropSpace(_ name: String) async throws -> StoreSpace {
        let space = try await Self.open(at: directory, space: name).space
        let store = self.name
        try await write { db in
            guard try Schema.value("space", in: db) != String(space.id) else {
                throw StoreError(
                    .invalidRequest, path: store,
                    "the space '\(space.name)' is the current one; switch to another first with `diptych store switch`")
            }
            try db.execute(
                sql: """
                    DROP TRIGGER IF EXISTS \(space.table)_removed;
                    DROP TABLE \(space.table);
                    DELETE FROM sqlite_sequence WHERE name = '\(space.table)';
                    DELETE FROM notes WHERE key = 'background-\(space.id)';
                    DELETE FROM spaces WHERE id = \(space.id);
                    """)
        }
        try? FileManager.default.removeItem(atPath: Self.codesFolder(directory, space: space.id))
        return space
    }
}
