internal import Diptych
internal import Foundation
internal import GRDB
internal import Synchronization

/// The code files beside a store's database, and what of them is worth remembering between searches.
final class StoreCodes: Sendable {
    /// From how many vectors on a store has codes; a smaller one is scanned as it is.
    static let usualMinimum = 8192
    /// How many vectors without codes a search scans before it makes codes for them.
    static let longTail = 2048
    /// How many new vectors indexing gathers before it makes codes for them.
    static let indexingStep = 512

    let files: CodeFiles
    let minimum: Int
    let capacity: Int
    /// Threads of a scan.
    let threads: Int
    private let memory = Mutex(Memory())

    private struct Memory {
        /// New vectors of this process that may have no codes.
        var uncoded = 0
        /// The segments that have been found to belong to the database.
        var trusted: CodeState.Signature?
        /// Which vectors pass a filter, for the last few filters.
        var masks: [(key: MaskKey, masks: [UInt16])] = []
    }

    /// What a filter's vectors depend on.
    struct MaskKey: Equatable {
        let filter: String
        let changes: String?
        let signature: CodeState.Signature
    }

    init(folder: String, identity: UInt64, dimension: Int, minimum: Int = usualMinimum, capacity: Int) {
        files = CodeFiles(folder: folder, identity: identity, dimension: dimension)
        self.minimum = minimum
        self.capacity = capacity
        threads = max(1, ProcessInfo.processInfo.activeProcessorCount)
    }

    /// Notes new vectors; true when it is time to make codes for them.
    func add(_ count: Int) -> Bool {
        memory.withLock { memory in
            memory.uncoded += count
            guard memory.uncoded >= Self.indexingStep else { return false }
            memory.uncoded = 0
            return true
        }
    }

    func isTrusted(_ signature: CodeState.Signature) -> Bool { memory.withLock { $0.trusted == signature } }
    func trust(_ signature: CodeState.Signature) { memory.withLock { $0.trusted = signature } }

    /// The vectors that pass a filter, if they are known.
    func masks(_ key: MaskKey) -> [UInt16]? { memory.withLock { $0.masks.first { $0.key == key }?.masks } }

    /// Remembers the vectors that pass a filter: 125 KB for a million.
    func remember(_ masks: [UInt16], for key: MaskKey) {
        memory.withLock { memory in
            memory.masks.removeAll { $0.key.filter == key.filter }
            memory.masks.insert((key, masks), at: 0)
            if memory.masks.count > 8 { memory.masks.removeLast() }
        }
    }
}

extension EmbeddedStore {
    /// The folder of codes inside the store's directory.
    static let codesName = "codes"

    /// A number that tells the store from others.
    static func identity(_ db: Database) throws -> UInt64 {
        var sum = Checksum()
        for key in ["created", "fingerprint", "dimension"] { sum.add(Array((try Schema.value(key, in: db) ?? "").utf8)) }
        return sum.value
    }

    /// Makes codes for all vectors that have none, where the store is large enough to have any. Does nothing while another
    /// process does it.
    ///
    /// - Throws: ``StoreError`` when the files cannot be written. Searches are right without them, only slower.
    package func updateCodes() throws {
        let codes = codes
        do {
            guard try needsCodes(), let writer = try CodeWriter(
                codes.files, capacity: codes.capacity, threads: codes.threads)
            else { return }
            let state = codes.files.state()
            if try !pool.read({ db in try self.belongs(state, db) }) { try writer.reset() }
            try writer.append { after, limit in try pool.read { try Self.codeRows($0, after, limit, dimension) } }
        } catch { throw StoreError.explaining(error, path: name) }
    }

    private func needsCodes() throws -> Bool {
        let state = codes.files.state()
        let minimum = state.parts.isEmpty ? codes.minimum : CodeLayout.block
        return try pool.read { db in
            try Self.tail(db, after: try self.belongs(state, db) ? state.last : 0, most: minimum) >= minimum
        }
    }

