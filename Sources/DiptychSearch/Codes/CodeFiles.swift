internal import Foundation
internal import Synchronization

/// The folder of a store's code files: anyone may delete it, or files in it, at any time, and it is made again.
///
/// `000001.codes`, `000002.codes`, … are segments, in the order of their vectors' ids; `lock` is held by the process that
/// writes them. Readers take no lock: a segment only grows, by whole blocks that are written before they are counted, or
/// it is replaced by renaming another file over it.
package final class CodeFiles: Sendable {
    package let folder: String
    package let identity: UInt64
    package let dimension: Int
    private let known = Mutex(Known())

    private struct Known {
        var state = CodeState.empty
        var folder: FolderState?
    }

    /// What changes whenever a file of the folder comes, goes or is replaced.
    private struct FolderState: Equatable {
        let inode: UInt64
        let seconds: Int
        let nanoseconds: Int
        /// Whether a later change would certainly show: file systems count time in steps.
        let isSettled: Bool

        init?(_ path: String) {
            var status = stat()
            guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return nil }
            inode = UInt64(status.st_ino)
            seconds = status.st_mtim.tv_sec
            nanoseconds = status.st_mtim.tv_nsec
            isSettled = time(nil) - seconds > 3
        }
    }

    /// - Parameters:
    ///   - folder: where the files are; it need not exist.
    ///   - identity: a number that tells this store from others.
    ///   - dimension: the width of the store's vectors, at most 2^20.
    package init(folder: String, identity: UInt64, dimension: Int) {
        (self.folder, self.identity, self.dimension) = (folder, identity, dimension)
    }

    /// The segments as they are now.
    package func state() -> CodeState {
        known.withLock { known in
            let now = FolderState(folder)
            if let now, now.isSettled, now == known.folder {
                // No file has come or gone; they may have grown.
                let segments = known.state.parts.map(\.segment)
                guard let part = known.state.parts.last, part.segment.commit() == part.commit else {
                    known.state = CodeState(segments)
                    return known.state
                }
                return known.state
            }
            var open: [CodeSegment.FileIdentity: CodeSegment] = [:]
            for part in known.state.parts { open[part.segment.file] = part.segment }
            let segments =
                now == nil
                ? []
                : Self.names(in: folder).map { path(of: $0) }.map { path -> CodeSegment? in
                    var status = stat()
                    if stat(path, &status) == 0, let segment = open[CodeSegment.FileIdentity(status)],
                        segment.path == path
                    {
                        return segment
                    }
                    return CodeSegment(path: path, identity: identity, dimension: dimension)
                }
            // Those after a damaged one do not follow on anything.
            known.state = CodeState(segments.prefix { $0 != nil }.compactMap { $0 })
            known.folder = now
            return known.state
        }
    }

    /// The numbers of the segments that have a file, ascending.
    static func names(in folder: String) -> [Int] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.compactMap { name in
            guard name.hasSuffix(".codes"), let number = Int(name.dropLast(6)), number > 0, number < 1_000_000,
                name == Self.name(number)
            else { return nil }
            return number
        }.sorted()
    }

    static func name(_ number: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 6 - digits.count)) + digits + ".codes"
    }

    func path(of number: Int) -> String { folder + "/" + Self.name(number) }
}
