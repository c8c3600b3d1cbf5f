internal import CKernels
internal import Diptych
internal import Foundation
internal import GRDB

/// Searches in one snapshot of a store's database.
struct StoreSearch {
    let db: Database
    let store: EmbeddedStore
    /// The codes; empty where there are none, or none that can be trusted.
    let state: CodeState

    /// How many candidates of a filtered search are looked up before it asks for all that pass.
    private static let probes = 384
    /// A request for more than this part of all vectors is served by a plain scan.
    private static let largestShare = 8

    private var dimension: Int { store.dimension }

    /// A request with what the snapshot makes of it.
    private struct Job {
        let request: SearchRequest
        let unit: [Float]
        let snapshot: Int64
        let condition: SQLCondition
        /// How many vectors to look for: the pages before count too.
        let count: Int
        /// A little below the least cosine wanted, for the rounding of sums.
        var minimum: Float { request.minimumSimilarity.map { $0 - 1e-4 } ?? -.infinity }

        init(_ request: SearchRequest, unit: [Float], last: Int64) {
            self.request = request
            self.unit = unit
            snapshot = request.after?.snapshot ?? last
            condition = request.filter?.sql ?? SQLCondition("1")
            count = SearchCursor.position(after: request.after, request.limit)
        }
    }

    /// Requests of one kind go through the codes together.
    private struct Kind: Hashable {
        let count: Int
        let minimum: Float
    }

    func results(_ requests: [SearchRequest], _ units: [[Float]]) throws -> [SearchResults] {
        let last = try Int64.fetchOne(db, sql: "SELECT max(id) FROM items") ?? 0
        let jobs = zip(requests, units).map { Job($0, unit: $1, last: last) }
        var results = [SearchResults](repeating: SearchResults([], isExact: true), count: jobs.count)
        // Those that the same scan of the codes serves.
        var together: [Kind: [Int]] = [:]
        for (index, job) in jobs.enumerated() where job.request.limit > 0 {
            if state.count == 0 || job.count > state.count / Self.largestShare {
                results[index] = try scan(job)
            } else if job.request.isExact || job.request.filter != nil {
                results[index] = try byCodes(job)
            } else {
                together[Kind(count: job.count, minimum: job.minimum), default: []].append(index)
            }
        }
        for (kind, indices) in together {
            let found = try search.nearest(
                indices.map { jobs[$0].unit }, count: kind.count, minimum: kind.minimum
            ) { query, ids in
                try read(ids, jobs[indices[query]], .all)
            }
            for (index, vectors) in zip(indices, found) { results[index] = try finish(jobs[index], vectors, .all) }
        }
        return results
    }

    private var search: CodeSearch {
        CodeSearch(CodeScan(state, dimension: dimension, threads: store.codes.threads))
    }

    // MARK: - By codes

    /// How the items of a vector are told that may be shown.
    private enum Showing {
        /// All of them.
        case all
        /// Those that the filter accepts, one after the other.
        case accepted(Filter)
        /// Those of a list.
        case passing(PassingItems)
    }

    /// The results for one request that is exact or has a filter.
    private func byCodes(_ job: Job) throws -> SearchResults {
        guard let filter = job.request.filter else {
            let found = try search.nearest(
                [job.unit], count: job.count, minimum: job.minimum, exact: true
            ) { try read($1, job, .all) }
            return try finish(job, found[0], .all)
        }
        let key = StoreCodes.PassingKey(
            filter: filter.description, changes: try Schema.value("changes", in: db), signature: state.signature)
        let known = store.codes.passing(key)
        if known == nil, !job.request.isExact {
            // A filter that many pass needs no more than a look at the candidates.
            do {
                let found = try search.nearest(
                    [job.unit], count: job.count, minimum: job.minimum,
                    mostReads: max(Self.probes, 4 * job.count)
                ) { try read($1, job, .accepted(filter)) }
                return try finish(job, found[0], .accepted(filter))
            } catch is CodeSearch.TooManyReads {}
        }
        let passing = try known ?? list(job)
        if known == nil { store.codes.remember(passing, for: key) }
        let found = try search.nearest(
            [job.unit], count: job.count, minimum: job.minimum, exact: job.request.isExact, masks: passing.masks
        ) { try read($1, job, .passing(passing)) }
        return try finish(job, found[0], .passing(passing))
    }

    /// All items that pass a request's filter, those of later pages' time too.
    private func list(_ job: Job) throws -> PassingItems {
        var found: [(vector: Int64, item: Int64)] = []
        let condition = job.request.filter?.itemsSQL ?? SQLCondition("1")
        // Entries of an index are short; left to itself, the database reads the rows where it knows their ids. In no order:
        // asked for one, it would go through all items in that order.
        let rows = try Row.fetchCursor(
            db,
            sql: """
                SELECT items.vector, items.id FROM items \(condition.asksIdsOnly ? "INDEXED BY items_by_id" : "")
                WHERE items.missing_since IS NULL AND \(condition.text)
                """, arguments: StatementArguments(condition.arguments))
        var isSorted = true
        while let row = try rows.next() {
            let next: (vector: Int64, item: Int64) = (try row.decode(atIndex: 0), try row.decode(atIndex: 1))
            if let last = found.last, next < last { isSorted = false }
            found.append(next)
        }
        if !isSorted { found.sort { $0 < $1 } }
        let vectors = found.map { $0.vector }
        return PassingItems(vectors: vectors, items: found.map { $0.item }, masks: state.masks(of: vectors))
    }

