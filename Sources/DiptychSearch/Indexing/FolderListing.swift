internal import Foundation

/// What a folder holds that a search for pictures looks at.
struct FolderListing {
    struct Entry {
        let name: String
        let isFolder: Bool
    }

    /// The folders and the picture files, links to files among them, in the order of their names' bytes.
    let entries: [Entry]

    /// Lists the folder at `path`; nil, with `errno`, when it cannot be listed to its end.
    ///
    /// Names are looked up as the bytes that they are. One that is not UTF-8 comes out with U+FFFD in place of what is
    /// not, so that reading it fails and says why.
    init?(path: String) {
        guard let folder = opendir(path) else { return nil }
        defer { closedir(folder) }
        var entries: [Entry] = []
        while true {
            errno = 0
            guard let entry = readdir(folder) else { break }
            let found: Entry? = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: pointer.pointee)) {
                    Self.entry($0, in: dirfd(folder))
                }
            }
            if let found { entries.append(found) }
        }
        guard errno == 0 else { return nil }
        self.entries = entries.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    private static func entry(_ bytes: UnsafePointer<CChar>, in folder: Int32) -> Entry? {
        guard bytes[0] != CChar(UInt8(ascii: ".")) else { return nil }
        var status = stat()
        guard fstatat(folder, bytes, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return nil }
        let name = String(cString: bytes)
        if status.st_mode & S_IFMT == S_IFDIR { return Entry(name: name, isFolder: true) }
        guard PictureFiles.extensions.contains((name as NSString).pathExtension.lowercased()) else { return nil }
        if status.st_mode & S_IFMT == S_IFLNK, fstatat(folder, bytes, &status, 0) != 0 { return nil }
        return status.st_mode & S_IFMT == S_IFREG ? Entry(name: name, isFolder: false) : nil
    }
}
