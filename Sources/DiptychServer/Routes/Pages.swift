internal import Crypto
internal import Diptych
internal import Foundation

/// The pages' files, read once.
struct Pages: Sendable {
    /// Their bytes by name.
    let files: [String: [UInt8]]
    /// What changes when any of them does.
    let tag: String

    /// Those that come with the program; none where it was installed without them, and then only the API answers.
    static let installed: Pages = {
        let folder = InstalledFiles.folder("Pages", of: "DiptychServer", holding: "index.html")
        var files: [String: [UInt8]] = [:]
        for name in folder.flatMap({ try? FileManager.default.contentsOfDirectory(atPath: $0) }) ?? [] {
            if let folder, let data = FileManager.default.contents(atPath: folder + "/" + name) {
                files[name] = [UInt8](data)
            }
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
