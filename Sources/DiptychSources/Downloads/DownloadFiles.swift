internal import DiptychBasics
internal import DiptychDatasets
internal import Foundation

/// The files of a download: `images/` and two digits, and the name of each by its hash.
final class DownloadFiles {
    private let folder: String
    private let unfinished: String
    private var made: Set<String> = []
    private let descriptor: Int32
    private var number = 0

    /// Makes the folder, and removes what a run that was stopped left of files.
    init(_ folder: String) throws(FileWriteError) {
        self.folder = folder
        unfinished = "\(folder)/.unfinished"
        var isDirectory: ObjCBool = false
        if FileManager.default.fileExists(atPath: folder, isDirectory: &isDirectory), !isDirectory.boolValue {
            throw FileWriteError(path: folder, "is a file; give a folder to download into")
        }
        try Self.make(folder)
        descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileWriteError(path: folder, code: errno) }
    }

    deinit {
        try? FileManager.default.removeItem(atPath: unfinished)
        close(descriptor)
    }

    private static func make(_ path: String) throws(FileWriteError) {
        do { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) } catch {
            throw FileWriteError(path: path, "cannot be made: \((error as NSError).localizedDescription)")
        }
    }

    /// Puts a file in its place, unless an equal one is there.
    ///
    /// - Returns: its path from the folder.
    func keep(_ bytes: [UInt8], hash: String, ending: String) throws(FileWriteError) -> String {
        let group = "images/\(hash.prefix(2))"
        let path = "\(group)/\(hash).\(ending)"
        var status = stat()
        if stat("\(folder)/\(path)", &status) == 0, Int(status.st_size) == bytes.count { return path }
        if number == 0 {
            try? FileManager.default.removeItem(atPath: unfinished)
            try Self.make(unfinished)
        }
        if made.insert(group).inserted { try Self.make("\(folder)/\(group)") }
        number += 1
        let temporary = "\(unfinished)/\(number)"
        let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        guard file >= 0 else { throw FileWriteError(path: "\(folder)/\(path)", code: errno) }
        var code: Int32 = 0
        bytes.withUnsafeBytes { raw in
            var place = 0
            while place < raw.count, code == 0 {
                let put = Foundation.write(file, raw.baseAddress.map { $0 + place }, raw.count - place)
                if put < 0, errno != EINTR { code = errno }
                place += max(put, 0)
            }
        }
        close(file)
        if code == 0, rename(temporary, "\(folder)/\(path)") != 0 { code = errno }
        guard code == 0 else {
            unlink(temporary)
            throw FileWriteError(path: "\(folder)/\(path)", code: code)
        }
        return path
    }

    /// What waits until all files are on the disk, on any thread. For many at a time that takes less than for each.
    func syncer() -> @Sendable () throws -> Void {
        { [descriptor, folder] in
            guard FileSystem.sync(descriptor) == 0 else { throw FileWriteError(path: folder, code: errno) }
        }
    }
}