    /// Rewrites code files that hold many dropped vectors.
    func compactCodes() throws {
        guard !codes.files.state().parts.isEmpty,
            let writer = try CodeWriter(codes.files, capacity: codes.capacity, threads: codes.threads)
        else { return }
        try writer.compact { ids in
            guard let first = ids.first, let last = ids.last else { return [] }
            return try pool.read { db in
                try Set(
                    Int64.fetchAll(db, sql: "SELECT id FROM vectors WHERE id BETWEEN ? AND ?", arguments: [first, last]))
            }
        }
    }

    /// The number of vectors after one, counted up to `most`.
    static func tail(_ db: Database, after: Int64, most: Int) throws -> Int {
        try Int.fetchOne(
            db.cachedStatement(sql: "SELECT count(*) FROM (SELECT 1 FROM vectors WHERE id > ? LIMIT ?)"),
            arguments: [after, most]) ?? 0
    }

    /// Whether code files were made from this database: one that was restored from a copy may hold other vectors now.
    func belongs(_ state: CodeState, _ db: Database) throws -> Bool {
        guard state.count > 0, !codes.isTrusted(state.signature) else { return true }
        let used = try Int64.fetchOne(db, sql: "SELECT seq FROM sqlite_sequence WHERE name = 'vectors'") ?? 0
        guard state.last <= used else { return false }
        let statement = try db.cachedStatement(sql: "SELECT embedding FROM vectors WHERE id = ?")
        let isOurs = try state.belongs { id in
            try Data.fetchOne(statement, arguments: [id]).map { [UInt8]($0) }
        }
        if isOurs { codes.trust(state.signature) }
        return isOurs
    }

    /// Vectors after an id, for their codes. One of another size becomes one that is not a number, which `verify` names.
    static func codeRows(_ db: Database, _ after: Int64, _ limit: Int, _ dimension: Int) throws -> CodeRows {
        let rows = try Row.fetchCursor(
            db.cachedStatement(sql: "SELECT id, embedding FROM vectors WHERE id > ? ORDER BY id LIMIT ?"),
            arguments: [after, limit])
        var result = CodeRows()
        result.vectors.reserveCapacity(limit * dimension)
        while let row = try rows.next() {
            result.ids.append(try row.decode(atIndex: 0))
            try row.withUnsafeData(atIndex: 1) { data in
                if let data, data.count == 4 * dimension {
                    data.withUnsafeBytes { bytes in
                        for i in 0..<dimension {
                            let bits = bytes.loadUnaligned(fromByteOffset: 4 * i, as: UInt32.self)
                            result.vectors.append(Float(bitPattern: UInt32(littleEndian: bits)))
                        }
                    }
                } else {
                    result.vectors.append(contentsOf: repeatElement(.nan, count: dimension))
                }
            }
        }
        return result
    }

    /// What is wrong with the code files; empty when all is well.
    func codeProblems() throws -> [String] {
        let state = codes.files.state()
        let present = CodeFiles.names(in: codes.files.folder).count
        var problems: [String] = []
        if present > state.parts.count {
            problems.append(
                "codes: \(present - state.parts.count) of \(present) files are damaged or do not follow on the others; "
                    + "they are made anew when the store is next indexed, compacted or searched")
        }
        guard state.count > 0 else { return problems }
        let (isOurs, wrong) = try pool.read { db in
            guard try self.belongs(state, db) else { return (false, 0) }
            return (
                true,
                try state.wrongCodes(dimension: dimension, threads: codes.threads) {
                    try Self.codeRows(db, $0, $1, dimension)
                }
            )
        }
        if !isOurs {
            problems.append("codes: they were made from another database; they are made anew with the next search")
        } else if wrong > 0 {
            problems.append(
                "codes: \(wrong) of \(state.count) do not fit their embeddings; delete the folder "
                    + "'\(codes.files.folder)', which loses nothing: it is made anew")
        }
        return problems
    }
}
