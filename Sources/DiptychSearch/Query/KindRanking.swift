internal import Diptych

/// Ranks photographs and moments of videos together.
///
/// Cosines of the two are not quite comparable: frames are blurred and compressed, and a moment's embedding is a mean. So each kind
/// is searched by itself, and what was found is merged by how far it stands above what is usual for its kind.
struct KindRanking {
    private let store: any VectorStore
    private let images: MatchCalibration
    private let moments: MatchCalibration
    private let spreads: KindSpreads

    /// - Returns: nil where the store does not hold both kinds, or too few to measure them.
    init?(store: any VectorStore, _ query: Embedding, _ kind: NullDistribution.Kind) async throws {
        guard store.takesVideos, let all = try await store.background(),
            let videos = try await store.momentBackground(),
            let images = MatchCalibration(of: query, kind: kind, against: all),
            let moments = MatchCalibration(of: query, kind: kind, against: videos),
            let spreads = try await store.kindSpreads()?[kind]
        else { return nil }
        (self.store, self.images, self.moments, self.spreads) = (store, images, moments, spreads)
    }

    /// Two embeddings of one moment whose cosines differ by less than this part of a query's deviation show the same.
    private static let joined = 0.35

    /// The best of both kinds, best first.
    func search(_ request: SearchRequest, _ options: Searcher.Options) async throws -> SearchResults {
        let position = request.after?.position ?? 0
        let isVideo = Filter.compare(.kind, .equal, .text(AssetKind.video.rawValue))
        func asking(_ filter: Filter) -> SearchRequest {
            var part = request
            part.filter = request.filter.map { .all([$0, filter]) } ?? filter
            // Pages are cut out of the merged list, of which each kind may fill all.
            part.limit = SearchCursor.position(after: request.after, request.limit)
            part.after = request.after.map {
                SearchCursor(snapshot: $0.snapshot, position: 0, similarity: 2, item: 0)
            }
            return part
        }
        let found = try await store.search([asking(.not(isVideo)), asking(isVideo)])
        var merged: [(height: Double, hit: SearchHit)] = []
        for (results, (calibration, spread)) in zip(found, [(images, spreads.images), (moments, spreads.moments)]) {
            for var hit in results.hits {
                hit.joinMoments(within: Float(Self.joined * moments.deviation))
                let height = (Double(hit.similarity) - spread.mean) / spread.deviation
                if options.ratesMatches || options.onlyRelevant {
                    hit.matchProbability = calibration.probability(similarity: hit.similarity)
                }
                merged.append((height, hit))
            }
        }
        merged.sort { ($0.height, $0.hit.similarity) > ($1.height, $1.hit.similarity) }
        let page = merged.dropFirst(position).prefix(request.limit).map(\.hit)
        let snapshot = found.compactMap(\.snapshot).max()
        var results = SearchResults(page, isExact: found.allSatisfy(\.isExact), snapshot: snapshot)
        if page.count == request.limit, let last = page.last, let snapshot {
            results.next = SearchCursor(
                snapshot: snapshot, position: position + page.count, similarity: last.similarity,
                item: Int64(last.id) ?? 0)
        }
        if options.onlyRelevant {
            let count = results.hits.count
            results.hits.removeAll { ($0.matchProbability ?? 1) < MatchCalibration.relevantFrom }
            if results.hits.count < count { results.next = nil }
        }
        return results
    }
}

extension SearchHit {
    /// Two moments with no more than this between them, in seconds, are neighbours.
    private static let gap = 0.5
    /// The most moments that a result names.
    private static let named = 12

    /// Joins neighbouring moments whose cosines differ by `margin` at most, and keeps the best.
    mutating func joinMoments(within margin: Float) {
        guard !moments.isEmpty else { return }
        // The best first: it takes its neighbours with it.
        var joined: [Moment] = []
        var left = moments
        while let best = left.first, joined.count < Self.named {
            left.removeFirst()
            var whole = best
            while let place = left.firstIndex(where: { other in
                best.similarity - other.similarity <= margin
                    && (abs(other.start - whole.end) <= Self.gap || abs(other.end - whole.start) <= Self.gap)
            }) {
                let other = left.remove(at: place)
                (whole.start, whole.end) = (min(whole.start, other.start), max(whole.end, other.end))
            }
            joined.append(whole)
        }
        moments = joined
    }
}
