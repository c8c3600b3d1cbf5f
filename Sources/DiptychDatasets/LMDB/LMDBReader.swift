internal import CLMDB
internal import Foundation
internal import Synchronization

/// An LMDB environment (a folder with `data.mdb`) that is read: without locks, so that a read-only folder will do, and
/// after ``LMDBStructure`` has found its pages sound.
package final class LMDBReader: Sendable {
    /// The file.
    let path: String
    /// Keys whose values lie outside the file.
    private let damaged: Set<[UInt8]>
    private let state: Mutex<State>

    private struct State {
        let environment: OpaquePointer
        let transaction: OpaquePointer
        let database: MDB_dbi
    }

    /// Whether a folder holds an environment.
    static func isEnvironment(_ folder: String) -> Bool {
        var status = stat()
        return stat("\(folder)/data.mdb", &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    /// - Parameter folder: the folder with `data.mdb`.
    package init(folder: String) throws(DatasetError) {
        path = "\(folder)/data.mdb"
        guard Self.isEnvironment(folder) else {
            throw DatasetError(.unreadable, path: path, "is not there, or not a file")
        }
        let file = try InputFile(path: path)
        damaged = try LMDBStructure.check(file)
        let name = path
        func check(_ status: Int32, _ verb: String) throws(DatasetError) {
            guard status != 0 else { return }
            throw DatasetError(.unreadable, path: name, "\(verb): \(String(cString: mdb_strerror(status)))")
        }
        var environment: OpaquePointer?
        try check(mdb_env_create(&environment), "LMDB cannot start")
        var (database, transaction): (MDB_dbi, OpaquePointer?) = (0, nil)
        do throws(DatasetError) {
            // As much address space as the file has bytes, whatever its header asks for.
            try check(mdb_env_set_mapsize(environment, file.size), "cannot be mapped")
            let flags = UInt32(MDB_RDONLY | MDB_NOLOCK | MDB_NORDAHEAD | MDB_NOTLS)
            try check(mdb_env_open(environment, folder, flags, 0o644), "cannot be opened")
            try check(mdb_txn_begin(environment, nil, UInt32(MDB_RDONLY), &transaction), "cannot be read")
            try check(mdb_dbi_open(transaction, nil, 0, &database), "cannot be read")
        } catch {
            if let transaction { mdb_txn_abort(transaction) }
            mdb_env_close(environment)
            throw error
        }
        guard let environment, let transaction else {
            throw DatasetError(.unreadable, path: name, "LMDB cannot start")
        }
        state = Mutex(State(environment: environment, transaction: transaction, database: database))
    }

    deinit {
        state.withLock { state in
            mdb_txn_abort(state.transaction)
            mdb_env_close(state.environment)
        }
    }

    /// The bytes under `key`, copied; nil where there is no such key.
    ///
    /// - Throws: ``DatasetError`` where the value lies outside the file.
    package func value(_ key: [UInt8]) throws(DatasetError) -> [UInt8]? {
        guard damaged.isEmpty || !damaged.contains(key) else { throw outside(key) }
        let result = state.withLock { state -> Result<[UInt8]?, DatasetError> in
            key.withUnsafeBytes { raw in
                var wanted = MDB_val(mv_size: raw.count, mv_data: UnsafeMutableRawPointer(mutating: raw.baseAddress))
                var found = MDB_val()
                switch mdb_get(state.transaction, state.database, &wanted, &found) {
                case 0: return .success(Array(UnsafeRawBufferPointer(start: found.mv_data, count: found.mv_size)))
                case MDB_NOTFOUND, MDB_BAD_VALSIZE: return .success(nil)
                case let status:
                    return .failure(
                        DatasetError(.malformed, path: path, "cannot be read: \(String(cString: mdb_strerror(status)))")
                    )
                }
            }
        }
        return try result.get()
    }

    private func outside(_ key: [UInt8]) -> DatasetError {
        DatasetError(
            .malformed, path: path, place: "key \(Self.shown(key))",
            "the value lies beyond the end of the file; it is damaged or cut short")
    }

    /// A key for messages.
    static func shown(_ key: [UInt8]) -> String { String(decoding: key.prefix(80), as: UTF8.self) }

    /// Goes through the keys in the order of their bytes, with their values, which are valid within `body` alone. A value
    /// that lies outside the file is an error in its place.
    package func forEach(
        _ body: (_ key: [UInt8], _ value: Result<UnsafeRawBufferPointer, DatasetError>) throws(DatasetError) -> Void
    ) throws(DatasetError) {
        let failure = state.withLock { state -> DatasetError? in
            var cursor: OpaquePointer?
            var status = mdb_cursor_open(state.transaction, state.database, &cursor)
            defer { if let cursor { mdb_cursor_close(cursor) } }
            while status == 0 {
                var (key, value) = (MDB_val(), MDB_val())
                // The key alone: liblmdb gives up the whole transaction over a value that lies outside the file.
                status = mdb_cursor_get(cursor, &key, nil, MDB_NEXT)
                guard status == 0 else { break }
                let name = Array(UnsafeRawBufferPointer(start: key.mv_data, count: key.mv_size))
                let isDamaged = !damaged.isEmpty && damaged.contains(name)
                if !isDamaged { status = mdb_cursor_get(cursor, &key, &value, MDB_GET_CURRENT) }
                guard status == 0 else { break }
                do throws(DatasetError) {
                    let bytes = UnsafeRawBufferPointer(start: value.mv_data, count: value.mv_size)
                    try body(name, isDamaged ? .failure(outside(name)) : .success(bytes))
                } catch { return error }
            }
            guard status != MDB_NOTFOUND else { return nil }
            return DatasetError(
                .malformed, path: path, "cannot be read on: \(String(cString: mdb_strerror(status)))")
        }
        if let failure { throw failure }
    }
}
