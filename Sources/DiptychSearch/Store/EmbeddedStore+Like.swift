internal import Diptych
public import Foundation
internal import GRDB

extension EmbeddedStore {
    /// What two stores must agree on so that items of one may lie in the other; `created` and `model_path` may differ.
    private static let kind = ["model", "fingerprint", "dimension", "preprocessing", "applies_orientation", "decode"]

    /// Opens the store in `directory` for items of `other`'s kind, and makes it there if there is none; no model is needed.
    ///
    /// - Throws: ``StoreError`` when it is of another model, or of pictures that were read in another way.
    public static func open(at directory: URL, like other: EmbeddedStore) async throws -> EmbeddedStore {
        do {
            try prepare(directory)
            let pool = try connect(directory)
            if try await pool.read({ db in try !Schema.exists(in: db) }) {
                var facts = try await other.facts(kind + ["model_path"])
                facts["version"] = String(Schema.version)
                facts["created"] = String(Date().timeIntervalSince1970)
                try await create(in: pool, facts: facts, path: directory.path)
            }
            let store = try await connected(directory, pool)
            try await store.require(sameKindAs: other)
            return store
        } catch { throw StoreError.explaining(error, path: directory.path) }
    }

    /// Checks that items of `other` may lie in this store.
    ///
    /// - Throws: ``StoreError`` with what differs.
    public func require(sameKindAs other: EmbeddedStore) async throws {
        let (mine, theirs) = (try await facts(Self.kind), try await other.facts(Self.kind))
        guard mine["fingerprint"] == theirs["fingerprint"], mine["dimension"] == theirs["dimension"] else {
            func name(_ facts: [String: String]) -> String {
                "'\(facts["model"] ?? "")' (\((facts["fingerprint"] ?? "").prefix(12)))"
            }
            throw StoreError(
                .otherModel, path: other.name,
                "belongs to the model \(name(theirs)), and \(self.name) to \(name(mine)); only stores of one model "
                    + "can be merged")
        }
        for (fact, words) in [
            ("preprocessing", "preprocessed"), ("applies_orientation", "turned by EXIF orientation"),
            ("decode", "decoded"),
        ] where mine[fact] != theirs[fact] {
            throw StoreError(
                .otherModel, path: other.name,
                "its pictures were \(words) otherwise than those of \(self.name); index them again in one way")
        }
    }

    /// What the store says of itself under these names. Stores from before there was a choice say the default.
    private func facts(_ names: [String]) async throws -> [String: String] {
        try await read { db in
            var facts = ["applies_orientation": "1", "decode": "exact"].filter { names.contains($0.key) }
            for name in names { facts[name] = try Schema.value(name, in: db) ?? facts[name] }
            return facts
        }
    }
}
