public import DiptychDatasets
internal import Foundation
internal import Synchronization

/// The sources that were found already, with their open connections.
final class KnownSources: Sendable {
    private let sources = Mutex<[String: any Source]>([:])
    private static let most = 256

    func source(_ name: String, _ make: () throws(SourceError) -> any Source) throws(SourceError) -> any Source {
        if let source = sources.withLock({ $0[name] }) { return source }
        let source = try make()
        return sources.withLock { sources in
            if let other = sources[name] { return other }
            if sources.count >= Self.most { sources.removeAll() }
            sources[name] = source
            return source
        }
    }
}

/// Sources as paths that datasets are read from: `RemotePaths.install(RemoteSources(options))`.
public final class RemoteSources: RemoteFiles {
    private let sources: Sources
    /// Files that were opened, of which many rows are read.
    private let opened = Mutex<[String: any RemoteFile]>([:])
    private let prepared = PreparedFiles()
    /// What lists said, by URL.
    private let listed = Mutex<[String: SourceFile]>([:])
    private static let most = 64
    private static let mostFiles = 10_000_000

    /// Prepares to read.
    public init(_ options: SourceOptions) { sources = Sources(options) }

    /// Whether a path is a URL of a source.
    public func holds(_ path: String) -> Bool { Sources.isElsewhere(path) }

    /// A file that is read in parts.
    public func open(_ path: String) throws(DatasetError) -> any RemoteFile {
        if let file = opened.withLock({ $0[path] }) { return file }
        let file: any RemoteFile = try explaining { () throws(SourceError) in
            let (source, inside) = try sources.locate(path)
            if let web = source as? WebSource {
                let look = try web.look(inside)
                guard !look.isPage else {
                    throw SourceError(
                        .malformed, url: path,
                        "is a web page; give the URL of a file, or of a page with links to files, with a slash at its end"
                    )
                }
                guard look.givesParts, look.file.size != nil else { return try SpooledFile(web, inside, path) }
                return SourceObject(source, look.file)
            }
            let facts = try source.facts(of: inside)
            listed.withLock { $0[path] = facts }
            return SourceObject(source, facts)
        }
        opened.withLock { opened in
            if opened.count >= Self.most { opened.removeAll() }
            opened[path] = file
        }
        return file
    }

    /// All bytes of a file.
    public func read(_ path: String, limit: Int) throws(DatasetError) -> [UInt8] {
        if let result = prepared.take(path) {
            // Larger ones were not read ahead.
            if case .failure(let error) = result, error.kind != .tooLarge { throw error }
            if case .success(let bytes) = result, bytes.count <= limit { return bytes }
        }
        return try explaining { () throws(SourceError) in
            let (source, inside) = try sources.locate(path)
            return try source.read(inside, nil, limit: limit)
        }
    }

    /// Begins to read a file that will be wanted soon.
    public func prepare(_ path: String) {
        prepared.begin(path) { [self] in
            Result { () throws(DatasetError) in
                try explaining { () throws(SourceError) in
                    let (source, inside) = try sources.locate(path)
                    return try source.read(inside, nil, limit: PreparedFiles.largest)
                }
            }
        }
    }

    /// Whether a path is a folder.
    public func isFolder(_ path: String) throws(DatasetError) -> Bool {
        try explaining { () throws(SourceError) in
            let (source, inside) = try sources.locate(path)
            if inside.isEmpty || inside.hasSuffix("/") { return true }
            if let web = source as? WebSource { return try web.look(inside).isFolder }
            // A list first: whoever may list, learns of either in one or two requests.
            let first: SourcePage
            do throws(SourceError) { first = try source.page(of: inside, isDeep: true, after: nil) } catch {
                // A file may be read where nothing may be listed.
                guard error.kind == .forbidden, (try? source.facts(of: inside)) != nil else { throw error }
                return false
            }
            if first.files.first?.path == inside { return false }
            if first.files.contains(where: { $0.path.hasPrefix(inside + "/") }) { return true }
            if first.next != nil, try !source.page(of: inside + "/", isDeep: true, after: nil).files.isEmpty {
                return true
            }
            throw SourceError(.missing, url: path, "there is no such file or folder")
        }
    }

