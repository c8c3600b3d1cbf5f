internal import Foundation

/// Finds the items of a store whose file is no longer there.
enum Vanished {
    /// Marks the items under `roots` whose file has vanished, and gives their number.
    ///
    /// Goes through the items in steps, so that memory stays constant.
    static func mark(in store: any VectorStore, under roots: [String]) async throws -> Int {
        let filter = Filter.any(roots.flatMap { [.under($0), .compare(.path, .equal, .text($0))] })
        var (last, marked): (String?, Int) = (nil, 0)
        while true {
            try Task.checkCancellation()
            let step = try await store.places(after: last, limit: 1000, filter: filter)
            guard let end = step.last?.id else { return marked }
            last = end
            let gone = step.filter { !$0.missing && hasVanished($0.path) }.map(\.path)
            marked += gone.count
            try await store.markMissing(gone)
        }
    }

    /// Whether there is certainly no file at `path`. One that cannot be reached at the moment, because a folder may not
    /// be read or a disk does not answer, has not vanished.
    private static func hasVanished(_ path: String) -> Bool {
        var status = stat()
        if stat(path, &status) == 0 { return status.st_mode & S_IFMT != S_IFREG }
        return errno == ENOENT || errno == ENOTDIR
    }
}
