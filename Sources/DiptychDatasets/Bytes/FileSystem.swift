internal import CLMDB

/// What is done with the file system that a file lies on.
package enum FileSystem {
    /// Waits until all that was written to it is on the disk, which for many files takes less than for each.
    ///
    /// - Parameter descriptor: a file or folder of it that is open.
    /// - Returns: 0, or -1 with `errno` set.
    package static func sync(_ descriptor: Int32) -> Int32 { diptych_sync_file_system(descriptor) }
}
