internal import Foundation
internal import GRDB
internal import Synchronization

/// The folders that a store's items lie below, as they lie now. A path is that of its root, which ends with a slash, and the
/// item's own behind it.
struct StoreRoots: Sendable {
    struct Root: Sendable, Equatable {
        let id: Int64
        let name: String
        /// Absolute, with a slash at the end; empty for the root of what has none.
        let path: String
        /// Where the store noted it, when it was last indexed.
        let noted: String
    }

    /// The deepest first; the last one has the empty path.
    let roots: [Root]

    /// Reads the roots of the store in `directory`.
    init(_ db: Database, places: RootPlaces) throws {
        var roots: [Root] = []
        let rows = try Row.fetchCursor(db.cachedStatement(sql: "SELECT id, name, path, beside FROM roots"))
        while let row = try rows.next() {
            let (noted, beside): (String, String?) = (try row.decode(atIndex: 2), try row.decode(atIndex: 3))
            roots.append(
                Root(
                    id: try row.decode(atIndex: 0), name: try row.decode(atIndex: 1),
                    path: places.path(noted: noted, beside: beside), noted: noted))
        }
        // Of two roots that came to lie in one place, the older one counts.
        self.roots = roots.sorted { ($1.path.utf8.count, $0.id) < ($0.path.utf8.count, $1.id) }
    }

    /// The root and the rest of a path.
    func place(of path: String) -> (root: Int64, path: String) {
        guard let root = root(of: path) else { return (0, path) }
        return (root.id, Self.rest(path, behind: root.path))
    }

    /// The deepest root that a path lies below.
    func root(of path: String) -> Root? { roots.first { !$0.path.isEmpty && Self.path(path, isBelow: $0.path) } }

    /// The whole path of an item.
    func path(root: Int64, _ path: String) -> String {
        guard root != 0, let root = roots.first(where: { $0.id == root }) else { return path }
        return root.path + path
    }

    /// An expression for the whole path of an item.
    var pathSQL: SQLCondition {
        let named = roots.filter { !$0.path.isEmpty }
        guard !named.isEmpty else { return SQLCondition("items.path") }
        return SQLCondition(
            "(CASE items.root \(named.map { "WHEN \($0.id) THEN ?" }.joined(separator: " ")) ELSE '' END || items.path)",
            named.map(\.path.databaseValue))
    }

    /// A condition for the item at a path, which an index serves.
    func isAt(_ path: String) -> SQLCondition {
        let place = place(of: path)
        return SQLCondition(
            "(items.root = \(place.root) AND items.path = ?)", [place.path.databaseValue])
    }

    /// A condition for the items below a folder, which an index serves.
    ///
    /// - Parameters:
    ///   - folder: absolute, without a slash at the end, but for `/`.
    ///   - directly: whether those of deeper folders are left out.
    func isBelow(_ folder: String, directly: Bool = false) -> SQLCondition {
        let prefix = folder == "/" ? "/" : folder + "/"
        let conditions = roots.compactMap { root -> SQLCondition? in
            if Self.path(prefix, isAtOrBelow: root.path) {
                let rest = Self.rest(prefix, behind: root.path)
                // '0' is what follows '/': everything that begins with the folder and a slash lies between.
                var condition =
                    rest.isEmpty
                    ? SQLCondition("(items.root = \(root.id)")
                    : SQLCondition(
                        "(items.root = \(root.id) AND items.path >= ? AND items.path < ?",
                        [rest.databaseValue, (rest.dropLast() + "0").databaseValue])
                if directly {
                    condition.text += " AND instr(substr(items.path, \(rest.unicodeScalars.count + 1)), '/') = 0"
                }
                condition.text += ")"
                return condition
            }
            return !directly && Self.path(root.path, isBelow: prefix) ? SQLCondition("items.root = \(root.id)") : nil
        }
        return SQLCondition(
            "(\(conditions.map(\.text).joined(separator: " OR ")))", conditions.flatMap(\.arguments))
    }

    // Paths are compared byte by byte: names that only look the same are different files.
    private static func path(_ path: String, isBelow folder: String) -> Bool {
        path.utf8.count > folder.utf8.count && path.utf8.starts(with: folder.utf8)
    }

    private static func path(_ path: String, isAtOrBelow folder: String) -> Bool {
        path.utf8.starts(with: folder.utf8)
    }

    private static func rest(_ path: String, behind folder: String) -> String {
        String(decoding: path.utf8.dropFirst(folder.utf8.count), as: UTF8.self)
    }
}

/// Where roots lie now. A store that was moved together with its images finds them by their way from its directory; moved
/// alone, it finds them where they were.
final class RootPlaces: Sendable {
    /// The store's directory, without symbolic links, with a slash at the end.
    let directory: String
    private let known = Mutex<[String: String]>([:])

    init(_ directory: URL) {
        let path = FilePath.real(directory.path) ?? directory.standardizedFileURL.path
        self.directory = path.hasSuffix("/") ? path : path + "/"
    }

    /// Where a root lies; the file system is asked once.
    func path(noted: String, beside: String?) -> String {
        guard let beside else { return noted }
        let key = beside + "\0" + noted
        if let path = known.withLock({ $0[key] }) { return path }
        let moved = URL(fileURLWithPath: directory + beside, isDirectory: true).standardizedFileURL.path
        let path = moved.hasSuffix("/") ? moved : moved + "/"
        var status = stat()
        let isThere = stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
        let result = isThere ? path : noted
        known.withLock { $0[key] = result }
        return result
    }

    /// The way from the store's directory to a folder that may be moved with it: one that the store lies in, or one that lies
    /// in the folder of the store or below. Nil for others.
    func way(to folder: String) -> String? {
        if directory.utf8.starts(with: folder.utf8) {
            let depth = directory.utf8.dropFirst(folder.utf8.count).count { $0 == UInt8(ascii: "/") }
            return String(repeating: "../", count: depth)
        }
        guard let slash = directory.dropLast().lastIndex(of: "/") else { return nil }
        let parent = directory[...slash]
        guard parent != "/", folder.utf8.starts(with: parent.utf8) else { return nil }
        return "../" + String(decoding: folder.utf8.dropFirst(parent.utf8.count), as: UTF8.self)
    }
}
