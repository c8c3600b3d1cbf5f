internal import Foundation

/// How much memory this process holds.
enum ResidentMemory {
    /// The bytes that lie in memory now; 0 where the system does not say.
    static var bytes: Int {
        // Linux: the second number of the file is the pages that are resident.
        guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8),
            let pages = text.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
        else { return 0 }
        return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
    }
}
