internal import CCurl
internal import Synchronization

/// Connections that stay open from one request to the next, of a client whose requests may all go to the same addresses.
///
/// The check of addresses happens when a connection is opened, so requests with other rules need a pool of their own.
package final class ConnectionPool: Sendable {
    // Sendable: a handle is used by one thread at a time, the one that has taken it.
    private struct Handles: @unchecked Sendable {
        var free: [UnsafeMutableRawPointer] = []
    }

    private let handles = Mutex(Handles())
    private static let most = 64

    /// No connections yet.
    package init() {}

    deinit {
        handles.withLock { handles in
            for handle in handles.free { curl_easy_cleanup(handle) }
            handles.free = []
        }
    }

    func take() -> UnsafeMutableRawPointer? { handles.withLock { $0.free.popLast() } }

    func keep(_ handle: UnsafeMutableRawPointer) {
        // What was set goes; connections, names and sessions stay.
        curl_easy_reset(handle)
        let isKept = handles.withLock { handles in
            guard handles.free.count < Self.most else { return false }
            handles.free.append(handle)
            return true
        }
        if !isKept { curl_easy_cleanup(handle) }
    }
}
