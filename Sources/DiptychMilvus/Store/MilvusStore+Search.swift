#if Milvus
    internal import Diptych
    public import DiptychSearch
    internal import Foundation

    extension MilvusStore {
        /// The items nearest to each request's query by cosine, best first; equal ones by id.
        ///
        /// The server's index answers; where it finds fewer than were asked for although more pass the filter, or an exact answer is
        /// asked for, the embeddings are read from the server and compared here.
        public func search(_ requests: [SearchRequest]) async throws -> [SearchResults] {
            var results: [SearchResults] = []
            for request in requests { results.append(try await storing { try await search(one: request) }) }
            return results
        }

        /// An item of a ranking.
        private struct Ranked {
            let key: Int64
            let similarity: Float

            static func isBefore(_ a: Ranked, _ b: Ranked) -> Bool {
                a.similarity != b.similarity ? a.similarity > b.similarity : a.key < b.key
            }
        }

        private func search(one request: SearchRequest) async throws -> SearchResults {
            let unit = try request.unitQuery(dimension: dimension, store: name)
            guard request.limit > 0 else { return SearchResults([], isExact: true) }
            // Later pages leave out what was added since the first one; in microseconds.
            let snapshot = request.after?.snapshot ?? Int64(Date().timeIntervalSince1970 * 1e6)
            var conditions = ["missing == false"]
            if request.after != nil { conditions.append("added <= \(Double(snapshot) / 1e6)") }
            if let filter = request.filter { conditions.append(MilvusCondition(filter).upper) }
            let condition = MilvusCondition.join(conditions[...], "and", empty: MilvusCondition.everything)
            guard condition != MilvusCondition.nothing else { return SearchResults([], isExact: true) }
            var (hits, isExact): ([(Ranked, ItemRow)], Bool) = ([], true)
            let found = request.isExact ? nil : try await indexed(request, unit, condition)
            if let found {
                (hits, isExact) = (found, false)
            } else {
                hits = try await compared(request, unit, condition)
            }
            let next = hits.last.flatMap { last in
                hits.count == request.limit
                    ? SearchCursor(
                        snapshot: snapshot, position: SearchCursor.position(after: request.after, hits.count),
                        similarity: last.0.similarity, item: last.0.key) : nil
            }
            let embeddings =
                request.includesEmbeddings && found != nil
                ? try await rows(hits.map(\.0.key), withEmbeddings: true) : [:]
            return SearchResults(
                hits.map { ranked, row in
                    let values = embeddings[ranked.key]?.embedding ?? row.embedding
                    return SearchHit(
                        id: String(ranked.key), path: row.path, similarity: ranked.similarity,
                        attributes: row.item.attributes,
                        embedding: request.includesEmbeddings && !values.isEmpty ? Embedding(values: values) : nil)
                }, isExact: isExact, next: next)
        }

        private func isWanted(_ ranked: Ranked, _ request: SearchRequest) -> Bool {
            if let minimum = request.minimumSimilarity, ranked.similarity < minimum { return false }
            return request.after?.isBefore(similarity: ranked.similarity, item: ranked.key) ?? true
        }

        /// What the server's index finds; nil where it cannot be told whether there is more.
        private func indexed(
            _ request: SearchRequest, _ unit: [Float], _ condition: String
        ) async throws -> [(Ranked, ItemRow)]? {
            let (position, overflow) = (request.after?.position ?? 0).addingReportingOverflow(request.limit)
            guard !overflow, position <= WireLimits.items - 16 else { return nil }
            // An index looks into a part of the items first and filters there: with a filter it must look everywhere.
            var everywhere = request.filter != nil
            var count = min(WireLimits.items, position + 16)
            while true {
                try Task.checkCancellation()
                let answer = try await collection.search(
                    [unit], limit: count, filter: condition, fields: [], everywhere: everywhere)
                let keys = try answer.table.longs(collection.builder.layout.key)
                let ranking = zip(keys, answer.scores).map { Ranked(key: $0, similarity: min(1, max(-1, $1))) }
                    .sorted(by: Ranked.isBefore)
                guard ranking.allSatisfy(\.similarity.isFinite) else {
                    throw StoreError(.damaged, path: name, "an embedding is not finite; run `store verify`")
                }
                let isAll = ranking.count < count
                if isAll, !everywhere, await collection.isApproximate {
                    everywhere = true
                    continue
                }
                let hits = try await accepted(ranking.filter { isWanted($0, request) }, request)
                if let furthest = ranking.last?.similarity {
                    // Of several that are as near as the last hit, all must be known to take the first by id.
                    if hits.count == request.limit, let last = hits.last?.0.similarity, last > furthest { return hits }
                    // Below the minimum there may be any number more.
                    if let minimum = request.minimumSimilarity, furthest < minimum { return hits }
                }
                if isAll {
                    if hits.count == request.limit { return hits }
                    return try await collection.count(condition) <= ranking.count ? hits : nil
                }
                guard count < WireLimits.items else { return hits.count == request.limit ? hits : nil }
                count = min(WireLimits.items, 4 * count)
            }
        }

        /// The first items of a ranking that are there and that the filter accepts, as many as are asked for.
        private func accepted(_ ranking: [Ranked], _ request: SearchRequest) async throws -> [(Ranked, ItemRow)] {
            var (hits, start): ([(Ranked, ItemRow)], Int) = ([], 0)
            while start < ranking.count, hits.count < request.limit {
                // Most often the first ones are enough.
                let end = min(ranking.count, start + (start == 0 ? min(256, request.limit + 16) : 256))
                let rows = try await rows(ranking[start..<end].map(\.key), withEmbeddings: false)
                for entry in ranking[start..<end] where hits.count < request.limit {
                    guard let row = rows[entry.key], !row.isMissing, request.filter?.accepts(row.item) ?? true else {
                        continue
                    }
                    hits.append((entry, row))
                }
                start = end
            }
            return hits
        }

        /// Every item that passes, compared here by its embedding.
        private func compared(
            _ request: SearchRequest, _ unit: [Float], _ condition: String
        ) async throws -> [(Ranked, ItemRow)] {
            var best: [(Ranked, ItemRow)] = []
            let kept = request.limit > 1 << 30 ? Int.max : max(1024, 2 * request.limit)
            func tidy() {
                best.sort { Ranked.isBefore($0.0, $1.0) }
                if best.count > request.limit { best.removeLast(best.count - request.limit) }
            }
            try await walk(filter: request.filter, condition: condition, fields: .everything, limit: .max) { row in
                var sum: Float = 0
                for (a, b) in zip(row.embedding, unit) { sum += a * b }
                let ranked = Ranked(key: row.key, similarity: min(1, max(-1, sum)))
                guard isWanted(ranked, request) else { return true }
                best.append((ranked, row))
                if best.count >= kept { tidy() }
                return true
            }
            tidy()
            return best
        }

        /// Checks every item, by reading it.
        public func verify() async throws -> [String] {
            try await storing {
                var problems: [String] = []
                var number = 0
                var last: Int64 = 0
                reading: while true {
                    try Task.checkCancellation()
                    let table = try await collection.query(
                        "id > \(last)", fields: ItemRows.fields + ["id", "embedding"], limit: 256)
                    let keys = try table.longs("id")
                    guard let end = keys.max() else { break }
                    last = end
                    number += keys.count
                    for (key, row) in zip(keys, try ItemRows.read(table, dimension: dimension)) {
                        let square = row.embedding.reduce(0.0) { $0 + Double($1) * Double($1) }
                        if row.key != key { problems.append("item \(key): its path \(row.path) belongs to another id") }
                        if abs(square.squareRoot() - 1) >= 1e-3 {
                            problems.append(
                                "item \(key) (\(row.path)): its embedding is not of length 1; index it again")
                        }
                        if row.content == ContentHash(of: Data()), row.bytes > 0 {
                            problems.append("item \(key) (\(row.path)): its content's hash is damaged; index it again")
                        }
                        if problems.count >= 20 { break reading }
                    }
                }
                if problems.isEmpty {
                    let count = try await collection.count(MilvusCondition.everything)
                    if count != number {
                        problems.append(
                            "\(number) items could be read, and the server counts \(count); are others writing now?")
                    }
                }
                return Array(problems.prefix(20))
            }
        }
    }
#endif
