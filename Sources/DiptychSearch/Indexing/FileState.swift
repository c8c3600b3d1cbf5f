internal import Foundation

/// A file's state by which a change is noticed without reading it.
struct FileState: Sendable, Equatable {
    var size = 0
    /// Nanoseconds since 1970.
    var modified: Int64 = 0
    /// Whether the file was modified so long before this that a change after it shows in the time.
    ///
    /// File systems count time in steps, of up to two seconds (FAT): a file that is written twice within a step, and
    /// read between, keeps its time. Such a file is read once more in the next run.
    var isSettled = false

    private static let longestStep: Int64 = 2_000_000_000

    /// The state of the file at `path` now; nil when there is none.
    init?(path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        size = Int(status.st_size)
        modified = Self.nanoseconds(status.st_mtim)
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        isSettled = Self.nanoseconds(now) - modified > Self.longestStep
    }

    init() {}

    /// A time that no 64 bits hold, which a file may claim, counts as the last that they do.
    private static func nanoseconds(_ time: timespec) -> Int64 {
        let (seconds, overflow) = Int64(time.tv_sec).multipliedReportingOverflow(by: 1_000_000_000)
        return overflow
            ? (time.tv_sec < 0 ? .min / 2 : .max / 2) : max(.min / 2, min(.max / 2, seconds)) + Int64(time.tv_nsec)
    }
}