    /// What lies in a folder.
    public func entries(of folder: String) throws(DatasetError) -> [RemoteEntry] {
        try explaining { () throws(SourceError) in
            let (source, prefix) = try place(folder)
            var entries: [RemoteEntry] = []
            var next: String?
            repeat {
                let page = try source.page(of: prefix, isDeep: false, after: next)
                for file in page.files {
                    if let name = Self.rest(of: file.path, behind: prefix) {
                        entries.append(RemoteEntry(name, isFolder: false))
                    }
                }
                for path in page.folders {
                    if let name = Self.rest(of: path, behind: prefix)?.dropLast(), !name.isEmpty {
                        entries.append(RemoteEntry(String(name), isFolder: true))
                    }
                }
                guard entries.count <= Self.mostFiles else { throw Self.tooMany(folder) }
                next = page.next
            } while next != nil
            return entries
        }
    }

    /// The files in a folder and below.
    public func files(below folder: String) throws(DatasetError) -> [String] {
        try explaining { () throws(SourceError) in
            let (source, prefix) = try place(folder)
            var paths: [String] = []
            for result in source.files(below: prefix) {
                let file = try result.get()
                // A folder that was made by hand is a file with a slash at its end.
                guard !file.path.hasSuffix("/"), let path = Self.rest(of: file.path, behind: prefix) else { continue }
                paths.append(path)
                listed.withLock { $0[file.url] = file }
                guard paths.count <= Self.mostFiles else { throw Self.tooMany(folder) }
            }
            return paths
        }
    }

    /// What is known of a file since it was listed or opened.
    public func facts(of path: String) -> RemoteFacts? {
        listed.withLock { $0[path] }.map { file in
            let seconds = file.lastModified.flatMap { Int64(exactly: $0.timeIntervalSince1970.rounded(.down)) }
            return RemoteFacts(
                source: file.source, path: file.path, size: file.size, version: file.version, etag: file.etag,
                lastModified: seconds.map { DatasetTimestamp(seconds: $0, isUTC: true) })
        }
    }

    /// A path without the prefix that it begins with, byte by byte: an accent may follow a slash; nil where nothing is left.
    private static func rest(of path: String, behind prefix: String) -> String? {
        let rest = path.utf8.dropFirst(prefix.utf8.count)
        return rest.isEmpty ? nil : String(decoding: rest, as: UTF8.self)
    }

    private static func tooMany(_ folder: String) -> SourceError {
        SourceError(.tooLarge, url: folder, "has more than \(mostFiles) files; name a part of them")
    }

    /// A folder's source, and what the paths of its files begin with.
    private func place(_ folder: String) throws(SourceError) -> (any Source, String) {
        let (source, path) = try sources.locate(folder.hasSuffix("/") ? folder : folder + "/")
        return (source, path)
    }

    private func explaining<T>(_ body: () throws(SourceError) -> T) throws(DatasetError) -> T {
        do throws(SourceError) { return try body() } catch { throw DatasetError(error) }
    }
}

extension DatasetError {
    /// A source's failure as one of a dataset.
    init(_ error: SourceError) {
        let kind: DatasetError.Kind =
            switch error.kind {
            case .missing, .forbidden, .unavailable, .invalid: .unreadable
            case .malformed: .malformed
            case .tooLarge: .tooLarge
            }
        self.init(kind, path: error.url, error.reason)
    }
}

/// A file of a source that gives parts of it, read in blocks: rows are small, and asking takes long.
final class SourceObject: RemoteFile {
    let size: Int
    private let source: any Source
    private let file: SourceFile
    /// The blocks that were read last, the latest at the end.
    private let blocks = Mutex<[(number: Int, bytes: [UInt8])]>([])

