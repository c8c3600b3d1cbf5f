internal import DiptychBasics
internal import DiptychDatasets
public import Foundation
internal import GRDB
internal import Synchronization

/// Datasets by name, with versions that never change, in one directory.
///
///     let catalog = try Catalog.open(at: URL(filePath: "catalog"))
///     let cartoons = try catalog.create("cartoons", from: ["cartoons/"])
///     let answers = try catalog.create("answers", from: ["answers.parquet"])
///     let pairs = try cartoons.join(answers, on: "name(file.path) = filename").save(as: "pairs")
///     print(try pairs.filter("label IS NOT NULL").count)
///
/// A version's rows lie as `versions/CONTENT.sqlite`, and as `versions/CONTENT.parquet` for other programs. Files are
/// referred to by a named root and the path in it: a catalog beside its images may be moved together with them.
///
/// Calls read and write files while the caller waits; in a task, make them on a thread for such work.
public final class Catalog: Sendable {
    /// The directory.
    public let directory: URL
    let database: CatalogDatabase
    private let state: Mutex<CatalogRoots>
    private let isTemporary: Bool

    private init(_ directory: URL, _ database: CatalogDatabase, isTemporary: Bool = false) throws {
        (self.directory, self.database, self.isTemporary) = (directory, database, isTemporary)
        state = Mutex(try Self.roots(directory, database))
    }

    /// Opens a catalog, or makes one.
    ///
    /// - Parameter mayCreate: whether one is made where there is none.
    /// - Throws: ``CatalogError``.
    public static func open(at directory: URL, mayCreate: Bool = true) throws -> Catalog {
        if mayCreate {
            do {
                try FileManager.default.createDirectory(
                    at: directory.appendingPathComponent("versions"), withIntermediateDirectories: true)
            } catch {
                // Read-only places hold catalogs to read.
                guard
                    FileManager.default.fileExists(
                        atPath: directory.appendingPathComponent(CatalogDatabase.fileName).path)
                else {
                    throw CatalogError(
                        .unavailable, "\(directory.path): cannot be made: \((error as NSError).localizedDescription)")
                }
            }
        }
        return try Catalog(directory, CatalogDatabase.open(directory, isToBeMade: mayCreate))
    }