    /// The items of a vector that may be shown.
    private func items(of vector: Int64, _ job: Job, _ showing: Showing) throws -> [Int64] {
        switch showing {
        case .passing(let passing): return passing.items(of: vector).filter { $0 <= job.snapshot }
        case .all:
            return try Int64.fetchAll(
                db.cachedStatement(
                    sql: "SELECT id FROM items WHERE vector = ? AND missing_since IS NULL AND id <= ?"),
                arguments: [vector, job.snapshot])
        case .accepted(let filter):
            let rows = try Row.fetchAll(
                db.cachedStatement(
                    sql: """
                        SELECT items.id, items.path, \(EmbeddedStore.attributeColumns)
                        FROM vectors CROSS JOIN items ON items.vector = vectors.id
                        WHERE vectors.id = ? AND items.missing_since IS NULL AND items.id <= ?
                        """), arguments: [vector, job.snapshot])
            return try rows.compactMap { row in
                let (id, path): (Int64, String) = (try row.decode(atIndex: 0), try row.decode(atIndex: 1))
                let attributes = try EmbeddedStore.attributes(row, from: 2)
                return filter.accepts(id: String(id), path: path, attributes: attributes) ? id : nil
            }
        }
    }

    /// Of some vectors those that have an item to show, with their exact cosines.
    private func read(_ ids: [Int64], _ job: Job, _ showing: Showing) throws -> [NearVector] {
        let statement = try db.cachedStatement(sql: "SELECT embedding FROM vectors WHERE id = ?")
        let isa = diptych_detected_isa()
        return try ids.compactMap { id in
            guard try !items(of: id, job, showing).isEmpty else { return nil }
            let rows = try Row.fetchCursor(statement, arguments: [id])
            // The row is the cursor's.
            return try withExtendedLifetime(rows) {
                try rows.next().map { row in
                    NearVector(id: id, score: try score(row, 0, job.unit, isa) { "the embedding \(id)" })
                }
            }
        }
    }

    /// The items of the nearest vectors, and of the vectors that have no codes yet.
    private func finish(_ job: Job, _ found: NearVectors, _ showing: Showing) throws -> SearchResults {
        var ranking = Ranking(job.request)
        for vector in found.vectors {
            for id in try items(of: vector.id, job, showing) { ranking.offer(vector.score, id: id) }
        }
        let tail: [Int64] =
            if case .passing(let passing) = showing {
                Array(passing.vectors[passing.place(of: state.last + 1)...])
            } else {
                try Int64.fetchAll(
                    db.cachedStatement(sql: "SELECT id FROM vectors WHERE id > ?"), arguments: [state.last])
            }
        // A vector stands in the list as often as it has items.
        for vector in try read(Array(Set(tail)), job, showing) {
            for id in try items(of: vector.id, job, showing) { ranking.offer(vector.score, id: id) }
        }
        return try results(job, ranking, isExact: found.isExact)
    }

    // MARK: - By embeddings

    /// Compares every item's embedding.
    private func scan(_ job: Job) throws -> SearchResults {
        var ranking = Ranking(job.request)
        try offerAll(job, to: &ranking)
        return try results(job, ranking, isExact: true)
    }

    private func offerAll(_ job: Job, to ranking: inout Ranking) throws {
        let rows = try Row.fetchCursor(
            db,
            sql: """
                SELECT items.id, vectors.embedding FROM items JOIN vectors ON vectors.id = items.vector
                WHERE items.missing_since IS NULL AND items.id <= ? AND \(job.condition.text)
                """, arguments: StatementArguments([job.snapshot.databaseValue] + job.condition.arguments))
        let isa = diptych_detected_isa()
        while let row = try rows.next() {
            let id: Int64 = try row.decode(atIndex: 0)
            ranking.offer(try score(row, 1, job.unit, isa) { "the embedding of item \(id)" }, id: id)
        }
    }

    /// The cosine of the unit query and the embedding in a column.
    private func score(_ row: Row, _ column: Int, _ unit: [Float], _ isa: diptych_isa, _ what: () -> String) throws
        -> Float
    {
        let score = try row.withUnsafeData(atIndex: column) { data -> Float in
            guard let data, data.count == 4 * dimension else {
                throw StoreError(.damaged, path: store.name, "\(what()) has the wrong size; run `store verify`")
            }
            var score: Float = 0
            // SQLite may hand out unaligned bytes; the kernel reads them as they are.
            data.withUnsafeBytes {
                diptych_dot_rows(isa, unit, $0.baseAddress?.assumingMemoryBound(to: Float.self), 1, dimension, &score)
            }
            return score
        }
        guard score.isFinite else {
            throw StoreError(.damaged, path: store.name, "\(what()) is not finite; run `store verify`")
        }
        return score
    }

    /// The best items so far, of those behind the request's cursor.
    private struct Ranking {
        private(set) var best: BestScores
        private let minimum: Float?
        private let after: SearchCursor?

        init(_ request: SearchRequest) {
            best = BestScores(limit: request.limit)
            (minimum, after) = (request.minimumSimilarity, request.after)
        }

        mutating func offer(_ score: Float, id: Int64) {
            if let minimum, score < minimum { return }
            let similarity = min(1, max(-1, score))
            if let after, !after.isBefore(similarity: similarity, item: id) { return }
            best.offer(similarity, id: id)
        }
    }

    private func results(_ job: Job, _ ranking: Ranking, isExact: Bool) throws -> SearchResults {
        let (request, ranked) = (job.request, ranking.best.ranked)
        let hits = try ranked.map { entry in
            try EmbeddedStore.hit(entry.id, similarity: entry.score, withEmbedding: request.includesEmbeddings, in: db)
        }
        let next = ranked.last.flatMap { entry in
            ranked.count == request.limit
                ? SearchCursor(
                    snapshot: job.snapshot, position: SearchCursor.position(after: request.after, ranked.count),
                    similarity: entry.score, item: entry.id) : nil
        }
        return SearchResults(hits.compactMap(\.self), isExact: isExact, next: next, snapshot: job.snapshot)
    }
}
