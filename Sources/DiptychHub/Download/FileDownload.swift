internal import DiptychNetwork
internal import Foundation

/// A file that is to be downloaded.
struct PlannedFile {
    let name: String
    let url: String
    var size: Int?
    var hash: ContentHash?
}

/// Downloads one file: to `NAME.partial` first, which a later run continues, and to its place once its bytes are
/// verified. Its methods run on one thread.
final class FileDownload {
    private let file: PlannedFile
    private let subject: String
    private let client: HubClient
    private let policy: RetryPolicy
    private let path: String
    /// Told how many bytes of the file are there.
    private let progress: (Int) -> Void
    private var descriptor: Int32 = -1
    /// How long the partial file is.
    private var length = 0
    /// What the hub said of the file, where the plan does not know it.
    private var announced: HubClient.Response?
    private var failure: AttemptError?

    /// More than any model has: a number beyond it is a lie.
    static let largest = 1 << 40

    init(
        _ file: PlannedFile, model: String, directory: URL, client: HubClient, policy: RetryPolicy,
        progress: @escaping (Int) -> Void
    ) {
        self.file = file
        subject = "\(model): \(file.name)"
        self.client = client
        self.policy = policy
        path = directory.appendingPathComponent(file.name).path
        self.progress = progress
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    private var partial: String { path + ".partial" }
    /// What the partial file is part of: the hash of the whole, and the tag that its server gave it.
    private var note: String { path + ".partial.tag" }
    private var expectedSize: Int? { file.size ?? announced?.size }
    private var expectedHash: ContentHash? { file.hash ?? announced?.hash }

    /// Downloads the file, unless it is there already.
    ///
    /// - Parameter replacing: called before the first change to what is at the file's place.
    func run(replacing: () throws(HubError) -> Void) throws(HubError) -> ModelManifest.File {
        if let size = file.size, CacheFiles.size(path) == size, let hash = file.hash,
            let sha256 = try matching(path, hash)
        {
            progress(size)
            return ModelManifest.File(name: file.name, size: size, sha256: sha256, url: file.url)
        }
        if let size = file.size, size > Self.largest {
            throw HubError(.untrusted, subject, "is said to have \(size) bytes, which no model has; refused")
        }
        try open()
        for isSecondTime in [false, true] {
            let start = length
            try policy.run(position: { length }) { () throws(AttemptError) in try attempt() }
            guard let hash = expectedHash else {
                throw HubError(
                    .untrusted, subject, "the server announces no hash, so that nobody can tell whether it is the file")
            }
            if expectedSize.map({ $0 == length }) ?? true, let sha256 = try matching(partial, hash) {
                try replacing()
                try CacheFiles.move(partial, to: path)
                unlink(note)
                return ModelManifest.File(name: file.name, size: length, sha256: sha256, url: file.url)
            }
            try restart()
            // What was continued may have been the beginning of other bytes.
            guard start > 0, !isSecondTime else {
                throw HubError(
                    .mismatch, subject, "what was sent does not have the \(hash); the server or the network is at fault"
                )
            }
        }
        throw HubError(.mismatch, subject, "cannot be completed")
    }

    /// The SHA-256 of a file, if the file has the wanted hash.
    private func matching(_ path: String, _ wanted: ContentHash) throws(HubError) -> String? {
        switch wanted {
        case .sha256(let digits):
            let found = try CacheFiles.hashes(path, isCancelled: client.isCancelled)
            return digits == found.sha256 ? found.sha256 : nil
        case .gitBlob(let digits):
            let found = try CacheFiles.hashes(path, withGit: true, isCancelled: client.isCancelled)
            return digits == found.gitBlob ? found.sha256 : nil
        }
    }

    // MARK: The partial file

    private func open() throws(HubError) {
        descriptor = Foundation.open(partial, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o666)
        guard descriptor >= 0 else { throw CacheFiles.failure(partial, code: errno) }
        length = CacheFiles.size(partial) ?? 0
        let isOther = file.hash.map { $0.description != tags().hash } ?? false
        let isLonger = file.size.map { $0 < length } ?? false
        if length > 0, isOther || isLonger { try restart() }
    }

    private func restart() throws(HubError) {
        unlink(note)
        guard ftruncate(descriptor, 0) == 0, lseek(descriptor, 0, SEEK_SET) == 0 else {
            throw CacheFiles.failure(partial, code: errno)
        }
        length = 0
        progress(0)
    }

    private func tags() -> (hash: String, entity: String?) {
        let text = CacheFiles.contents(note, most: 4096).map { String(decoding: $0, as: UTF8.self) } ?? ""
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        return (lines.first ?? "", lines.count > 1 && !lines[1].isEmpty ? lines[1] : nil)
    }

    // MARK: One attempt

    private func attempt() throws(AttemptError) {
        if let size = file.size, file.hash != nil, size == length { return }
        failure = nil
        var headers: [String] = []
        let start = length
        if start > 0 {
            headers.append("Range: bytes=\(start)-")
            // Only the same bytes are continued; a server that has others now sends them all.
            if let tag = tags().entity { headers.append("If-Range: \(tag)") }
        }
        var isFirst = true
        let response: HubClient.Response
        do {
            response = try client.get(file.url, subject: subject, headers: headers) { response, part in
                if isFirst { failure = self.begin(response) }
                isFirst = false
                if failure == nil { failure = self.append(part) }
                return failure == nil
            }
        } catch {
            throw failure ?? error
        }
        announced = response
        if response.head.status == 416 {
            // The server has no such range: the partial file is not what it seems.
            do { try restart() } catch { throw .final(error) }
            throw transient(.server, "the server cannot continue the file")
        }
        if let size = expectedSize, length < size {
            throw transient(.network, "the server sent \(length) of \(size) bytes")
        }
    }

    /// Looks at the head of a response before its first byte is kept.
    private func begin(_ response: HubClient.Response) -> AttemptError? {
        announced = response
        do throws(HubError) {
            if response.head.status == 206 {
                guard length > 0, contentRange(response)?.first == length else {
                    try restart()
                    return transient(.server, "the server sent another part than the one asked for")
                }
            } else if length > 0 {
                try restart()
            }
            guard lseek(descriptor, off_t(length), SEEK_SET) >= 0 else {
                throw CacheFiles.failure(partial, code: errno)
            }
            let size = expectedSize ?? contentRange(response)?.size
            if let coming = response.head["content-length"].flatMap({ Int($0) }), let size,
                coming > max(size - length, 0)
            {
                return tooLong(size)
            }
            let tag = response.head["etag"] ?? ""
            let isStrong =
                tag.hasPrefix("\"") && tag.utf8.count < 1000 && tag.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
            let text = (expectedHash?.description ?? "") + "\n" + (isStrong ? tag : "")
            try CacheFiles.write(Data(text.utf8), to: note)
            return nil
        } catch {
            return .final(error)
        }
    }

    private func append(_ part: UnsafeRawBufferPointer) -> AttemptError? {
        let size = expectedSize ?? Self.largest
        guard part.count <= size - length else { return tooLong(size) }
        let code = CacheFiles.append(part, to: descriptor)
        guard code == 0 else { return .final(CacheFiles.failure(partial, code: code)) }
        length += part.count
        progress(length)
        return nil
    }

    private func tooLong(_ size: Int) -> AttemptError {
        // These bytes cannot be the file's beginning either.
        _ = try? restart()
        return .final(
            HubError(.untrusted, subject, "the server sends more than the \(size) bytes it announced; refused"))
    }

    private func transient(_ kind: HubError.Kind, _ reason: String) -> AttemptError {
        AttemptError(error: HubError(kind, subject, reason), isTransient: true)
    }

    /// The first byte and the size of the whole in `Content-Range: bytes 100-199/200`.
    private func contentRange(_ response: HubClient.Response) -> (first: Int, size: Int?)? {
        guard let text = response.head["content-range"], text.hasPrefix("bytes ") else { return nil }
        let parts = text.dropFirst("bytes ".count).split(separator: "/")
        guard parts.count == 2, let first = parts[0].split(separator: "-").first.flatMap({ Int($0) }) else {
            return nil
        }
        return (first, Int(parts[1]))
    }
}
