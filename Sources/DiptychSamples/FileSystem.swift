import DiptychBasics
import Foundation

/// File operations whose errors say what the system said.
enum FileSystem {
    /// Makes a directory and those above it; one that is there is fine.
    static func makeDirectory(_ path: String) throws(SamplesError) {
        if mkdir(path, 0o777) == 0 { return }
        var code = errno
        let parent = (path as NSString).deletingLastPathComponent
        if code == ENOENT, !parent.isEmpty, parent != path {
            try makeDirectory(parent)
            if mkdir(path, 0o777) == 0 { return }
            code = errno
        }
        var isDirectory: ObjCBool = false
        let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory)
        if exists, isDirectory.boolValue { return }
        let reason = exists ? "it is a file, and a directory is needed" : String(cString: strerror(code))
        throw .unwritable(path: path, reason: reason)
    }

    /// Removes a file; one that is not there is fine.
    static func removeFile(_ path: String) throws(SamplesError) {
        guard unlink(path) == 0 || errno == ENOENT else {
            throw .unwritable(path: path, reason: String(cString: strerror(errno)))
        }
    }

    /// Writes a whole text or nothing, replacing a file of that name.
    static func write(_ text: String, to path: String) throws(SamplesError) {
        do throws(FileWriteError) { try AtomicFile.write(text.utf8, to: path, isDurable: false) } catch {
            let reason = error.code == 0 ? error.reason : String(cString: strerror(error.code))
            throw .unwritable(path: path, reason: reason)
        }
    }
}
