internal import Foundation
internal import GRDB

/// Why a store cannot be opened, searched or written, with its path and what to do, in one line.
public struct StoreError: Error, Equatable, CustomStringConvertible {
    /// The kind of failure; more kinds may be added.
    public struct Kind: RawRepresentable, Sendable, Hashable {
        /// The stable name of the kind.
        public let rawValue: String
        /// Makes a kind from its stable name.
        public init(rawValue: String) { self.rawValue = rawValue }
        /// There is no store at the path.
        public static let missing = Kind(rawValue: "missing")
        /// The path holds something that is not a store.
        public static let notAStore = Kind(rawValue: "not a store")
        /// The store was made with another model or other options.
        public static let otherModel = Kind(rawValue: "other model")
        /// The system refused to read or write.
        public static let inputOutput = Kind(rawValue: "input/output")
        /// The database is damaged.
        public static let damaged = Kind(rawValue: "damaged")
        /// Another process writes to the store.
        public static let busy = Kind(rawValue: "busy")
        /// What was asked for does not make sense.
        public static let invalidRequest = Kind(rawValue: "invalid request")
    }

    /// The kind of failure.
    public let kind: Kind
    /// The store's directory.
    public let path: String
    /// What was wrong and what to do.
    public let reason: String

    /// Describes a failure of the store at `path`.
    public init(_ kind: Kind, path: String, _ reason: String) {
        self.kind = kind
        self.path = path
        self.reason = reason
    }

    /// The path and the reason in one line.
    public var description: String { "\(path): \(reason)" }

    /// Explains a database failure in the user's terms.
    static func explaining(_ error: any Error, path: String) -> any Error {
        // A column holds what its table does not allow.
        if error is RowDecodingError { return damaged(path) }
        guard let error = error as? DatabaseError else { return error }
        let full = StoreError(
            .inputOutput, path: path, "the disk is full; what was stored is safe: free some space and run again")
        switch error.resultCode {
        case .SQLITE_FULL: return full
        case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_AUTH:
            return StoreError(.inputOutput, path: path, "cannot be written: no permission")
        case .SQLITE_CANTOPEN:
            return StoreError(.inputOutput, path: path, "cannot be opened: check that it exists and its permissions")
        case .SQLITE_NOTADB, .SQLITE_CORRUPT:
            return damaged(path)
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            return StoreError(.busy, path: path, "another process is writing to it; try again when it has finished")
        case .SQLITE_IOERR:
            // A full disk comes as this too, where shared memory could not grow.
            var space = statvfs()
            if statvfs(path, &space) == 0, UInt(space.f_bavail) * UInt(space.f_frsize) < 1 << 20 {
                return full
            }
            return StoreError(
                .inputOutput, path: path,
                "reading or writing failed (\(error.message ?? "I/O error")); what was stored is safe: check the disk "
                    + "and `ulimit -f`, and run again")
        default:
            return StoreError(.inputOutput, path: path, "database error: \(error.message ?? "\(error.resultCode)")")
        }
    }

    private static func damaged(_ path: String) -> StoreError {
        StoreError(
            .damaged, path: path,
            "its database is damaged; `diptych store verify` says where, indexing into a new store repairs it")
    }
}
