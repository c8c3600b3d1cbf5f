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
    private let roots: StoreRoots
    private let table: String
    /// Whether each vector has the number of its asset, and each asset has one vector at most.
    private let isAligned: Bool

    init(db: Database, store: EmbeddedStore, state: CodeState) throws {
        (self.db, self.store, self.state) = (db, store, state)
        roots = try store.roots(db)
        table = store.space.table
        let aligned = try Bool.fetchOne(
            db.cachedStatement(sql: "SELECT aligned FROM spaces WHERE id = ?"), arguments: [store.space.id])
        isAligned = aligned ?? false
    }

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
        /// What of an item may be found: all of it, or moments of a time.
        let times: SQLCondition
        /// How many vectors to look for: the pages before count too.
        var count: Int
        /// A little below the least cosine wanted, for the rounding of sums.
        var minimum: Float { request.minimumSimilarity.map { $0 - 1e-4 } ?? -.infinity }

        init(_ request: SearchRequest, unit: [Float], last: Int64, roots: StoreRoots) {
            self.request = request
            self.unit = unit
            snapshot = request.after?.snapshot ?? last
            condition = request.filter?.sql(roots) ?? SQLCondition("1")
            times = request.filter?.videoTimes?.partSQL ?? SQLCondition("1")
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
        let jobs = zip(requests, units).map { Job($0, unit: $1, last: last, roots: roots) }
        var results = [SearchResults](repeating: SearchResults([], isExact: true), count: jobs.count)
        // Those that the same scan of the codes serves.
        var together: [Kind: [Int]] = [:]
        for (index, job) in jobs.enumerated() where job.request.limit > 0 {
            if state.count == 0 || job.count > state.count / Self.largestShare {
                results[index] = try scan(job)
            } else if !isAligned {
                results[index] = try bestParts(job)
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
            for (index, vectors) in zip(indices, found) {
                let job = jobs[index]
                results[index] = try self.results(job, offers(job, vectors, .all), isExact: vectors.isExact)
            }
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

    /// The results where an item may be found by several parts, of which the best counts: more vectors are looked for, until there
    /// are enough items among them.
    private func bestParts(_ job: Job) throws -> SearchResults {
        var wider = job
        while true {
            let (ranking, found, isExact) = try byCodes(wider)
            // Vectors without codes are offered too, however far; only down to the furthest one found are all known.
            let isAll = found.vectors.count < wider.count
            let isEnough = isAll || ranking.count(from: found.vectors[wider.count - 1].score) >= job.count
            if isEnough { return try results(job, ranking, isExact: isExact) }
            wider.count = wider.count.multipliedReportingOverflow(by: 4).partialValue
            guard wider.count > 0, wider.count <= state.count / Self.largestShare else { return try scan(job) }
        }
    }

    /// The results for one request that is exact or has a filter.
    private func byCodes(_ job: Job) throws -> SearchResults {
        let (ranking, _, isExact) = try byCodes(job)
        return try results(job, ranking, isExact: isExact)
    }

    /// The items that codes lead to, and the vectors that they come from.
    private func byCodes(_ job: Job) throws -> (Ranking, found: NearVectors, isExact: Bool) {
        guard let filter = job.request.filter else {
            let found = try search.nearest(
                [job.unit], count: job.count, minimum: job.minimum, exact: true
            ) { try read($1, job, .all) }
            return try (offers(job, found[0], .all), found[0], found[0].isExact)
        }
        let key = StoreCodes.PassingKey(
            filter: filter.description, changes: try Schema.value("changes", in: db), signature: state.signature)
        let known = store.codes.passing(key)
        if known == nil, !job.request.isExact, filter.videoTimes == nil {
            // A filter that many pass needs no more than a look at the candidates.
            do {
                let found = try search.nearest(
                    [job.unit], count: job.count, minimum: job.minimum,
                    mostReads: max(Self.probes, 4 * job.count)
                ) { try read($1, job, .accepted(filter)) }
                return try (offers(job, found[0], .accepted(filter)), found[0], found[0].isExact)
            } catch is CodeSearch.TooManyReads {}
        }
        let passing = try known ?? list(job)
        if known == nil { store.codes.remember(passing, for: key) }
        let found = try search.nearest(
            [job.unit], count: job.count, minimum: job.minimum, exact: job.request.isExact, masks: passing.masks
        ) { try read($1, job, .passing(passing)) }
        return try (offers(job, found[0], .passing(passing)), found[0], found[0].isExact)
    }

    /// All items that pass a request's filter, those of later pages' time too.
    private func list(_ job: Job) throws -> PassingItems {
        var found: [(vector: Int64, item: Int64)] = []
        let condition = job.request.filter?.itemsSQL(roots) ?? SQLCondition("1")
        let tables =
            isAligned
            ? "items \(condition.asksIdsOnly ? "INDEXED BY items_by_id" : "")"
            : "items JOIN \(table) AS embeddings ON embeddings.asset = items.asset"
        // Entries of an index are short; left to itself, the database reads the rows where it knows their ids. In no order:
        // asked for one, it would go through all items in that order.
        let rows = try Row.fetchCursor(
            db,
            sql: """
                SELECT \(isAligned ? "items.asset" : "embeddings.id"), items.id FROM \(tables)
                WHERE items.missing_since IS NULL AND \(condition.text) AND \(isAligned ? "1" : job.times.text)
                """, arguments: StatementArguments(condition.arguments + (isAligned ? [] : job.times.arguments)))
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
                    sql: isAligned
                        ? "SELECT id FROM items WHERE asset = ? AND missing_since IS NULL AND id <= ?"
                        : """
                        SELECT items.id FROM \(table) AS embeddings CROSS JOIN items ON items.asset = embeddings.asset
                        WHERE embeddings.id = ? AND items.missing_since IS NULL AND items.id <= ?
                        """),
                arguments: [vector, job.snapshot])
        case .accepted(let filter):
            let rows = try Row.fetchAll(
                db.cachedStatement(
                    sql: """
                        SELECT items.id, \(EmbeddedStore.pathColumns), \(EmbeddedStore.attributeColumns)
                        FROM \(isAligned ? "assets" : "\(table) AS embeddings CROSS JOIN assets ON assets.id = embeddings.asset")
                            CROSS JOIN items ON items.asset = assets.id
                        WHERE \(isAligned ? "assets" : "embeddings").id = ?
                            AND items.missing_since IS NULL AND items.id <= ?
                        """), arguments: [vector, job.snapshot])
            return try rows.compactMap { row in
                let id: Int64 = try row.decode(atIndex: 0)
                let path = try EmbeddedStore.path(row, from: 1, roots)
                let attributes = try EmbeddedStore.attributes(row, from: 3)
                return filter.accepts(id: String(id), path: path, attributes: attributes) ? id : nil
            }
        }
    }

    /// Of some vectors those that have an item to show, with their exact cosines.
    private func read(_ ids: [Int64], _ job: Job, _ showing: Showing) throws -> [NearVector] {
        let statement = try db.cachedStatement(sql: "SELECT vector FROM \(table) WHERE id = ?")
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
    private func offers(_ job: Job, _ found: NearVectors, _ showing: Showing) throws -> Ranking {
        var ranking = Ranking(job.request, hasParts: !isAligned)
        for vector in found.vectors {
            for id in try items(of: vector.id, job, showing) { ranking.offer(vector.score, id: id, by: vector.id) }
        }
        let tail: [Int64] =
            if case .passing(let passing) = showing {
                Array(passing.vectors[passing.place(of: state.last + 1)...])
            } else {
                try Int64.fetchAll(
                    db.cachedStatement(sql: "SELECT id FROM \(table) WHERE id > ?"), arguments: [state.last])
            }
        // A vector stands in the list as often as it has items.
        for vector in try read(Array(Set(tail)), job, showing) {
            for id in try items(of: vector.id, job, showing) { ranking.offer(vector.score, id: id, by: vector.id) }
        }
        return ranking
    }

    // MARK: - By embeddings

    /// Compares every item's embedding.
    private func scan(_ job: Job) throws -> SearchResults {
        var ranking = Ranking(job.request, hasParts: !isAligned)
        // A join costs as much as the comparison: none that is not asked for.
        let assets = job.condition.asksAssets ? "JOIN assets ON assets.id = items.asset" : ""
        let rows = try Row.fetchCursor(
            db,
            sql: """
                SELECT items.id, embeddings.id, embeddings.vector FROM items \(assets)
                    JOIN \(table) AS embeddings ON embeddings.\(isAligned ? "id" : "asset") = items.asset
                WHERE items.missing_since IS NULL AND items.id <= ? AND \(job.condition.text) AND \(job.times.text)
                """,
            arguments: StatementArguments(
                [job.snapshot.databaseValue] + job.condition.arguments + job.times.arguments))
        let isa = diptych_detected_isa()
        while let row = try rows.next() {
            let (item, vector): (Int64, Int64) = (try row.decode(atIndex: 0), try row.decode(atIndex: 1))
            ranking.offer(
                try score(row, 2, job.unit, isa) { "the embedding of item \(item)" }, id: item, by: vector)
        }
        return try results(job, ranking, isExact: true)
    }

    /// The cosine of the unit query and the embedding in a column.
    private func score(_ row: Row, _ column: Int, _ unit: [Float], _ isa: diptych_isa, _ what: () -> String) throws
        -> Float
    {
        let bytes = try row.decode(BorrowedBytes?.self, atIndex: column)?.bytes
        guard let bytes, bytes.count == 4 * dimension else {
            throw StoreError(.damaged, path: store.name, "\(what()) has the wrong size; run `store verify`")
        }
        var score: Float = 0
        // SQLite may hand out unaligned bytes; the kernel reads them as they are.
        diptych_dot_rows(isa, unit, bytes.baseAddress?.assumingMemoryBound(to: Float.self), 1, dimension, &score)
        guard score.isFinite else {
            throw StoreError(.damaged, path: store.name, "\(what()) is not finite; run `store verify`")
        }
        return score
    }

    private func results(_ job: Job, _ ranking: Ranking, isExact: Bool) throws -> SearchResults {
        let (request, ranked) = (job.request, ranking.ranked)
        let hits = try ranked.map { entry in
            try hit(
                entry.id, similarity: entry.score, by: ranking.vectors[entry.id], job)
        }
        let next = ranked.last.flatMap { entry in
            ranked.count == request.limit
                ? SearchCursor(
                    snapshot: job.snapshot, position: SearchCursor.position(after: request.after, ranked.count),
                    similarity: entry.score, item: entry.id) : nil
        }
        return SearchResults(hits.compactMap(\.self), isExact: isExact, next: next, snapshot: job.snapshot)
    }

    /// What a search tells about the item `id`, which was found by the embedding `vector`.
    private func hit(_ id: Int64, similarity: Float, by vector: Int64?, _ job: Job) throws -> SearchHit? {
        let withEmbedding = job.request.includesEmbeddings
        let row = try Row.fetchOne(
            db.cachedStatement(
                sql: """
                    SELECT \(EmbeddedStore.pathColumns), \(EmbeddedStore.attributeColumns), assets.id
                    FROM items JOIN assets ON assets.id = items.asset WHERE items.id = ?
                    """), arguments: [id])
        guard let row else { return nil }
        let asset: Int64 = try row.decode(atIndex: row.count - 1)
        var hit = SearchHit(
            id: String(id), path: try EmbeddedStore.path(row, from: 0, roots), similarity: similarity,
            attributes: try EmbeddedStore.attributes(row, from: 2))
        guard withEmbedding || !isAligned else { return hit }
        let embedding =
            try vector
            ?? Int64.fetchOne(
                db.cachedStatement(sql: "SELECT id FROM \(table) WHERE asset = ?1 AND part = ?1"), arguments: [asset])
        if withEmbedding {
            hit.embedding = try Data.fetchOne(
                db.cachedStatement(sql: "SELECT vector FROM \(table) WHERE id = ?"), arguments: [embedding]
            ).map { Embedding(values: EmbeddedStore.floats(of: $0)) }
        }
        if !isAligned {
            hit.part = try EmbeddedStore.part(of: embedding, in: table, db)
            if hit.attributes.kind == .video { hit.moments = try moments(of: asset, job) }
        }
        return hit
    }

    /// The moments of a video that a result names.
    private static let mostMoments = 64

    /// The moments of a video, each by the better of its two embeddings, best first.
    private func moments(of asset: Int64, _ job: Job) throws -> [SearchHit.Moment] {
        let times = job.request.filter?.videoTimes
        let isa = diptych_detected_isa()
        let rows = try Row.fetchCursor(
            db.cachedStatement(
                sql: """
                    SELECT \(EmbeddedStore.partColumns), embeddings.vector
                    FROM \(table) AS embeddings JOIN parts ON parts.id = embeddings.part
                    WHERE embeddings.asset = ? AND parts.kind = 2 AND parts.width > 0
                    """), arguments: [asset])
        var found: [Double: SearchHit.Moment] = [:]
        while let row = try rows.next() {
            guard case .moment(let start, let end, let best, _) = try EmbeddedStore.part(row, from: 0).part,
                times?.accepts(start, end) ?? true
            else { continue }
            let score = try score(row, EmbeddedStore.partColumnCount, job.unit, isa) { "a moment's embedding" }
            if let known = found[start], known.similarity >= score { continue }
            found[start] = SearchHit.Moment(start: start, end: end, best: best, similarity: min(1, max(-1, score)))
        }
        let ranked = found.values.sorted { ($1.similarity, $0.start) < ($0.similarity, $1.start) }
        return Array(ranked.prefix(Self.mostMoments))
    }
}
