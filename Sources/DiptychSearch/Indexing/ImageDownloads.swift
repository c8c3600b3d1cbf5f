internal import DiptychDatasets
public import DiptychMedia
internal import Foundation
internal import Synchronization

/// Fetches images ahead of their use, several at a time: waiting for servers takes longer than anything else.
///
/// Downloads begin in the order in which they were asked for. They stop a while when what lies ready takes more memory than
/// it should, and when the object goes away.
public final class ImageDownloads: Sendable {
    /// One image on its way.
    private struct Task {
        let url: String
        let isSource: Bool
        let maximumBytes: Int
        var isBegun = false
        var result: Result<[UInt8], ImageError>?
    }

    private struct State {
        var tasks: [Int: Task] = [:]
        var queue: [Int] = []
        var first = 0
        /// Those that somebody waits for and that have not begun.
        var urgent: [Int] = []
        var nextID = 0
        var threads = 0
        var readyBytes = 0
        var isOver = false
    }

    /// What the threads hold on to, so that they do not keep the object itself.
    private final class Board: Sendable {
        // Sendable: only touched while `condition` is locked.
        nonisolated(unsafe) var state = State()
        let condition = NSCondition()
        let fetch: FetchOptions
        let maximumReadyBytes: Int

        init(fetch: FetchOptions, maximumReadyBytes: Int) {
            self.fetch = fetch
            self.maximumReadyBytes = maximumReadyBytes
        }

        func withLock<T>(_ body: (inout State) throws -> T) rethrows -> T {
            condition.lock()
            defer { condition.unlock() }
            return try body(&state)
        }
    }

    private let board: Board
    private let concurrency: Int

    /// Prepares to fetch.
    ///
    /// - Parameters:
    ///   - fetch: how URLs are fetched.
    ///   - concurrency: how many at a time.
    ///   - maximumReadyBytes: no download begins while pictures of more bytes than these wait for their use.
    public init(fetch: FetchOptions = FetchOptions(), concurrency: Int = 16, maximumReadyBytes: Int = 256 << 20) {
        board = Board(fetch: fetch, maximumReadyBytes: maximumReadyBytes)
        self.concurrency = max(1, concurrency)
    }

    deinit {
        board.withLock { $0.isOver = true }
        board.condition.broadcast()
    }

    /// An image that may be fetched ahead of its use.
    public final class Download: Sendable {
        private let downloads: ImageDownloads
        private let url: String
        private let isSource: Bool
        private let identifier = Mutex<Int?>(nil)

        fileprivate init(_ downloads: ImageDownloads, _ url: String, isSource: Bool) {
            self.downloads = downloads
            (self.url, self.isSource) = (url, isSource)
        }

        deinit { if let id = identifier.withLock({ $0 }) { downloads.forget(id) } }

        /// Begins to fetch, as soon as it is this one's turn.
        public func begin(maximumBytes: Int = ImageOptions().maximumBytes) {
            identifier.withLock { if $0 == nil { $0 = downloads.add(url, isSource, maximumBytes) } }
        }

        /// The image file's bytes. Blocks until they are there.
        ///
        /// They are given once, and fetched anew for whoever asks again.
        ///
        /// - Throws: ``DiptychMedia/ImageError``.
        public func bytes(maximumBytes: Int) throws(ImageError) -> [UInt8] {
            begin(maximumBytes: maximumBytes)
            guard let id = identifier.withLock({ $0 }), let result = downloads.wait(id) else {
                return try ImageDownloads.bytes(url, isSource, maximumBytes, downloads.board.fetch)
            }
            return try result.get()
        }
    }

    /// An image to fetch when it is wanted.
    public func download(_ url: String) -> Download { Download(self, url, isSource: false) }

    /// The same of a file of a source that the user has named, as ``/DiptychDatasets/RemotePaths`` reads it.
    func download(source url: String) -> Download { Download(self, url, isSource: true) }

    private static func bytes(
        _ url: String, _ isSource: Bool, _ maximumBytes: Int, _ fetch: FetchOptions
    ) throws(ImageError) -> [UInt8] {
        guard isSource else { return try ImageSource.url(url).bytes(maximumBytes: maximumBytes, fetch: fetch) }
        do throws(DatasetError) { return try RemotePaths.read(url, limit: maximumBytes) } catch {
            throw ImageError(error.kind == .tooLarge ? .tooLarge : .fetchFailed, source: url, reason: error.reason)
        }
    }

    private func add(_ url: String, _ isSource: Bool, _ maximumBytes: Int) -> Int {
        let (id, isThreadWanted) = board.withLock { state in
            let id = state.nextID
            state.nextID += 1
            state.tasks[id] = Task(url: url, isSource: isSource, maximumBytes: maximumBytes)
            state.queue.append(id)
            let isThreadWanted = state.threads < concurrency
            if isThreadWanted { state.threads += 1 }
            return (id, isThreadWanted)
        }
        board.condition.broadcast()
        if isThreadWanted {
            let board = board
            let thread = Thread { Self.work(on: board) }
            thread.stackSize = 1 << 20
            thread.start()
        }
        return id
    }

    /// Waits for a download, and takes its result out; nil where that has happened before.
    private func wait(_ id: Int) -> Result<[UInt8], ImageError>? {
        board.condition.lock()
        defer { board.condition.unlock() }
        while let task = board.state.tasks[id] {
            if let result = task.result {
                board.state.tasks[id] = nil
                if case .success(let bytes) = result { board.state.readyBytes -= bytes.count }
                board.condition.broadcast()
                return result
            }
            if !task.isBegun {
                board.state.urgent.append(id)
                board.condition.broadcast()
            }
            board.condition.wait()
        }
        return nil
    }

    private func forget(_ id: Int) {
        board.withLock { state in
            if case .success(let bytes)? = state.tasks.removeValue(forKey: id)?.result {
                state.readyBytes -= bytes.count
            }
        }
        board.condition.broadcast()
    }

    private static func work(on board: Board) {
        while let (id, task) = next(on: board) {
            let result: Result<[UInt8], ImageError>
            do throws(ImageError) {
                result = .success(
                    try bytes(task.url, task.isSource, task.maximumBytes, board.fetch))
            } catch { result = .failure(error) }
            board.withLock { state in
                // It may be forgotten meanwhile.
                guard state.tasks[id] != nil else { return }
                state.tasks[id]?.result = result
                if case .success(let bytes) = result { state.readyBytes += bytes.count }
            }
            board.condition.broadcast()
        }
    }

    /// Begins a task, unless it is forgotten or was begun before.
    private static func begin(_ id: Int, _ state: inout State) -> Task? {
        guard let task = state.tasks[id], !task.isBegun else { return nil }
        state.tasks[id]?.isBegun = true
        return task
    }

    private static func next(on board: Board) -> (Int, Task)? {
        board.condition.lock()
        defer { board.condition.unlock() }
        while !board.state.isOver {
            // However much lies ready: what is ready may be taken only after what is waited for.
            while let id = board.state.urgent.popLast() {
                if let task = begin(id, &board.state) { return (id, task) }
            }
            if board.state.readyBytes < board.maximumReadyBytes, board.state.first < board.state.queue.count {
                let id = board.state.queue[board.state.first]
                board.state.first += 1
                if board.state.first > 4096 {
                    board.state.queue.removeFirst(board.state.first)
                    board.state.first = 0
                }
                guard let task = begin(id, &board.state) else { continue }
                return (id, task)
            }
            board.condition.wait()
        }
        board.state.threads -= 1
        return nil
    }
}
