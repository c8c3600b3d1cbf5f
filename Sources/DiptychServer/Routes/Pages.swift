internal import Crypto
internal import Diptych
internal import Foundation

/// The pages' files, read once.
struct Pages: Sendable {
    /// Their bytes by name.
    let files: [String: [UInt8]]
    /// What changes when any of them does.
    let tag: String

    /// Those that lie beside the program; nil where it was installed without them.
    static let installed: Pages? = {
        guard let folder = InstalledFiles.folder("Pages", of: "DiptychServer", holding: "index.html") else {
            return nil
        }
        var files: [String: [UInt8]] = [:]
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] {
            if let data = FileManager.default.contents(atPath: folder + "/" + name) { files[name] = [UInt8](data) }
        }
        return Pages(files)
    }()

    init(_ files: [String: [UInt8]]) {
        self.files = files
        var hash = SHA256()
        for (name, bytes) in files.sorted(by: { $0.key < $1.key }) {
            hash.update(data: Data(name.utf8))
            hash.update(data: bytes)
        }
        tag = "\"" + hash.finalize().prefix(12).map { String($0, radix: 36) }.joined() + "\""
    }
}
