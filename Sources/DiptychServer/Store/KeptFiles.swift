internal import DiptychSearch
internal import Foundation

/// The files in a server's folder: images that clients brought, and thumbnails.
struct KeptFiles {
    let folder: URL
    let store: any VectorStore
    let thumbnails: Thumbnails

    /// Files that are younger may belong to an item that is just being stored.
    private static let leastAge = 3600.0

    /// Removes the files that belong to no item.
    func removeStrays() async throws {
        for content in thumbnails.contents() where try !store.hasEmbedding(of: content) {
            thumbnails.forget(content)
        }
        var strays = images()
        guard !strays.isEmpty else { return }
        // Uploads are items by their files' paths.
        let paths = strays.map(\.value)
        for start in stride(from: 0, to: paths.count, by: 1024) {
            let some = Array(paths[start..<min(paths.count, start + 1024)])
            for (path, known) in zip(some, try await store.known(some)) where known != nil {
                strays = strays.filter { $0.value != path }
            }
        }
        guard !strays.isEmpty else { return }
        // Others are known by what their items' URLs and contents make.
        try await store.forEachItem { item, _ in
            guard !item.path.hasPrefix("/") else { return }
            let kept = KeptImage(content: item.content, url: item.path, type: item.attributes.type, in: folder)
            strays[kept.url.lastPathComponent] = nil
        }
        for path in strays.values { unlink(path) }
    }

    /// The paths of images that are not young, by name.
    private func images() -> [String: String] {
        let root = KeptImage.folder(in: folder).path
        var found: [String: String] = [:]
        let manager = FileManager.default
        for part in (try? manager.contentsOfDirectory(atPath: root)) ?? [] where part.utf8.count == 2 {
            for name in (try? manager.contentsOfDirectory(atPath: "\(root)/\(part)")) ?? [] {
                var status = stat()
                let path = "\(root)/\(part)/\(name)"
                guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
                    Date().timeIntervalSince1970 - Double(status.st_mtim.tv_sec) > Self.leastAge
                else { continue }
                found[name] = path
            }
        }
        return found
    }
}
