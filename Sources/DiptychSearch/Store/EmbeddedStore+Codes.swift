internal import Diptych
internal import DiptychBasics
internal import Foundation
internal import GRDB

extension EmbeddedStore {
    /// The folder of a space's codes inside the store's directory.
    static func codesFolder(_ directory: URL, space: Int64) -> String {
        directory.appendingPathComponent(space == 1 ? "codes" : "codes-\(space)").path
    }

    /// What the code files take on the disk; their length says less, as they have holes.
    static func codeBytes(_ directory: URL, space: Int64) -> Int {
        let folder = codesFolder(directory, space: space)
        return CodeFiles.names(in: folder).reduce(0) { sum, number in
            var status = stat()
            return stat(folder + "/" + CodeFiles.name(number), &status) == 0 ? sum + 512 * Int(status.st_blocks) : sum
        }
    }

    /// A number that tells the space from those of other stores.
    static func codesIdentity(_ space: StoreSpace) -> UInt64 {
        var sum = Checksum()
        let identity = space.identity
        for text in [String(identity.created), identity.fingerprint, String(identity.dimension)] {
            sum.add(Array(text.utf8))
        }
        return sum.value
    }

    /// Makes codes for all vectors that have none, where the store is large enough to have any. Does nothing while another
    /// process does it.
    ///
    /// - Throws: ``StoreError`` when the files cannot be written. Searches are right without them, only slower.
    package func updateCodes() throws {
        let codes = codes
        guard !isReadOnly else { return }
        do {
            guard try needsCodes(),
                let writer = try CodeWriter(
                    codes.files, capacity: codes.capacity, threads: codes.threads)
            else { return }
            let state = codes.files.state()
            if try !pool.read({ db in try self.belongs(state, db) }) { try writer.reset() }
            try writer.append { after, limit in try pool.read { try Self.codeRows($0, space, after, limit) } }
        } catch { throw StoreError.explaining(error, path: name) }
    }

    private func needsCodes() throws -> Bool {
        let state = codes.files.state()
        let minimum = state.parts.isEmpty ? codes.minimum : CodeLayout.block
        return try pool.read { db in
            try tail(db, after: try self.belongs(state, db) ? state.last : 0, most: minimum) >= minimum
        }
    }

    /// Makes codes for the embeddings that have none, see ``updateCodes()``.
    public func buildIndex() async throws { try await WorkerThreads.shared.value { try self.updateCodes() } }

    /// How many embeddings have codes. A small store needs none.
    public func indexProgress() async throws -> IndexProgress {
        let state = codes.files.state()
        let table = space.table
        let isBuilding: Bool
        do { isBuilding = try needsCodes() } catch { throw StoreError.explaining(error, path: name) }
        return try await read { db in
            let total = try Int.fetchOne(db, sql: "SELECT count(*) FROM \(table)") ?? 0
            let without = try self.tail(db, after: self.belongs(state, db) ? state.last : 0, most: .max)
            return IndexProgress(
                kind: "codes", indexed: max(0, total - without), total: total, state: isBuilding ? .building : .finished
            )
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
                    Int64.fetchAll(
                        db, sql: "SELECT id FROM \(space.table) WHERE id BETWEEN ? AND ?", arguments: [first, last]))
            }
        }
    }

    /// The number of vectors after one, counted up to `most`.
    func tail(_ db: Database, after: Int64, most: Int) throws -> Int {
        try Int.fetchOne(
            db.cachedStatement(sql: "SELECT count(*) FROM (SELECT 1 FROM \(space.table) WHERE id > ? LIMIT ?)"),
            arguments: [after, most]) ?? 0
    }

    /// Whether code files were made from this database: one that was restored from a copy may hold other vectors now.
    func belongs(_ state: CodeState, _ db: Database) throws -> Bool {
        guard state.count > 0, !codes.isTrusted(state.signature) else { return true }
        let used =
            try Int64.fetchOne(
                db, sql: "SELECT seq FROM sqlite_sequence WHERE name = ?", arguments: [space.table]) ?? 0
        guard state.last <= used else { return false }
        let statement = try db.cachedStatement(sql: "SELECT vector FROM \(space.table) WHERE id = ?")
        let isOurs = try state.belongs { id in
            try Data.fetchOne(statement, arguments: [id]).map { [UInt8]($0) }
        }
        if isOurs { codes.trust(state.signature) }
        return isOurs
    }

    /// Vectors after an id, for their codes. One of another size becomes one that is not a number, which `verify` names.
    static func codeRows(_ db: Database, _ space: StoreSpace, _ after: Int64, _ limit: Int) throws -> CodeRows {
        let dimension = space.identity.dimension
        let rows = try Row.fetchCursor(
            db.cachedStatement(sql: "SELECT id, vector FROM \(space.table) WHERE id > ? ORDER BY id LIMIT ?"),
            arguments: [after, limit])
        var result = CodeRows()
        result.vectors.reserveCapacity(limit * dimension)
        while let row = try rows.next() {
            result.ids.append(try row.decode(atIndex: 0))
            guard let bytes = try row.decode(BorrowedBytes?.self, atIndex: 1)?.bytes, bytes.count == 4 * dimension
            else {
                result.vectors.append(contentsOf: repeatElement(.nan, count: dimension))
                continue
            }
            for i in 0..<dimension {
                let bits = bytes.loadUnaligned(fromByteOffset: 4 * i, as: UInt32.self)
                result.vectors.append(Float(bitPattern: UInt32(littleEndian: bits)))
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
                    try Self.codeRows(db, space, $0, $1)
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
