internal import Diptych

/// Ranks only one of several results that show nearly the same.
struct SearchGroups {
    let store: any VectorStore
    /// The cosine between two results from which on they count as nearly the same.
    let threshold: Float

    /// The most results that are looked at for each that is given, so that a store of copies answers too.
    private static let effort = 20

    /// The best results that differ from each other; each carries those like it that were met on the way. Groups are formed
    /// within a page.
    func search(_ request: SearchRequest) async throws -> SearchResults {
        guard (-1...1).contains(threshold) else {
            throw StoreError(.invalidRequest, path: store.name, "results are grouped by a cosine, not by \(threshold)")
        }
        guard request.limit > 0 else { return try await store.search(request) }
        var groups: [SearchHit] = []
        var page = request
        page.includesEmbeddings = true
        var (isExact, looked) = (true, 0)
        var next: SearchCursor?
        search: for _ in 0..<Self.effort {
            let results = try await store.search(page)
            isExact = isExact && results.isExact
            var last: SearchHit?
            for hit in results {
                if let index = groups.firstIndex(where: { isNearly($0, hit) }) {
                    groups[index].nearDuplicates.append(hit)
                } else if groups.count < request.limit {
                    groups.append(hit)
                } else {
                    // The first of one group too many begins the next page.
                    next = results.snapshot.map { snapshot in
                        SearchCursor(
                            snapshot: snapshot, position: SearchCursor.position(after: request.after, looked),
                            similarity: last?.similarity ?? page.after?.similarity ?? 1,
                            item: last.flatMap { Int64($0.id) } ?? page.after?.item ?? 0)
                    }
                    break search
                }
                last = hit
                looked += 1
            }
            next = results.next
            guard let following = results.next else { break }
            page.after = following
        }
        for index in groups.indices where !request.includesEmbeddings {
            groups[index].embedding = nil
            for other in groups[index].nearDuplicates.indices { groups[index].nearDuplicates[other].embedding = nil }
        }
        return SearchResults(groups, isExact: isExact, next: next)
    }

    private func isNearly(_ a: SearchHit, _ b: SearchHit) -> Bool {
        // What a damaged store holds of another size is like nothing.
        guard let a = a.embedding, let b = b.embedding, a.values.count == b.values.count else { return false }
        return a.similarity(to: b) >= threshold
    }
}
