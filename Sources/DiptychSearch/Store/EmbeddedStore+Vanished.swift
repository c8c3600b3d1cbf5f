internal import Foundation
internal import GRDB

extension EmbeddedStore {
    /// Marks the items under `roots` whose file is no longer there, and gives their number.
    ///
    /// Goes through the items in steps, so that memory stays constant.
    func markVanished(under roots: [String]) async throws -> Int {
        var (last, marked): (Int64, Int) = (0, 0)
        while true {
            try Task.checkCancellation()
            let after = last
            let step: [(Int64, String)] = try await read { db in
                try Row.fetchAll(
                    db,
                    sql: "SELECT id, path FROM items WHERE id > ? AND missing_since IS NULL ORDER BY id LIMIT 1000",
                    arguments: [after]
                ).map { (try $0.decode(atIndex: 0), try $0.decode(atIndex: 1)) }
            }
            guard let end = step.last?.0 else { return marked }
            last = end
            let gone = step.filter { _, path in
                roots.contains { FilePath.path(path, isAtOrBelow: $0) } && Self.hasVanished(path)
            }.map(\.0)
            guard !gone.isEmpty else { continue }
            marked += gone.count
            try await write { db in
                for id in gone {
                    try db.execute(
                        sql: "UPDATE items SET missing_since = ? WHERE id = ?",
                        arguments: [Date().timeIntervalSince1970, id])
                }
            }
        }
    }

    /// Whether there is certainly no file at `path`. One that cannot be reached at the moment, because a folder may not
    /// be read or a disk does not answer, has not vanished.
    private static func hasVanished(_ path: String) -> Bool {
        var status = stat()
        if stat(path, &status) == 0 { return status.st_mode & S_IFMT != S_IFREG }
        return errno == ENOENT || errno == ENOTDIR
    }
}
