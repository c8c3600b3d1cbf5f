internal import Foundation
internal import GRDB

extension EmbeddedStore {
    /// Notes that the folder at `path` is indexed: items below it are kept by their way from there, so that it can be moved or
    /// renamed, and finds them again after it was moved together with the store. Does nothing for a folder that lies below
    /// another root, or is none.
    ///
    /// - Parameter path: absolute, without symbolic links.
    public func addRoot(_ path: String) async throws {
        let root = path.hasSuffix("/") ? path : path + "/"
        guard path.hasPrefix("/"), Self.isFolder(path) else { return }
        let isNew = try await read { db in
            let known = try self.roots(db)
            // A root that was moved with its store is noted where it is now.
            return known.root(of: root + "_").map { $0.path == root && $0.noted != root } ?? true
        }
        if isNew { try await write { db in try self.add(root, db) } }
    }

    private func add(_ path: String, _ db: Database) throws {
        let known = try roots(db)
        if let root = known.roots.first(where: { $0.path == path }) {
            try db.execute(sql: "UPDATE roots SET path = ? WHERE id = ?", arguments: [path, root.id])
            return
        }
        guard known.root(of: path + "_") == nil else { return }
        // One that was noted here lies elsewhere now, with the store that was moved: it is the same folder's name only.
        try db.execute(sql: "UPDATE roots SET path = path || '?' || id || '/' WHERE path = ?", arguments: [path])
        let id = try Int64.fetchOne(
            db, sql: "INSERT INTO roots (name, path, beside) VALUES (?, ?, ?) RETURNING id",
            arguments: [try Self.freeName(for: path, db), path, places.way(to: path)])
        guard let id else { return }
        // Items of before lie below no root, by their whole paths. Other roots below this one keep theirs.
        let end = String(decoding: path.utf8.dropLast(), as: UTF8.self) + "0"
        try db.execute(
            sql: """
                UPDATE items SET root = ?, path = CAST(substr(CAST(path AS BLOB), ?) AS TEXT)
                WHERE root = 0 AND path >= ? AND path < ?
                """, arguments: [id, path.utf8.count + 1, path, end])
    }

    /// The last part of a path, unless another root has that name.
    private static func freeName(for path: String, _ db: Database) throws -> String {
        let last = path.split(separator: "/").last.map(String.init) ?? "/"
        var (name, number) = (last, 1)
        while try Bool.fetchOne(db, sql: "SELECT EXISTS (SELECT 1 FROM roots WHERE name = ?)", arguments: [name])
            == true
        {
            number += 1
            name = "\(last)-\(number)"
        }
        return name
    }

    /// Whether a file lies in the store's own directory, as uploads do, and below no root.
    func isOwn(_ path: String, _ roots: StoreRoots) -> Bool {
        path.utf8.starts(with: places.directory.utf8) && roots.root(of: path) == nil
    }

    /// Makes the store's own directory a root.
    func addOwnRoot(_ db: Database) throws { try add(places.directory, db) }

    /// Tells the store that a root lies elsewhere now. Its items keep their ids, and nothing is read again.
    ///
    /// - Parameters:
    ///   - old: the root's name or where it lay; also a folder below no root that items lie in.
    ///   - new: where it lies now.
    /// - Returns: the number of its items.
    /// - Throws: ``StoreError`` where there is no such root, no such folder, or items are there already.
    public func moveRoot(_ old: String, to new: String) async throws -> Int {
        guard Self.isFolder(new), let real = FilePath.real(new) else {
            throw StoreError(.invalidRequest, path: name, "there is no folder '\(new)' that its images could be in")
        }
        let path = real.hasSuffix("/") ? real : real + "/"
        return try await write { db in
            let id = try self.root(named: old, db)
            let roots = try self.roots(db)
            if let other = roots.roots.first(where: { $0.path == path && $0.id != id }) {
                throw StoreError(
                    .invalidRequest, path: self.name,
                    "'\(real)' is the root '\(other.name)' already; remove its items first")
            }
            let condition = roots.isBelow(real)
            let there =
                try Int.fetchOne(
                    db, sql: "SELECT count(*) FROM items WHERE root <> ? AND \(condition.text)",
                    arguments: StatementArguments([id.databaseValue] + condition.arguments)) ?? 0
            guard there == 0 else {
                throw StoreError(
                    .invalidRequest, path: self.name,
                    "has \(there) items below '\(real)' already; remove them first with `diptych store remove`")
            }
            try db.execute(
                sql: "UPDATE roots SET path = ?, beside = ? WHERE id = ?",
                arguments: [path, self.places.way(to: path), id])
            return try Int.fetchOne(db, sql: "SELECT count(*) FROM items WHERE root = ?", arguments: [id]) ?? 0
        }
    }

    /// The number of a root, which is made where items lie below no root.
    private func root(named name: String, _ db: Database) throws -> Int64 {
        let roots = try roots(db).roots.filter { !$0.path.isEmpty }
        let standard = URL(fileURLWithPath: name).standardizedFileURL.path
        let paths = [name, standard, FilePath.real(name) ?? standard].map { $0.hasSuffix("/") ? $0 : $0 + "/" }
        if let root = roots.first(where: { paths.contains($0.path) || paths.contains($0.noted) })
            ?? roots.first(where: { $0.name == name })
        {
            return root.id
        }
        for path in paths where path.hasPrefix("/") {
            let end = String(decoding: path.utf8.dropLast(), as: UTF8.self) + "0"
            let has = try Bool.fetchOne(
                db, sql: "SELECT EXISTS (SELECT 1 FROM items WHERE root = 0 AND path >= ? AND path < ?)",
                arguments: [path, end])
            if has == true {
                try add(path, db)
                if let root = try self.roots(db).roots.first(where: { $0.path == path }) { return root.id }
            }
        }
        let known = roots.map { "'\(Self.shown($0.path))'" }.joined(separator: ", ")
        throw StoreError(
            .missing, path: self.name, "has no root '\(name)'" + (known.isEmpty ? "" : "; its roots are \(known)"))
    }
}
