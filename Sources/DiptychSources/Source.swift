/// A place with files that are listed and read: a folder on this machine, a bucket, a web server's folder.
///
/// Nothing is copied and nothing is kept but open connections. Calls block their thread until the answer is there, so they belong on
/// threads that may wait; any number of threads may call at a time. What may succeed a little later is tried again before it fails.
public protocol Source: Sendable {
    /// What ``SourceFile/source`` says of its files.
    var name: String { get }

    /// A part of the files below a prefix.
    ///
    /// - Parameters:
    ///   - prefix: what paths begin with, such as `photos/`; empty for all.
    ///   - isDeep: whether files in folders below belong to it; else those folders are named.
    ///   - next: what the part before gave as its ``SourcePage/next``; nil for the first.
    /// - Throws: ``SourceError``; what was given before stays right, and the same call may be made again.
    func page(of prefix: String, isDeep: Bool, after next: String?) throws(SourceError) -> SourcePage

    /// What the source says of one file.
    ///
    /// - Throws: ``SourceError``, of kind `missing` where there is none.
    func facts(of path: String) throws(SourceError) -> SourceFile

    /// The bytes of a file, or those in a range of it; a range that ends behind the file gives what there is.
    ///
    /// - Parameter limit: a file or range of more bytes is refused.
    /// - Throws: ``SourceError``.
    func read(_ path: String, _ range: Range<Int>?, limit: Int) throws(SourceError) -> [UInt8]
}

extension Source {
    /// All files below a prefix, a part at a time; ends with the error where a part cannot be had.
    public func files(below prefix: String = "") -> some Sequence<Result<SourceFile, SourceError>> {
        SourceFiles(source: self, prefix: prefix)
    }
}

private struct SourceFiles: Sequence {
    let source: any Source
    let prefix: String

    func makeIterator() -> AnyIterator<Result<SourceFile, SourceError>> {
        var page: ArraySlice<SourceFile> = []
        var (next, isOver) = (nil as String?, false)
        return AnyIterator {
            while page.isEmpty {
                guard !isOver else { return nil }
                do throws(SourceError) {
                    let more = try source.page(of: prefix, isDeep: true, after: next)
                    (page, next) = (more.files[...], more.next)
                    isOver = next == nil
                } catch {
                    isOver = true
                    return .failure(error)
                }
            }
            return page.popFirst().map { .success($0) }
        }
    }
}

/// Why a source, or one of its files, could not be read: in one line, with what to do.
public struct SourceError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What kind of trouble it is.
    public enum Kind: Sendable {
        /// There is no such file, folder or bucket.
        case missing
        /// The source does not let this client read it.
        case forbidden
        /// The source is busy, failed, or ended its answer early, several times.
        case unavailable
        /// The source answers something that cannot be understood.
        case malformed
        /// There are more bytes than were to be read.
        case tooLarge
        /// The URL cannot be one of a source.
        case invalid
    }

    /// What kind of trouble it is.
    public let kind: Kind
    /// The file, or the source.
    public let url: String
    /// What was wrong and what to do.
    public let reason: String
    /// The server's status, if it gave one.
    public let status: Int?

    /// Describes a failure.
    public init(_ kind: Kind, url: String, status: Int? = nil, _ reason: String) {
        (self.kind, self.url, self.status, self.reason) = (kind, url, status, reason)
    }

    /// URL and reason in one line.
    public var description: String { "\(url): \(reason)" }
}
