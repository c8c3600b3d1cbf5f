internal import CLMDB
internal import DiptychBasics
internal import Foundation

/// Writes an LMDB environment (a folder with `data.mdb` and `lock.mdb`) in batches. The map grows with what is written, so
/// that the file takes no more than its pages.
final class LMDBWriter {
    /// The number of keys so far.
    private(set) var count = 0
    /// The folder.
    let folder: String

    private let environment: OpaquePointer
    private var database: MDB_dbi?
    /// What waits for the next transaction: keys and values one behind the other, and where they end.
    private var waiting: [UInt8] = []
    private var ends: [(key: Int, value: Int)] = []
    private var mapSize = 16 << 20
    private let batch: Int

    /// A transaction has about so many bytes, and fewer keys than the pages that LMDB keeps track of.
    private static let batchBytes = 16 << 20
    private static let batchKeys = 50_000
    /// A map is enlarged by its own size, and at most by this.
    private static let longestStep = 16 << 30

    /// Starts an environment in a folder that is there and empty.
    ///
    /// - Parameter batch: the bytes of a transaction.
    init(folder: String, batch: Int = LMDBWriter.batchBytes, mapSize: Int = 16 << 20) throws(FileWriteError) {
        self.folder = folder
        self.batch = batch
        self.mapSize = mapSize
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
        guard status > 0 else { return FileWriteError(path: folder, "LMDB: \(String(cString: mdb_strerror(status)))") }
        return FileWriteError(path: folder, code: status == EIO && isFull(folder, wanted) ? ENOSPC : status)
    }

    /// Whether the file system of `folder` has no room for so many more bytes.
    private static func isFull(_ folder: String, _ wanted: Int) -> Bool {
        var facts = statvfs()
        guard statvfs(folder, &facts) == 0 else { return false }
        let (bytes, isTooMany) = UInt64(facts.f_bavail).multipliedReportingOverflow(by: UInt64(facts.f_frsize))
        return !isTooMany && bytes < UInt64(max(wanted, 1 << 16))
    }

    /// The longest key that LMDB takes.
    static let longestKey = 511

    /// Sets the value of a key, which has 1 to ``longestKey`` bytes.
    func put(_ key: some Collection<UInt8>, _ value: some Collection<UInt8>) throws(FileWriteError) {
        precondition((1...Self.longestKey).contains(key.count), "a key of \(key.count) bytes")
        waiting.append(contentsOf: key)
        let end = waiting.count
        waiting.append(contentsOf: value)
        ends.append((end, waiting.count))
        count += 1
        if waiting.count >= batch || ends.count >= Self.batchKeys { try commit() }
    }

    /// Completes the environment and waits until it is on the disk.
    func finish() throws(FileWriteError) {
        try commit()
        let status = mdb_env_sync(environment, 1)
        guard status == 0 else { throw Self.failure(status, folder) }
    }

    private func commit() throws(FileWriteError) {
        guard !ends.isEmpty else { return }
        while true {
            let status = transaction()
            if status == 0 { break }
            guard status == MDB_MAP_FULL else { throw Self.failure(status, folder, wanted: 2 * waiting.count) }
            mapSize += min(mapSize, Self.longestStep)
            let grown = mdb_env_set_mapsize(environment, mapSize)
            guard grown == 0 else { throw Self.failure(grown, folder) }
        }
        waiting.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
        // The disk begins with these pages while the next ones are read; the end waits for them.
        var descriptor: mdb_filehandle_t = -1
        if mdb_env_get_fd(environment, &descriptor) == 0 { diptych_start_writing(descriptor) }
    }

    private func transaction() -> Int32 {
        var transaction: OpaquePointer?
        var status = mdb_txn_begin(environment, nil, 0, &transaction)
        guard status == 0 else { return status }
        var database = self.database ?? 0
        if self.database == nil { status = mdb_dbi_open(transaction, nil, 0, &database) }
        waiting.withUnsafeMutableBytes { bytes in
            var start = 0
            for end in ends where status == 0 {
                let base = bytes.baseAddress
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
