import DiptychSearch
import DiptychTestSupport
import Foundation
import Testing

/// Searches by codes against sorting everything.
@Suite struct CodeSearchTests {
    /// Segments of several sizes, and some vectors that have no codes.
    static func store(_ count: Int = 6000, dimension: Int = 64) throws -> CodedVectors {
        let store = try CodedVectors(dimension: dimension, capacity: 1024)
        store.add(count, seed: 1)
        try store.append()
        return store
    }

    @Test func exactSearchesFindWhatSortingFinds() throws {
        let store = try Self.store()
        let state = store.files().state()
        #expect(state.count == 6000)
        for count in [1, 10, 300] {
            let queries = store.queries(8, seed: 2)
            let found = try store.search(queries, count, exact: true, state: state)
            for (query, result) in zip(queries, found) {
                #expect(result.isExact)
                #expect(Array(result.vectors.prefix(count)) == store.nearest(query, count))
            }
        }
    }

    @Test(arguments: [64, 100, 512]) func fastSearchesFindNearlyAll(dimension: Int) throws {
        let store = try Self.store(4000, dimension: dimension)
        let queries = store.queries(60, seed: 3)
        // One by one, and all at once: the same answers.
        let together = try store.search(queries, 10, exact: false)
        var (hits, all) = (0, 0)
        for (query, result) in zip(queries, together) {
            let alone = try store.search([query], 10, exact: false)[0]
            #expect(alone.vectors.prefix(10) == result.vectors.prefix(10))
            let expected = Set(store.nearest(query, 10).map(\.id))
            hits += result.vectors.prefix(10).count { expected.contains($0.id) }
            all += 10
        }
        #expect(Double(hits) / Double(all) >= 0.99)
    }

    @Test func deletedVectorsAreReplacedByOthers() throws {
        let store = try Self.store()
        var generator = SeededGenerator(4)
        let query = store.queries(1, seed: 5)[0]
        // The nearest thousand among them, then nearly all.
        let nearest = store.nearest(query, 1000).map(\.id)
        for gone in [nearest, Array(store.vectors.keys.shuffled(using: &generator).dropFirst(12))] {
            for id in gone { store.vectors[id] = nil }
            for exact in [false, true] {
                let found = try store.search([query], 10, exact: exact)[0]
                #expect(Array(found.vectors.prefix(10)) == store.nearest(query, 10))
            }
        }
        store.vectors = [:]
        #expect(try store.search([query], 10, exact: false)[0].vectors.isEmpty)
        #expect(try store.search([query], 10, exact: true)[0].vectors.isEmpty)
    }

    @Test func masksLeaveOutWhatIsNotWanted() throws {
        let store = try Self.store()
        let state = store.files().state()
        let queries = store.queries(20, seed: 6)
        for share in [2, 100, 1000, 7000] {
            let allowed = { (id: Int64) in id % Int64(share) == 1 }
            // Ids that have no codes do no harm.
            let masks = state.masks(of: store.vectors.keys.filter(allowed).sorted() + [1 << 40])
            #expect(masks.reduce(0) { $0 + $1.nonzeroBitCount } == store.vectors.keys.count(where: allowed))
            for exact in [false, true] {
                var hits = 0
                let found = try store.search(queries, 10, exact: exact, state: state, masks: masks)
                for (query, result) in zip(queries, found) {
                    let expected = store.nearest(query, 10, allowed)
                    #expect(result.vectors.prefix(10).count == expected.count)
                    #expect(result.vectors.allSatisfy { allowed($0.id) })
                    hits += Set(result.vectors.prefix(10).map(\.id)).intersection(expected.map(\.id)).count
                    if exact { #expect(Array(result.vectors.prefix(10)) == expected) }
                }
                #expect(Double(hits) >= 0.97 * Double(20 * min(10, store.vectors.keys.count(where: allowed))))
            }
        }
    }

    @Test func whatMayNotBeShownIsLookedUpOnlySoFar() throws {
        let store = try Self.store()
        let scan = CodeScan(store.files().state(), dimension: 64, threads: 1)
        let query = store.queries(1, seed: 7)[0]
        var read = 0
        #expect(throws: CodeSearch.TooManyReads.self) {
            try CodeSearch(scan).nearest([query], count: 10, mostReads: 200) { _, ids in
                read += ids.count
                return []
            }
        }
        // After a quarter it is clear that they will not do.
        #expect(read > 50 && read <= 70)
    }

    @Test func aSearchGoesBeyondItsFirstCandidates() throws {
        // More than the first pass gives at first, and only the farthest ones may be shown.
        let store = try Self.store(9008, dimension: 16)
        let query = store.queries(1, seed: 8)[0]
        let far = Set(store.nearest(query, 9008).suffix(12).map(\.id))
        for exact in [false, true] {
            let found = try store.search([query], 10, exact: exact) { far.contains($0) }[0]
            #expect(Array(found.vectors.prefix(10)) == store.nearest(query, 10) { far.contains($0) })
        }
    }

    @Test func aSegmentsLastVectorsAreFoundAsTheFirst() throws {
        let store = try Self.store(1024 + 16, dimension: 33)
        for id: Int64 in [1, 1024, 1025, 1040] {
            let query = try #require(store.vectors[id])
            for exact in [false, true] {
                #expect(try store.search([query], 1, exact: exact)[0].vectors.first?.id == id)
            }
        }
    }

    @Test func emptyCodesFindNothing() throws {
        let store = try CodedVectors(dimension: 8)
        for exact in [false, true] {
            #expect(try store.search([[1, 0, 0, 0, 0, 0, 0, 0]], 10, exact: exact)[0].vectors.isEmpty)
        }
    }
}
