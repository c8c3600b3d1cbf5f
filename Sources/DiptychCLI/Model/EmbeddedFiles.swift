import CResources
import Foundation

/// The files that are part of the program, for one that was copied somewhere without the folders that come with it.
enum EmbeddedFiles {
    /// Those below a folder, by their names in it.
    static func files(in folder: String) -> [String: [UInt8]] {
        var files: [String: [UInt8]] = [:]
        var index = 0
        while let resource = diptych_resource_at(index)?.pointee {
            index += 1
            guard let path = resource.path.map({ String(cString: $0) }), path.hasPrefix(folder + "/"),
                let start = resource.start, let end = resource.end
            else { continue }
            files[String(path.dropFirst(folder.utf8.count + 1))] = Array(
                UnsafeBufferPointer(start: start, count: end - start))
        }
        return files
    }

    /// A directory with the files of a folder, unpacked into `cache` when they are first needed.
    ///
    /// - Throws: what the system says where it cannot be written.
    static func unpacked(_ folder: String, into cache: URL) throws -> URL? {
        let files = files(in: folder)
        guard !files.isEmpty else { return nil }
        // Another version's files lie elsewhere, and those that are there are whole: they were moved there together.
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325  // FNV-1a (Fowler, Noll, Vo)
        for name in files.keys.sorted() {
            for byte in Array(name.utf8) + (files[name] ?? []) { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        }
        let target = cache.appendingPathComponent("\(folder)-\(String(hash, radix: 16))", isDirectory: true)
        let manager = FileManager.default
        if manager.fileExists(atPath: target.path) { return target }
        try manager.createDirectory(at: cache, withIntermediateDirectories: true)
        let made = cache.appendingPathComponent(".\(folder)-\(UUID().uuidString)", isDirectory: true)
        try manager.createDirectory(at: made, withIntermediateDirectories: false)
        do {
            for (name, bytes) in files {
                let file = made.appendingPathComponent(name)
                try manager.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data(bytes).write(to: file)
            }
            try manager.moveItem(at: made, to: target)
        } catch {
            try? manager.removeItem(at: made)
            // Another process may have unpacked them meanwhile.
            guard manager.fileExists(atPath: target.path) else { throw error }
        }
        return target
    }
}
