internal import Foundation

/// Finds the items of a store whose file is no longer there.
enum Vanished {
    /// Marks the items under `roots` whose file has vanished or is left out by a pattern, and gives their number.
    ///
    /// Goes through the items in steps, so that memory stays constant.
    static func mark(
        in store: any VectorStore, under roots: [String], rules: FolderRules
    ) async throws -> Int {
        let filter = filter(under: roots)
        var (last, marked): (String?, Int) = (nil, 0)
        while true {
            try Task.checkCancellation()
            let step = try await store.places(after: last, limit: 1000, filter: filter)
            guard let end = step.last?.id else { return marked }
            last = end
            let gone = step.filter { place in
                !place.missing
                    && (hasVanished(place.path)
                        || roots.contains {
                            FilePath.path(place.path, isAtOrBelow: $0) && rules.excludes(place.path, below: $0)
                        })
            }.map(\.path)
            marked += gone.count
            try await store.markMissing(gone)
        }
    }

    /// The items that were made from `roots` or what lies below them.
    static func filter(under roots: [String]) -> Filter {
        .any(roots.flatMap { [.under($0), .compare(.path, .equal, .text($0))] })
    }

    /// Whether there is certainly no file at `path`, nor one that it is a place in, as in `shard.tar#0001.jpg`. One that cannot be
    /// reached at the moment, because a folder may not be read or a disk does not answer, has not vanished.
    static func hasVanished(_ path: String) -> Bool {
        guard isGone(path) else { return false }
        let marks = path.utf8.indices.filter { path.utf8[$0] == UInt8(ascii: "#") }
        return marks.allSatisfy { isGone(String(path[..<$0])) }
    }

    private static func isGone(_ path: String) -> Bool {
        var status = stat()
        if stat(path, &status) == 0 { return status.st_mode & S_IFMT != S_IFREG }
        return errno == ENOENT || errno == ENOTDIR
    }
}
