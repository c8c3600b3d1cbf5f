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

        /// An item of a ranking, by the part that is nearest.
        private struct Ranked {
            let key: Int64
            let item: Int64
            let similarity: Float
            /// What the part showed when it was embedded; nil where the embedding lies with it.
            var content: String?

            static func isBefore(_ a: Ranked, _ b: Ranked) -> Bool {
                (b.similarity, a.item, a.key == a.item ? 0 : 1, a.key)
                    < (a.similarity, b.item, b.key == b.item ? 0 : 1, b.key)
            }
        }

        private func search(one request: SearchRequest) async throws -> SearchResults {
            let unit = try request.unitQuery(dimension: dimension, store: name)
            guard request.limit > 0 else { return SearchResults([], isExact: true) }
            // Later pages leave out what was added since the first one; in microseconds.
            let snapshot = request.after?.snapshot ?? Int64(Date().timeIntervalSince1970 * 1e6)
            var conditions = ["missing == false"]
            if hasParts, vectors == nil { conditions.append("embedded == true") }
            if request.after != nil { conditions.append("added <= \(Double(snapshot) / 1e6)") }
            if let filter = request.filter { conditions.append(self.condition(filter).upper) }
            let condition = MilvusCondition.join(conditions[...], "and", empty: MilvusCondition.everything)
            guard condition != MilvusCondition.nothing else { return SearchResults([], isExact: true) }
            let found = request.isExact ? nil : try await indexed(request, unit, condition)
            let hits: [(Ranked, ItemRow)]
            if let found { hits = found } else { hits = try await compared(request, unit, condition) }
            let next = hits.last.flatMap { last in
                hits.count == request.limit
                    ? SearchCursor(
                        snapshot: snapshot, position: SearchCursor.position(after: request.after, hits.count),
                        similarity: last.0.similarity, item: last.0.item) : nil
            }
            var embeddings: [Int64: [Float]] = [:]
            if request.includesEmbeddings {
                let rows =
                    vectors == nil
                    ? try await rows(hits.map(\.0.key), withEmbeddings: true).map(\.value) : hits.map(\.1)
                embeddings = try await self.embeddings(of: rows)
            }
            return SearchResults(
                hits.map { ranked, row in
                    var hit = SearchHit(
                        id: String(ranked.item), path: row.path, similarity: ranked.similarity,
                        attributes: row.asItem.attributes,
                        embedding: embeddings[ranked.key].map { Embedding(values: $0) })
                    if row.part != .whole { hit.part = row.stored }
                    return hit
                }, isExact: found == nil, next: next, snapshot: snapshot)
        }

        private func isWanted(_ ranked: Ranked, _ request: SearchRequest) -> Bool {
            if let minimum = request.minimumSimilarity, ranked.similarity < minimum { return false }
            return request.after?.isBefore(similarity: ranked.similarity, item: ranked.item) ?? true
        }

        /// The nearest rows by the server's index, best first.
        private func nearest(_ unit: [Float], _ count: Int, _ condition: String, everywhere: Bool) async throws
            -> [Ranked]
        {
            let source = vectors?.collection ?? collection
            // A further space's collection holds embeddings only: filters are for the rows that they lead to.
            let answer = try await source.search(
                [unit], limit: count, filter: vectors == nil ? condition : "",
                fields: vectors != nil ? ["item", "content"] : hasParts ? ["item"] : [], everywhere: everywhere)
            let keys = try answer.table.longs(source.builder.layout.key)
            let items = hasParts ? try answer.table.longs("item") : keys
            let contents = vectors == nil ? nil : try answer.table.texts("content")
            let ranking = keys.indices.map { index in
                Ranked(
                    key: keys[index], item: items[index], similarity: min(1, max(-1, answer.scores[index])),
                    content: contents?[index])
            }
            guard ranking.allSatisfy(\.similarity.isFinite) else {
                throw StoreError(.damaged, path: name, "an embedding is not finite; run `store verify`")
            }
            return ranking.sorted(by: Ranked.isBefore)
        }

        /// What the server's index finds; nil where it cannot be told whether there is more.
        private func indexed(
            _ request: SearchRequest, _ unit: [Float], _ condition: String
        ) async throws -> [(Ranked, ItemRow)]? {
            let (position, overflow) = (request.after?.position ?? 0).addingReportingOverflow(request.limit)
            guard !overflow, position <= WireLimits.items - 16 else { return nil }
            let source = vectors?.collection ?? collection
            // An index looks into a part of the items first and filters there: with a filter it must look everywhere.
            var everywhere = request.filter != nil
            var count = min(WireLimits.items, position + 16)
            while true {
                try Task.checkCancellation()
                let ranking = try await nearest(unit, count, condition, everywhere: everywhere)
                let isAll = ranking.count < count
                if isAll, !everywhere, await source.isApproximate {
                    everywhere = true
                    continue
                }
                let hits = try await accepted(ranking, request)
                if let furthest = ranking.last?.similarity {
                    // Of several that are as near as the last hit, all must be known to take the first by id.
                    if hits.count == request.limit, let last = hits.last?.0.similarity, last > furthest { return hits }
                    // Below the minimum there may be any number more.
                    if let minimum = request.minimumSimilarity, furthest < minimum { return hits }
                }
                if isAll {
                    if hits.count == request.limit { return hits }
                    let all = try await source.count(vectors == nil ? condition : MilvusCondition.everything)
                    return all <= ranking.count ? hits : nil
                }
                guard count < WireLimits.items else { return hits.count == request.limit ? hits : nil }
                count = min(WireLimits.items, 4 * count)
            }
        }

        /// The first items of a ranking that are there and that the filter accepts, each by its best part, as many as are asked for.
        private func accepted(_ ranking: [Ranked], _ request: SearchRequest) async throws -> [(Ranked, ItemRow)] {
            var (hits, start): ([(Ranked, ItemRow)], Int) = ([], 0)
            var seen: Set<Int64> = []
            while start < ranking.count, hits.count < request.limit {
                // Most often the first ones are enough.
                let end = min(ranking.count, start + (start == 0 ? min(256, request.limit + 16) : 256))
                // Of an item that was shown or stands on an earlier page, further parts do not count.
                let step = ranking[start..<end].filter { entry in
                    guard !seen.contains(entry.item) else { return false }
                    // Only a further space's embedding may be of what is no longer there.
                    guard vectors == nil, !isWanted(entry, request) else { return true }
                    seen.insert(entry.item)
                    return false
                }
                let rows = try await rows(step.map(\.key), withEmbeddings: false)
                for entry in step where hits.count < request.limit && !seen.contains(entry.item) {
                    guard let row = rows[entry.key], !row.isMissing, isCurrent(entry, row, request),
                        request.filter?.accepts(row.asItem) ?? true
                    else { continue }
                    seen.insert(entry.item)
                    if isWanted(entry, request) { hits.append((entry, row)) }
                }
                start = end
            }
            return hits
        }

        /// Whether an embedding is of what its row shows, and the row was there when the first page was given.
        private func isCurrent(_ entry: Ranked, _ row: ItemRow, _ request: SearchRequest) -> Bool {
            guard let content = entry.content else { return true }
            if let after = request.after, row.added > Double(after.snapshot) / 1e6 { return false }
            return content == row.content.hexadecimal
        }

        /// Every row that passes, compared here by its embedding.
        private func compared(
            _ request: SearchRequest, _ unit: [Float], _ condition: String
        ) async throws -> [(Ranked, ItemRow)] {
            // Each item's best part so far.
            var best: [Int64: Ranked] = [:]
            try await walk(
                filter: request.filter, rows: MilvusCondition.everything, condition: condition, fields: .everything,
                limit: .max
            ) { row, embedding in
                guard let embedding else { return true }
                var sum: Float = 0
                for (a, b) in zip(embedding, unit) { sum += a * b }
                let ranked = Ranked(key: row.key, item: row.item, similarity: min(1, max(-1, sum)))
                if let known = best[row.item], Ranked.isBefore(known, ranked) { return true }
                best[row.item] = ranked
                return true
            }
            let ranking = best.values.filter { isWanted($0, request) }.sorted(by: Ranked.isBefore).prefix(request.limit)
            let rows = try await rows(ranking.map(\.key), withEmbeddings: false)
            return ranking.compactMap { ranked in rows[ranked.key].map { (ranked, $0) } }
        }
    }
#endif
