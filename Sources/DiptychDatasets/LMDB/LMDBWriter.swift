internal import CLMDB
internal import DiptychBasics
internal import Foundation

/// Writes an LMDB environment (a folder with `data.mdb` and `lock.mdb`) in batches. The map grows with what is written, so
/// that the file takes no more than its pages. A batch goes to the file on another thread while the next one is filled.
final class LMDBWriter {
    /// The number of keys so far.
    private(set) var count = 0
    /// The folder.
    let folder: String

    private let environment: Environment
    private let running = Running()
    /// What waits for the next transaction.
    private var batch = Batch()
    private let batchBytes: Int

    /// A transaction has about so many bytes, and fewer keys than the pages that LMDB keeps track of.
    private static let usualBytes = 16 << 20
    private static let batchKeys = 50_000

    /// Keys and values one behind the other, and where they end.
    private struct Batch: Sendable {
        var bytes: [UInt8] = []
        var ends: [(key: Int, value: Int)] = []
    }

    /// Starts an environment in a folder that is there and empty.
    ///
    /// - Parameter batch: the bytes of a transaction.
    init(folder: String, batch: Int = LMDBWriter.usualBytes, mapSize: Int = 16 << 20) throws(FileWriteError) {
        self.folder = folder
        batchBytes = batch
        environment = try Environment(folder, mapSize: mapSize)
    }

    deinit { _ = running.wait() }

    /// The longest key that LMDB takes.
    static let longestKey = 511

    /// Sets the value of a key, which has 1 to ``longestKey`` bytes.
    ///
    /// - Throws: ``FileWriteError``, also of what was put before.
    func put(_ key: some Collection<UInt8>, _ value: some Collection<UInt8>) throws(FileWriteError) {
        precondition((1...Self.longestKey).contains(key.count), "a key of \(key.count) bytes")
        batch.bytes.append(contentsOf: key)
        let end = batch.bytes.count
        batch.bytes.append(contentsOf: value)
        batch.ends.append((end, batch.bytes.count))
        count += 1
        if batch.bytes.count >= batchBytes || batch.ends.count >= Self.batchKeys { try commit() }
    }

    /// Completes the environment and waits until it is on the disk.
    func finish() throws(FileWriteError) {
        try commit()
        try settle()
        try environment.sync()
    }

    private func commit() throws(FileWriteError) {
        try settle()
        guard !batch.ends.isEmpty else { return }
        let (environment, batch) = (environment, batch)
        let (bytes, keys) = (batch.bytes.count, batch.ends.count)
        running.run { () throws(FileWriteError) in
            try environment.commit(batch.bytes, batch.ends)
        }
        self.batch = Batch()
        self.batch.bytes.reserveCapacity(min(bytes + bytes / 8, 2 * batchBytes))
        self.batch.ends.reserveCapacity(keys)
    }

    /// Waits for the batch that is written.
    private func settle() throws(FileWriteError) { try running.wait().get() }

    /// One piece of work at a time on another thread.
    private final class Running {
        // Sendable: only touched while the condition is locked.
        private final class State: @unchecked Sendable {
            let condition = NSCondition()
            var result: Result<Void, FileWriteError>? = .success(())
        }

        private let state = State()

        func run(_ body: @escaping @Sendable () throws(FileWriteError) -> Void) {
            let state = state
            state.condition.lock()
            state.result = nil
            state.condition.unlock()
            WorkerThreads.shared.run {
                let result = Result { () throws(FileWriteError) in try body() }
                state.condition.lock()
                state.result = result
                state.condition.signal()
                state.condition.unlock()
            }
        }

        /// What came of the last piece, once it has ended. A failure stays.
        func wait() -> Result<Void, FileWriteError> {
            state.condition.lock()
            defer { state.condition.unlock() }
            while true {
                if let result = state.result { return result }
                state.condition.wait()
            }
        }
    }

    /// The environment itself.
    ///
    /// Sendable: one thread at a time works with it.
    private final class Environment: @unchecked Sendable {
        private let folder: String
        private let environment: OpaquePointer
        private var database: MDB_dbi?
        private var mapSize: Int

