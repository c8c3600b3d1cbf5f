internal import Diptych
internal import Foundation
internal import GRDB

extension EmbeddedStore {
    /// The store's counts, model, roots and spaces.
    public func info() async throws -> StoreInfo {
        let (directory, space, places) = (directory, space, places)
        let index = try await indexProgress()
        return try await read { db in
            let names = (try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? []
            let bytes = names.reduce(0) { sum, name in
                let path = directory.appendingPathComponent(name).path
                let size = (try? FileManager.default.attributesOfItem(atPath: path))?[.size] as? NSNumber
                return sum + (size?.intValue ?? 0)
            }
            let spaces = try StoreSpace.all(db)
            let identity = (spaces.first { $0.id == space.id } ?? space).identity
            let current = try Schema.value("space", in: db)
            var info = StoreInfo(
                count: try Int.fetchOne(db, sql: "SELECT count(*) FROM items WHERE missing_since IS NULL") ?? 0,
                missing: try Int.fetchOne(db, sql: "SELECT count(*) FROM items WHERE missing_since IS NOT NULL") ?? 0,
                vectors: try Int.fetchOne(db, sql: "SELECT count(*) FROM \(space.table)") ?? 0,
                model: identity.model, fingerprint: identity.fingerprint, modelPath: identity.modelPath,
                dimension: identity.dimension, appliesOrientation: identity.appliesOrientation,
                decode: identity.decode,
                bytes: bytes + spaces.reduce(0) { $0 + Self.codeBytes(directory, space: $1.id) },
                created: try Schema.value("created", in: db).flatMap { Double($0) } ?? 0)
            info.spaces = try spaces.map { other in
                StoreInfo.Space(
                    other,
                    embeddings: try Int.fetchOne(db, sql: "SELECT count(*) FROM \(other.table)") ?? 0,
                    parts: try Int.fetchOne(db, sql: "SELECT count(*) FROM parts") ?? 0,
                    isCurrent: String(other.id) == current)
            }
            info.roots = try StoreRoots(db, places: places).roots.filter { !$0.path.isEmpty }.map { root in
                StoreInfo.Root(
                    name: root.name, path: Self.shown(root.path),
                    count: try Int.fetchOne(
                        db, sql: "SELECT count(*) FROM items WHERE root = ?", arguments: [root.id]) ?? 0,
                    isThere: Self.isFolder(root.path))
            }.sorted { $0.path < $1.path }
            info.index = index
            return info
        }
    }

    /// A root's path without its last slash.
    static func shown(_ path: String) -> String { path.utf8.count > 1 ? String(path.dropLast()) : path }

    static func isFolder(_ path: String) -> Bool {
        var isDirectory: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && isDirectory.boolValue
    }
}