    /// A catalog that goes with the last that has it: for tables that are not to be saved.
    ///
    /// - Throws: ``CatalogError``.
    public static func temporary() throws -> Catalog {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent(
            "diptych-catalog-\(UUID().uuidString)")
        do { try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true) } catch {
            throw CatalogError(
                .unavailable, "\(directory.path): cannot be made: \((error as NSError).localizedDescription)")
        }
        return try Catalog(directory, CatalogDatabase.open(directory, isToBeMade: true), isTemporary: true)
    }

    deinit { if isTemporary { try? FileManager.default.removeItem(at: directory) } }

    private static func roots(_ directory: URL, _ database: CatalogDatabase) throws -> CatalogRoots {
        try database.read { try roots(directory, $0) }
    }

    /// Decoded where failures are those of the catalog's file.
    private static func roots(_ directory: URL, _ db: Database) throws -> CatalogRoots {
        var roots = CatalogRoots(directory: directory.path)
        for row in try Row.fetchAll(db, sql: "SELECT name, path, beside FROM roots ORDER BY rowid") {
            roots.add(
                .init(
                    name: try row.decode(atIndex: 0), noted: try row.decode(atIndex: 1),
                    beside: try row.decode(atIndex: 2)))
        }
        return roots
    }

    var roots: CatalogRoots { state.withLock { $0 } }

    /// The named folders that files lie below, and where each is now.
    public var rootPlaces: [(name: String, path: String)] {
        let roots = roots
        return roots.roots.map { ($0.name, roots.place($0.name) ?? $0.noted) }
    }

    /// Says that the files of a root lie in another folder now.
    ///
    /// - Throws: ``CatalogError`` for an unknown root, or a folder that is not there.
    public func moveRoot(_ name: String, to folder: String) throws {
        let path = CatalogRoots.real(folder)
        guard FileManager.default.fileExists(atPath: path) else {
            throw CatalogError(.unavailable, "\(folder): there is no such folder")
        }
        guard roots.place(name) != nil else {
            let known = roots.roots.map(\.name).joined(separator: ", ")
            throw CatalogError(.unknown, "there is no root '\(name)'\(known.isEmpty ? "" : "; there are \(known)")")
        }
        let root = CatalogRoots(directory: directory.path).newRoot(at: path, named: name)
        try database.write { db in
            try db.execute(
                sql: "UPDATE roots SET path = ?, beside = ? WHERE name = ?",
                arguments: [root.noted, root.beside, name])
        }
        let fresh = try Self.roots(directory, database)
        state.withLock { $0 = fresh }
    }

    /// Notes the folder that a source's files lie in as a root, where none holds it yet.
    func noteRoot(_ folder: String) throws {
        let path = CatalogRoots.real(folder)
        guard roots.split(path + "/x") == nil else { return }
        try database.write { db in
            let roots = try Self.roots(directory, db)
            guard roots.split(path + "/x") == nil else { return }
            let root = roots.newRoot(at: path)
            try db.execute(
                sql: "INSERT INTO roots (name, path, beside) VALUES (?, ?, ?)",
                arguments: [root.name, root.noted, root.beside])
        }
        let fresh = try Self.roots(directory, database)
        state.withLock { $0 = fresh }
    }

    // MARK: - Reading

    /// The newest version of every dataset that has one, by name.
    ///
    /// - Throws: ``CatalogError``.
    public func datasets() throws -> [CatalogVersion] {
        try database.read { db in
            try Row.fetchAll(
                db,
                sql: CatalogVersion.selection + """
                     WHERE versions.removed = 0 AND versions.number = (
                        SELECT max(number) FROM versions AS others WHERE others.dataset = versions.dataset AND removed = 0)
                    ORDER BY datasets.name
                    """
            ).map { try CatalogVersion($0, db) }
        }
    }

    /// All versions of a dataset, the oldest first, removed ones too.
    ///
    /// - Throws: ``CatalogError`` where there is no such dataset.
    public func versions(of name: String) throws -> [CatalogVersion] {
        let versions = try database.read { db in
            try Row.fetchAll(
                db, sql: CatalogVersion.selection + " WHERE datasets.name = ? ORDER BY versions.number",
                arguments: [name]
            ).map { try CatalogVersion($0, db) }
        }
        guard !versions.isEmpty else { throw try unknown(name) }
        return versions
    }

    /// A version: the named one, else the newest.
    ///
    /// - Throws: ``CatalogError`` where there is none.
    public func version(_ name: DatasetName) throws -> CatalogVersion {
        let versions = try versions(of: name.name)
        guard let number = name.version else {
            guard let newest = versions.last(where: { !$0.isRemoved }) else {
                throw CatalogError(.unknown, "all versions of \(name.name) were removed")
            }
            return newest
        }
        guard let version = versions.first(where: { $0.name.version == number }) else {
            let known = versions.filter { !$0.isRemoved }.compactMap(\.name.version).map(String.init)
            throw CatalogError(
                .unknown,
                "there is no \(name); \(name.name) has \(known.isEmpty ? "no version" : known.joined(separator: ", "))")
        }
        return version
    }

    /// A dataset's rows: those of the named version, else of the newest.
    ///
    /// - Parameter name: `NAME` or `NAME@VERSION`.
    /// - Throws: ``CatalogError`` where there is none, or its file is gone or damaged.
    public func table(_ name: String) throws -> CatalogTable { try table(DatasetName(name)) }

    func table(_ name: DatasetName) throws -> CatalogTable {
        let version = try version(name)
        guard !version.isRemoved else {
            throw CatalogError(.unknown, "\(version.name) was removed")
        }
        let file = try TableFile(path: path(of: version.content, ending: "sqlite"))
        guard file.content == version.content, file.count == version.count, file.columns == version.columns else {
            throw CatalogError(.damaged, "\(file.path): is not the file of \(version.name)")
        }
        return try CatalogTable(
            catalog: self, file: .init(file, isTemporary: false), version: version,
            origin: TableOrigin(parents: [version.id]))
    }

    /// Whether there is a dataset of this name with rows; a text that cannot be a name is none.
    public func has(_ name: String) -> Bool {
        guard let name = try? DatasetName(name), let version = try? version(name) else { return false }
        return !version.isRemoved
    }

    func unknown(_ name: String) throws -> CatalogError {
        let known = try datasets().map(\.name.name)
        let hint =
            known.isEmpty
            ? "the catalog \(directory.path) is empty" : "there are " + known.prefix(20).joined(separator: ", ")
        return CatalogError(.unknown, "there is no dataset '\(name)'; \(hint)")
    }

    /// Whether a version was read from a file or folder, among others.
    public func isMade(_ version: CatalogVersion?, of path: String) -> Bool {
        let (roots, path) = (roots, CatalogRoots.real(path))
        return version?.inputs.contains { roots.file($0.path) == path } == true
    }

    // MARK: - Files

    /// The forms in which a version's rows lie.
    public enum FileForm: String, Sendable {
        /// A database with one table `rows`.
        case sqlite
        /// For other programs.
        case parquet
    }

    /// The file with a version's rows.
    public func file(of version: CatalogVersion, _ form: FileForm) -> URL {
        URL(fileURLWithPath: path(of: version.content, ending: form.rawValue))
    }

    func path(of content: String, ending: String) -> String {
        directory.appendingPathComponent("versions/\(content).\(ending)").path
    }

    /// A path for an unfinished computation of this name.
    func journalPath(_ name: String) throws -> String {
        let path = try temporaryPath()
        return String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]) + "/map-\(name).sqlite"
    }

    /// A path for a file that no version has yet. Those of programs that ended are removed by ``collectGarbage()``.
    func temporaryPath() throws -> String {
        // A catalog that is only read writes beside the system's temporary files.
        let place = access(directory.path, W_OK) == 0 ? directory : FileManager.default.temporaryDirectory
        let folder = place.appendingPathComponent(place == directory ? "running" : "diptych-running")
        do { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) } catch {
            throw CatalogError(
                .unavailable, "\(folder.path): cannot be made: \((error as NSError).localizedDescription)")
        }
        return folder.appendingPathComponent("\(getpid())-\(UUID().uuidString).sqlite").path
    }
}