        /// A map is enlarged by its own size, and at most by this.
        private static let longestStep = 16 << 30

        init(_ folder: String, mapSize: Int) throws(FileWriteError) {
            (self.folder, self.mapSize) = (folder, mapSize)
            var environment: OpaquePointer?
            var status = mdb_env_create(&environment)
            if status == 0 { status = mdb_env_set_mapsize(environment, mapSize) }
            // Synced once, at the end: before that nobody takes the folder for a whole one.
            if status == 0 { status = mdb_env_open(environment, folder, UInt32(MDB_NOSYNC | MDB_NOMEMINIT), 0o664) }
            guard status == 0, let environment else {
                if let environment { mdb_env_close(environment) }
                throw Self.failure(status, folder)
            }
            self.environment = environment
        }

        deinit { mdb_env_close(environment) }

        private static func failure(_ status: Int32, _ folder: String, wanted: Int = 0) -> FileWriteError {
            // LMDB's own codes are negative; the others are the system's. A page that a full disk takes only a part of is an error of
            // input and output to LMDB.
            guard status > 0 else {
                return FileWriteError(path: folder, "LMDB: \(String(cString: mdb_strerror(status)))")
            }
            return FileWriteError(path: folder, code: status == EIO && isFull(folder, wanted) ? ENOSPC : status)
        }

        /// Whether the file system of `folder` has no room for so many more bytes.
        private static func isFull(_ folder: String, _ wanted: Int) -> Bool {
            var facts = statvfs()
            guard statvfs(folder, &facts) == 0 else { return false }
            let (bytes, isTooMany) = UInt64(facts.f_bavail).multipliedReportingOverflow(by: UInt64(facts.f_frsize))
            return !isTooMany && bytes < UInt64(max(wanted, 1 << 16))
        }

        func sync() throws(FileWriteError) {
            let status = mdb_env_sync(environment, 1)
            guard status == 0 else { throw Self.failure(status, folder) }
        }

        /// Puts keys and values that stand one behind the other, with the ends of each, in one transaction.
        func commit(_ bytes: [UInt8], _ ends: [(key: Int, value: Int)]) throws(FileWriteError) {
            while true {
                let status = transaction(bytes, ends)
                if status == 0 { break }
                guard status == MDB_MAP_FULL else { throw Self.failure(status, folder, wanted: 2 * bytes.count) }
                mapSize += min(mapSize, Self.longestStep)
                let grown = mdb_env_set_mapsize(environment, mapSize)
                guard grown == 0 else { throw Self.failure(grown, folder) }
            }
            // The disk begins with these pages while the next ones are read; the end waits for them.
            var descriptor: mdb_filehandle_t = -1
            if mdb_env_get_fd(environment, &descriptor) == 0 { diptych_start_writing(descriptor) }
        }

        private func transaction(_ bytes: [UInt8], _ ends: [(key: Int, value: Int)]) -> Int32 {
            var transaction: OpaquePointer?
            var status = mdb_txn_begin(environment, nil, 0, &transaction)
            guard status == 0 else { return status }
            var database = self.database ?? 0
            if self.database == nil { status = mdb_dbi_open(transaction, nil, 0, &database) }
            bytes.withUnsafeBytes { bytes in
                var start = 0
                // LMDB only reads keys and values.
                let base = UnsafeMutableRawPointer(mutating: bytes.baseAddress)
                for end in ends where status == 0 {
                    var key = MDB_val(mv_size: end.key - start, mv_data: base.map { $0 + start })
                    var value = MDB_val(mv_size: end.value - end.key, mv_data: base.map { $0 + end.key })
                    status = mdb_put(transaction, database, &key, &value, 0)
                    start = end.value
                }
            }
            guard status == 0 else {
                mdb_txn_abort(transaction)
                return status
            }
            status = mdb_txn_commit(transaction)
            // The handle of the unnamed database is the same in each transaction.
            if status == 0 { self.database = database }
            return status
        }
    }
}
