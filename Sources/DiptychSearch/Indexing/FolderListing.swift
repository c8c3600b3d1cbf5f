internal import Foundation

/// What a folder holds that a search for images looks at.
struct FolderListing {
    enum Kind { case folder, linkedFolder, image, other }

    struct Entry {
        let name: String
        let kind: Kind
    }

    /// The folders and the files, links to files among them, in the order of their names' bytes. Hidden ones are left out.
    let entries: [Entry]
    /// The file system that the folder is on, and its number there.
    let place: FolderPlace

    /// Lists the folder at `path`; nil, with `errno`, when it cannot be listed to its end.
    ///
    /// Names are looked up as the bytes that they are. One that is not UTF-8 comes out with U+FFFD in place of what is
    /// not, so that reading it fails and says why.
    init?(path: String, withVideos: Bool = false) {
        guard let folder = opendir(path) else { return nil }
        defer { closedir(folder) }
        var status = stat()
        guard fstat(dirfd(folder), &status) == 0 else { return nil }
        place = FolderPlace(status)
        var entries: [Entry] = []
        while true {
            errno = 0
            guard let entry = readdir(folder) else { break }
            let type = Int32(entry.pointee.d_type)
            let found: Entry? = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: pointer.pointee)) {
                    Self.entry($0, type: type, in: dirfd(folder), withVideos: withVideos)
                }
            }
            if let found { entries.append(found) }
        }
        guard errno == 0 else { return nil }
        self.entries = entries.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    private static func entry(_ bytes: UnsafePointer<CChar>, type: Int32, in folder: Int32, withVideos: Bool) -> Entry?
    {
        guard bytes[0] != CChar(UInt8(ascii: ".")) else { return nil }
        let name = String(cString: bytes)
        // Many file systems say in the listing what an entry is; the others are asked for each.
        var mode: mode_t
        switch type {
        case Int32(DT_REG): mode = S_IFREG
        case Int32(DT_DIR): mode = S_IFDIR
        default:
            var status = stat()
            guard fstatat(folder, bytes, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return nil }
            mode = status.st_mode & S_IFMT
        }
        if mode == S_IFDIR { return Entry(name: name, kind: .folder) }
        var isLink = false
        if mode == S_IFLNK {
            var status = stat()
            guard fstatat(folder, bytes, &status, 0) == 0 else { return nil }
            mode = status.st_mode & S_IFMT
            isLink = true
        }
        if isLink, mode == S_IFDIR { return Entry(name: name, kind: .linkedFolder) }
        guard mode == S_IFREG else { return nil }
        let ending = ImageFiles.kind(of: name)
        let isTaken = ImageFiles.extensions.contains(ending) || withVideos && VideoFiles.extensions.contains(ending)
        return Entry(name: name, kind: isTaken ? .image : .other)
    }
}

/// A folder, whatever its name: its file system and its number there.
struct FolderPlace: Hashable {
    let device: UInt64
    let number: UInt64

    init(_ status: stat) {
        (device, number) = (UInt64(status.st_dev), UInt64(status.st_ino))
    }

    /// The folder at `path`, through links; nil where there is none.
    init?(path: String) {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return nil }
        self.init(status)
    }
}
