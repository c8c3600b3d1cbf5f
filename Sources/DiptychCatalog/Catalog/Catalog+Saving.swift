internal import DiptychBasics
internal import DiptychDatasets
internal import Foundation
internal import GRDB

extension CatalogTable {
    /// Makes the table a new version of a dataset: the first, where there is none of this name.
    ///
    /// The version is on the disk when the call returns, and after a power cut too; before that, there is nothing of it.
    ///
    /// - Parameters:
    ///   - name: the dataset.
    ///   - command: what a person typed, to be found in the version's description.
    /// - Returns: the version as a table.
    /// - Throws: ``CatalogError``, `FileWriteError`.
    @discardableResult
    public func save(as name: String, command: String? = nil) throws -> CatalogTable {
        try save(as: name, command: command, after: nil)
    }

    /// The same, where nobody has made a version meanwhile.
    ///
    /// - Parameter before: the number of the newest version that the rows were made with, 0 where there was none; nil for any.
    func save(as name: String, command: String?, after before: Int?) throws -> CatalogTable {
        try DatasetName.check(new: name)
        let name = try DatasetName(name)
        // Nobody collects what is about to get a name.
        let lock = try CatalogLock(catalog.directory, isExclusive: false)
        defer { lock.release() }
        try catalog.keep(self)
        let version = try catalog.database.write { db in
            try db.execute(sql: "INSERT OR IGNORE INTO datasets (name) VALUES (?)", arguments: [name.name])
            let dataset =
                try Int64.fetchOne(db, sql: "SELECT id FROM datasets WHERE name = ?", arguments: [name.name]) ?? 0
            let number =
                try Int.fetchOne(
                    db, sql: "SELECT coalesce(max(number), 0) + 1 FROM versions WHERE dataset = ?", arguments: [dataset]
                ) ?? 1
            if let before, before != number - 1 {
                throw CatalogError(
                    .unavailable,
                    "\(name)@\(number - 1) was made meanwhile by another process; run the command again to go on from it"
                )
            }
            try db.execute(
                sql: """
                    INSERT INTO versions (dataset, number, content, count, columns, created, steps, inputs, models, command, program)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    dataset, number, content, count, TypeText.text(columns), Date().timeIntervalSince1970,
                    JSONValue.array(origin.steps).text, JSONValue.array(origin.inputs.map(\.json)).text,
                    JSONValue.array(origin.models.map(JSONValue.string)).text, command, "diptych",
                ])
            let id = db.lastInsertedRowID
            for (position, parent) in origin.parents.enumerated() {
                try db.execute(
                    sql: "INSERT INTO parents (version, position, parent) VALUES (?, ?, ?)",
                    arguments: [id, position, parent])
            }
            return number
        }
        return try catalog.table(DatasetName(checked: name.name, version: version))
    }
}

extension Catalog {
    /// Puts a table's rows among those of versions, where they are not there yet.
    fileprivate func keep(_ table: CatalogTable) throws {
        let folder = directory.appendingPathComponent("versions")
        do { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) } catch {
            throw CatalogError(
                .unavailable, "\(folder.path): cannot be made: \((error as NSError).localizedDescription)")
        }
        let (rows, parquet) = (path(of: table.content, ending: "sqlite"), path(of: table.content, ending: "parquet"))
        if !FileManager.default.fileExists(atPath: parquet) { try ParquetCopy.write(table, to: parquet) }
        if !FileManager.default.fileExists(atPath: rows) {
            let copy = try temporaryPath()
            // A link, where the file system has such: the table goes on with its own file, which it removes at its end.
            if link(table.file.path, copy) != 0 {
                do { try FileManager.default.copyItem(atPath: table.file.path, toPath: copy) } catch {
                    throw CatalogError(
                        .unavailable, "\(copy): cannot be written: \((error as NSError).localizedDescription)")
                }
                try FileSync.sync(copy)
            }
            guard rename(copy, rows) == 0 else {
                throw CatalogError(.unavailable, "\(rows): cannot be written: \(String(cString: strerror(errno)))")
            }
        }
        try FileSync.sync(folder.path)
    }

    /// Removes a version, or all versions of a dataset: nobody finds them any more. Their rows go with ``collectGarbage()``.
    ///
    /// - Parameter name: `NAME@VERSION` or `NAME`.
    /// - Returns: the versions that were removed.
    /// - Throws: ``CatalogError`` where there is none.
    @discardableResult
    public func remove(_ name: String) throws -> [DatasetName] {
        let wanted = try DatasetName(name)
        let versions =
            try wanted.version == nil ? versions(of: wanted.name).filter { !$0.isRemoved } : [version(wanted)]
        guard !versions.isEmpty, versions.allSatisfy({ !$0.isRemoved }) else {
            throw CatalogError(.unknown, "\(wanted) was removed before")
        }
        try database.write { db in
            for version in versions {
                try db.execute(sql: "UPDATE versions SET removed = 1 WHERE id = ?", arguments: [version.id])
            }
        }
        return versions.map(\.name)
    }

    /// What was collected.
    public struct Garbage: Sendable, Equatable {
        /// The number of files.
        public var files = 0
        /// Their bytes.
        public var bytes: Int64 = 0
    }

    /// Removes the files of removed versions, and what programs left that did not end.
    ///
    /// - Throws: ``CatalogError``, also while another process saves a version.
    public func collectGarbage() throws -> Garbage {
        let lock = try CatalogLock(directory, isExclusive: true)
        defer { lock.release() }
        let kept = try Set(
            database.read { try String.fetchAll($0, sql: "SELECT content FROM versions WHERE removed = 0") })
        var garbage = Garbage()
        func remove(_ file: URL) throws {
            let size = (try? file.resourceValues(forKeys: [.fileSizeKey]))?.fileSize ?? 0
            do { try FileManager.default.removeItem(at: file) } catch {
                throw CatalogError(
                    .unavailable, "\(file.path): cannot be removed: \((error as NSError).localizedDescription)")
            }
            garbage.files += 1
            garbage.bytes += Int64(size)
        }
        func entries(_ folder: String) -> [URL] {
            let url = directory.appendingPathComponent(folder)
            return
                (try? FileManager.default.contentsOfDirectory(
                    at: url, includingPropertiesForKeys: [.fileSizeKey, .contentModificationDateKey])) ?? []
        }
        for file in entries("versions") where !kept.contains(String(file.lastPathComponent.prefix { $0 != "." })) {
            try remove(file)
        }
        for file in entries("running") {
            let name = file.lastPathComponent
            let age = (try? file.resourceValues(forKeys: [.contentModificationDateKey]))?.contentModificationDate
            // An unfinished computation may go on for a week; a file of a process that lives is in use.
            if name.hasPrefix("map-") {
                if let age, age.timeIntervalSinceNow > -7 * 86_400 { continue }
                try remove(file)
                continue
            }
            guard let process = Int32(name.prefix { $0 != "-" }) else { continue }
            if process == getpid() || kill(process, 0) == 0 || errno == EPERM { continue }
            try remove(file)
        }
        return garbage
    }
}

/// Keeps files from being collected while they get a name.
private final class CatalogLock {
    private let descriptor: Int32

    init(_ directory: URL, isExclusive: Bool) throws {
        let path = directory.appendingPathComponent("lock").path
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw CatalogError(.unavailable, "\(path): \(String(cString: strerror(errno)))")
        }
        guard flock(descriptor, isExclusive ? LOCK_EX | LOCK_NB : LOCK_SH) == 0 else {
            let code = errno
            close(descriptor)
            throw CatalogError(
                .unavailable,
                code == EWOULDBLOCK
                    ? "\(directory.path): another process saves a version; try again when it has ended"
                    : "\(path): \(String(cString: strerror(code)))")
        }
    }

    func release() { close(descriptor) }
}