    private static let blockSize = 2 << 20
    private static let mostBlocks = 16

    init(_ source: any Source, _ file: SourceFile) {
        (self.source, self.file, size) = (source, file, file.size ?? 0)
    }

    func read(at offset: Int, count: Int) throws(DatasetError) -> [UInt8] {
        guard count < Self.blockSize else { return try part(offset..<offset + count) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        while bytes.count < count {
            let place = offset + bytes.count
            let block = try block(place / Self.blockSize)
            let start = place % Self.blockSize
            let end = min(block.count, start + count - bytes.count)
            guard start < end else { throw changed }
            bytes += block[start..<end]
        }
        return bytes
    }

    private func block(_ number: Int) throws(DatasetError) -> [UInt8] {
        let known = blocks.withLock { blocks -> [UInt8]? in
            guard let place = blocks.firstIndex(where: { $0.number == number }) else { return nil }
            let block = blocks.remove(at: place)
            blocks.append(block)
            return block.bytes
        }
        if let known { return known }
        let start = number * Self.blockSize
        let bytes = try part(start..<min(size, start + Self.blockSize))
        blocks.withLock { blocks in
            if blocks.count >= Self.mostBlocks { blocks.removeFirst() }
            blocks.append((number, bytes))
        }
        return bytes
    }

    private func part(_ range: Range<Int>) throws(DatasetError) -> [UInt8] {
        let bytes: [UInt8]
        do throws(SourceError) { bytes = try source.read(file.path, range, limit: range.count) } catch {
            throw DatasetError(error)
        }
        guard bytes.count == range.count else { throw changed }
        return bytes
    }

    private var changed: DatasetError {
        DatasetError(.unreadable, path: file.url, "changed while it was read; try again")
    }
}

/// A file of a server that gives only all of it: it is kept in a nameless temporary file.
final class SpooledFile: RemoteFile {
    let size: Int
    private let descriptor: Int32
    private let path: String

    init(_ source: WebSource, _ inside: String, _ path: String) throws(SourceError) {
        self.path = path
        let folder = FileManager.default.temporaryDirectory.path
        let name = "\(folder)/diptych-\(getpid())-\(UInt64.random(in: 0...UInt64.max)).spool"
        let file = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        var code = file < 0 ? errno : 0
        func failure() -> SourceError {
            SourceError(
                .unavailable, url: path,
                "cannot be kept in \(folder): \(String(cString: strerror(code))); set TMPDIR to a folder with room")
        }
        guard file >= 0 else { throw failure() }
        // Gone with the last who has it open.
        unlink(name)
        var written = 0
        do throws(SourceError) {
            try source.stream(
                inside,
                SourceClient.Sink(
                    write: { part in
                        var place = 0
                        while place < part.count {
                            let put = Foundation.write(file, part.baseAddress.map { $0 + place }, part.count - place)
                            if put < 0, errno == EINTR { continue }
                            guard put > 0 else {
                                code = errno
                                return false
                            }
                            place += put
                        }
                        written += part.count
                        return true
                    },
                    reset: {
                        written = 0
                        return lseek(file, 0, SEEK_SET) == 0 && ftruncate(file, 0) == 0
                    }))
        } catch {
            close(file)
            throw code == 0 ? error : failure()
        }
        (descriptor, size) = (file, written)
    }

    deinit { close(descriptor) }

    func read(at offset: Int, count: Int) throws(DatasetError) -> [UInt8] {
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let got = pread(
                    descriptor, buffer.baseAddress.map { $0 + filled }, count - filled, off_t(offset + filled))
                if got < 0, errno == EINTR { continue }
                if got <= 0 { break }
                filled += got
            }
        }
        guard bytes.count == count else {
            throw DatasetError(.unreadable, path: path, "its temporary copy cannot be read")
        }
        return bytes
    }
}
