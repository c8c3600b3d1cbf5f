import CMalloc
import Foundation

/// How the process takes memory from the system.
enum Allocator {
    /// Keeps what was given back in few places.
    ///
    /// glibc's allocator makes up to eight heaps a core for threads that ask at the same time, and each keeps what its threads
    /// freed: a server whose requests go from thread to thread held a hundred megabytes of free memory for twenty in use.
    /// A heap a core serves as many threads as run.
    static func prepare() {
        #if canImport(Glibc)
            _ = mallopt(M_ARENA_MAX, Int32(max(2, ProcessInfo.processInfo.activeProcessorCount)))
        #endif
    }
}
