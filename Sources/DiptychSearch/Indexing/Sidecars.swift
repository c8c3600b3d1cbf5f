internal import DiptychMedia
internal import Foundation
internal import Synchronization

/// Finds the XMP files beside images: `a.jpg.xmp` and `a.xmp` belong to `a.jpg`, the first before the second.
///
/// A folder is listed once for all images in it: on a network drive each question for a file takes as long as a listing.
final class Sidecars: Sendable {
    /// An XMP file beside a picture.
    struct Sidecar {
        let path: String
        /// What the store notes about it, so that a change is noticed: its name, size and time.
        let attribute: AttributeValue

        /// What it says; nothing where it cannot be read.
        var description: ImageDescription {
            let bytes = try? ImageSource.file(path).bytes(maximumBytes: 4 << 20)
            return bytes.map { ImageDescription(sidecar: $0) } ?? ImageDescription()
        }
    }

    private struct Folder {
        let path: String
        let names: Set<String>
    }

    /// The folders that were asked for last; a walk is in few at a time.
    private let recent = Mutex<[Folder]>([])
    private static let kept = 8

    /// The sidecar of the image at `path`, if there is one.
    func find(_ path: String) -> Sidecar? {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return nil }
        let folder = String(path[..<slash]), name = String(path[path.utf8.index(after: slash)...])
        let names = names(in: folder.isEmpty ? "/" : folder)
        guard !names.isEmpty else { return nil }
        let stem = name.utf8.lastIndex(of: UInt8(ascii: ".")).map { String(name[..<$0]) } ?? name
        for candidate in [name + ".xmp", name + ".XMP", stem + ".xmp", stem + ".XMP"] where names.contains(candidate) {
            let path = "\(folder)/\(candidate)"
            guard let state = FileState(path: path) else { continue }
            return Sidecar(
                path: path,
                attribute: .object([
                    "name": .text(candidate), "bytes": .integer(Int64(state.size)),
                    "modified": .integer(state.modified),
                ]))
        }
        return nil
    }

    private func names(in path: String) -> Set<String> {
        if let known = recent.withLock({ $0.first { $0.path == path } }) { return known.names }
        var names: Set<String> = []
        if let folder = opendir(path) {
            defer { closedir(folder) }
            while let entry = readdir(folder) {
                withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                    pointer.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: pointer.pointee)) {
                        let length = strlen($0)
                        guard length > 4, strcasecmp($0 + length - 4, ".xmp") == 0 else { return }
                        names.insert(String(cString: $0))
                    }
                }
            }
        }
        let found = Folder(path: path, names: names)
        recent.withLock { recent in
            recent.insert(found, at: 0)
            if recent.count > Self.kept { recent.removeLast() }
        }
        return names
    }
}
