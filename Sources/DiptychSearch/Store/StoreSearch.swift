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

        init(_ request: SearchRequest, unit: [Float], last: Int64) {
            self.request = request
            self.unit = unit
            snapshot = request.after?.snapshot ?? last
            condition = request.filter?.sql ?? SQLCondition("1")
            let (sum, overflow) = request.limit.addingReportingOverflow(request.after?.position ?? 0)
            count = overflow ? .max : sum
        }

        /// Of a row of `items` joined with `vectors`: whether it may be shown.
        var isShown: String { "items.missing_since IS NULL AND items.id <= ? AND \(condition.text)" }
        var arguments: [DatabaseValue] { [snapshot.databaseValue] + condition.arguments }
    }

    func results(_ requests: [SearchRequest], _ units: [[Float]]) throws -> [SearchResults] {
        let last = try Int64.fetchOne(db, sql: "SELECT max(id) FROM items") ?? 0
        let jobs = zip(requests, units).map { Job($0, unit: $1, last: last) }
        var results = [SearchResults](repeating: SearchResults([], isExact: true), count: jobs.count)
        // Those that the same scan of the codes serves.
        var together: [Int: [Int]] = [:]
        for (index, job) in jobs.enumerated() where job.request.limit > 0 {
            if state.count == 0 || job.count > state.count / Self.largestShare {
                results[index] = try scan(job)
            } else if job.request.isExact || job.request.filter != nil {
                results[index] = try finish(job, try nearest(job))
            } else {
                together[job.count, default: []].append(index)
            }
        }
        for (count, indices) in together {
            let found = try search.nearest(indices.map { jobs[$0].unit }, count: count) { query, ids in
                try read(ids, jobs[indices[query]])
            }
            for (index, vectors) in zip(indices, found) { results[index] = try finish(jobs[index], vectors) }
        }
        return results
    }

    private var search: CodeSearch {
        CodeSearch(CodeScan(state, dimension: dimension, threads: store.codes.threads))
    }

    // MARK: - By codes

    /// The nearest vectors with codes, for one request that is exact or has a filter.
    private func nearest(_ job: Job) throws -> NearVectors {
        let read: CodeSearch.Reader = { try self.read($1, job) }
        guard let filter = job.request.filter else {
            return try search.nearest([job.unit], count: job.count, exact: true, read: read)[0]
        }
        let key = StoreCodes.MaskKey(
            filter: filter.description, changes: try Schema.value("changes", in: db), signature: state.signature)
        var masks = store.codes.masks(key)
        if masks == nil, !job.request.isExact {
            // A filter that many pass needs no more than a look at the candidates.
            do {
                return try search.nearest(
                    [job.unit], count: job.count, mostReads: max(Self.probes, 4 * job.count), read: read)[0]
            } catch is CodeSearch.TooManyReads {}
        }
        if masks == nil {
            let passing = try Int64.fetchAll(
                db,
                sql: """
                    SELECT DISTINCT vectors.id FROM items JOIN vectors ON vectors.id = items.vector
                    WHERE items.missing_since IS NULL AND \(job.condition.text) ORDER BY vectors.id
                    """, arguments: StatementArguments(job.condition.arguments))
            let found = state.masks(of: passing)
            store.codes.remember(found, for: key)
            masks = found
        }
        return try search.nearest(
            [job.unit], count: job.count, exact: job.request.isExact, masks: masks, read: read)[0]
    }

    /// Of some vectors those that have an item to show, with their exact cosines.
    private func read(_ ids: [Int64], _ job: Job) throws -> [NearVector] {
        let shown = try db.cachedStatement(
            sql: """
                SELECT vectors.embedding FROM vectors WHERE vectors.id = ? AND EXISTS (
                    SELECT 1 FROM items WHERE items.vector = vectors.id AND \(job.isShown))
                """)
        let isa = diptych_detected_isa()
        return try ids.compactMap { id in
            let rows = try Row.fetchCursor(shown, arguments: StatementArguments([id.databaseValue] + job.arguments))
            guard let row = try rows.next() else { return nil }
            return NearVector(id: id, score: try score(row, 0, job.unit, isa) { "the embedding \(id)" })
        }
    }

    /// The items of the nearest vectors, and of the vectors that have no codes yet.
    private func finish(_ job: Job, _ found: NearVectors) throws -> SearchResults {
        var ranking = Ranking(job.request)
        let items = try db.cachedStatement(
            sql: """
                SELECT items.id FROM items JOIN vectors ON vectors.id = items.vector
                WHERE items.vector = ? AND \(job.isShown)
                """)
        for vector in found.vectors {
            let ids = try Int64.fetchCursor(
                items, arguments: StatementArguments([vector.id.databaseValue] + job.arguments))
            while let id = try ids.next() { ranking.offer(vector.score, id: id) }
        }
        try offer(job, after: state.last, to: &ranking)
        return try results(job, ranking, isExact: found.isExact)
    }

    // MARK: - By embeddings

    /// Compares every item's embedding.
    private func scan(_ job: Job) throws -> SearchResults {
        var ranking = Ranking(job.request)
        try offer(job, after: nil, to: &ranking)
        return try results(job, ranking, isExact: true)
    }

    /// Compares the items whose vectors come after one, or all.
    private func offer(_ job: Job, after: Int64?, to ranking: inout Ranking) throws {
        // For a few at the end, the order of the tables matters: CROSS JOIN keeps it.
        let rows = try Row.fetchCursor(
            db.cachedStatement(
                sql: after == nil
                    ? """
                    SELECT items.id, vectors.embedding FROM items JOIN vectors ON vectors.id = items.vector
                    WHERE \(job.isShown)
                    """
                    : """
                    SELECT items.id, vectors.embedding FROM vectors CROSS JOIN items ON items.vector = vectors.id
                    WHERE vectors.id > ? AND \(job.isShown)
                    """),
            arguments: StatementArguments((after.map { [$0.databaseValue] } ?? []) + job.arguments))
        let isa = diptych_detected_isa()
        while let row = try rows.next() {
            let id: Int64 = try row.decode(atIndex: 0)
            ranking.offer(try score(row, 1, job.unit, isa) { "the embedding of item \(id)" }, id: id)
        }
    }

    /// The cosine of the unit query and the embedding in a column.
    private func score(_ row: Row, _ column: Int, _ unit: [Float], _ isa: diptych_isa, _ what: () -> String) throws -> Float {
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
                    snapshot: job.snapshot, position: (request.after?.position ?? 0) + ranked.count,
                    similarity: entry.score, item: entry.id) : nil
        }
        return SearchResults(hits.compactMap(\.self), isExact: isExact, next: next)
    }
}
