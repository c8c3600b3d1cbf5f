public import Foundation

/// A directory that is gone after the test.
public final class TemporaryDirectory: Sendable {
    /// Its absolute path, without symbolic links.
    public let path: String

    /// Makes a new empty one.
    public init() throws {
        let parent = URL(fileURLWithPath: NSTemporaryDirectory()).resolvingSymlinksInPath().path
        path = "\(parent)/diptych-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// The directory.
    public var url: URL { URL(fileURLWithPath: path, isDirectory: true) }

    /// The path of `name` in it.
    public func path(_ name: String) -> String { "\(path)/\(name)" }

    /// Makes a folder in it, and gives its path.
    @discardableResult public func makeFolder(_ name: String) throws -> String {
        try FileManager.default.createDirectory(atPath: path(name), withIntermediateDirectories: true)
        return path(name)
    }

    /// Writes a file anew, and gives its path.
    ///
    /// An old one is unlinked first: some file systems write a file that is cut to nothing and filled again to the disk.
    @discardableResult public func write(_ bytes: [UInt8], to name: String) throws -> String {
        unlink(path(name))
        try Data(bytes).write(to: URL(fileURLWithPath: path(name)))
        return path(name)
    }

    /// Writes a text file anew.
    @discardableResult public func write(_ text: String, to name: String) throws -> String {
        try write(Array(text.utf8), to: name)
    }

    /// The bytes of a file in it.
    public func bytes(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: path(name))))
    }
}
