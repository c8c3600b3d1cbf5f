import Diptych
import DiptychSearch
import DiptychTestSupport
import Foundation
import Testing

/// Exact search over what a store holds.
@Suite struct SearchTests {
    /// The ranking that sorting everything gives: item numbers from 1 on, and cosines.
    static func ranking(_ query: [Float], _ vectors: [[Float]], each: Int = 1) -> [(id: Int, cosine: Double)] {
        func dot(_ a: [Float], _ b: [Float]) -> Double { zip(a, b).reduce(0.0) { $0 + Double($1.0) * Double($1.1) } }
        let length = dot(query, query).squareRoot()
        var all: [(id: Int, cosine: Double)] = []
        for vector in vectors {
            let cosine = dot(query, vector) / length
            for _ in 0..<each { all.append((id: all.count + 1, cosine: cosine)) }
        }
        return all.sorted { $0.cosine != $1.cosine ? $0.cosine > $1.cosine : $0.id < $1.id }
    }

    @Test(arguments: [1, 10, 999, 1000, 5000])
    func findsWhatSortingEverythingFinds(limit: Int) async throws {
        let album = try await Album()
        let vectors = try album.insert(count: 1000, seed: 1)
        var generator = SeededGenerator(2)
        for _ in 0..<5 {
            // Of any length: cosines do not depend on it.
            let query = generator.unitVector(24).map { $0 * 37 }
            let expected = Self.ranking(query, vectors)
            let hits = try await album.store.search(Embedding(values: query), limit: limit)
            #expect(hits.count == min(limit, 1000))
            #expect(Set(hits.map(\.id)).count == hits.count)
            for (hit, best) in zip(hits, expected) {
                #expect(abs(Double(hit.similarity) - best.cosine) < 1e-6)
                // Two that are nearer to each other than a float tells may change places.
                let own = try #require(expected.first { String($0.id) == hit.id })
                #expect(abs(own.cosine - best.cosine) < 1e-6)
                #expect(hit.path == "/random/1/\(own.id - 1)/0")
            }
        }
    }

    @Test func equalOnesComeById() async throws {
        let album = try await Album()
        let vectors = try album.insert(count: 20, each: 5, seed: 3)
        for limit in [3, 5, 7, 50, 100] {
            let hits = try await album.store.search(Embedding(values: vectors[4]), limit: limit)
            #expect(hits.prefix(5).map(\.id) == ["21", "22", "23", "24", "25"].prefix(limit).map { $0 })
            #expect(hits.map(\.id) == Self.ranking(vectors[4], vectors, each: 5).prefix(limit).map { String($0.id) })
        }
    }

    @Test func theMinimumLeavesOutWhatIsBelow() async throws {
        let album = try await Album()
        let vectors = try album.insert(count: 200, seed: 4)
        let query = Embedding(values: vectors[7])
        for minimum: Float in [-2, -0.1, 0, 0.3, 0.999, 1.1, .infinity, -.infinity] {
            let hits = try await album.store.search(query, limit: 500, minimumSimilarity: minimum)
            let expected = Self.ranking(vectors[7], vectors).filter { $0.cosine >= Double(minimum) }
            #expect(hits.map(\.id) == expected.map { String($0.id) }, "\(minimum)")
        }
        await #expect(throws: StoreError.self) {
            try await album.store.search(query, limit: 5, minimumSimilarity: .nan)
        }
    }

    @Test func limitsOfNothingFindNothing() async throws {
        let album = try await Album()
        let vectors = try album.insert(count: 3, seed: 5)
        for limit in [0, -1, .min] {
            #expect(try await album.store.search(Embedding(values: vectors[0]), limit: limit).isEmpty)
        }
    }

    @Test func anEmptyStoreFindsNothing() async throws {
        let album = try await Album()
        let query = try await album.model.embed(texts: ["a cat"])[0]
        #expect(try await album.store.search(query).isEmpty)
        #expect(try await album.store.search(query, limit: .max).isEmpty)
        #expect(try await album.index().added == 0)
    }

    @Test func queriesOfAnotherShapeAreRefused() async throws {
        let album = try await Album()
        _ = try album.insert(count: 3, seed: 6)
        let wrong: [(values: [Float], kind: StoreError.Kind)] = [
            ([], .otherModel), ([1], .otherModel), ([Float](repeating: 1, count: 25), .otherModel),
            ([.nan] + [Float](repeating: 1, count: 23), .invalidRequest),
            ([Float](repeating: -.infinity, count: 24), .invalidRequest),
        ]
        for (values, kind) in wrong {
            let error = await #expect(throws: StoreError.self) {
                try await album.store.search(Embedding(values: values))
            }
            #expect(error?.kind == kind && error?.description.contains(album.store.directory.path) == true)
        }
        // Large numbers, whose squares no float holds.
        let large = try await album.store.search(Embedding(values: [Float](repeating: 3e38, count: 24)))
        #expect(large.count == 3 && large.allSatisfy { abs($0.similarity) <= 1 })
    }

    @Test func whatIsDamagedIsNotRanked() async throws {
        let album = try await Album()
        let vectors = try album.insert(count: 10, seed: 7)
        let nan = [Float](repeating: .nan, count: 24).withUnsafeBytes { Data($0) }
        for bytes in [nan, Data(), Data(count: 95), Data(count: 97)] {
            try album.sql("UPDATE embeddings_1 SET vector = ? WHERE id = 5", bytes)
            let error = await #expect(throws: StoreError.self) {
                try await album.store.search(Embedding(values: vectors[0]))
            }
            #expect(error?.kind == .damaged)
        }
    }

    @Test func searchesGoOnWhileAnotherConnectionWrites() async throws {
        let album = try await Album()
        _ = try album.insert(count: 100, each: 2, seed: 8)
        let writer = Task {
            for seed in 0..<40 {
                _ = try album.insert(count: 5, each: 2, seed: UInt64(100 + seed))
                await Task.yield()
            }
        }
        var generator = SeededGenerator(9)
        var (last, searches) = (0, 0)
        while last < 600 {
            let hits = try await album.store.search(Embedding(values: generator.unitVector(24)), limit: .max)
            // Whole transactions only, and never fewer than before.
            #expect(hits.count % 10 == 0 && hits.count >= max(200, last))
            #expect(zip(hits, hits.dropFirst()).allSatisfy { $0.similarity >= $1.similarity })
            last = hits.count
            searches += 1
        }
        try await writer.value
        print("\(searches) searches during 40 transactions")
    }

    @Test func imagesAreFoundByText() async throws {
        let album = try await Album()
        try album.add(count: 12)
        _ = try await album.index()
        let query = try await album.model.embed(texts: ["两只猫 😀"])[0]
        let hits = try await album.store.search(query, limit: 5)
        let images = try await album.model.embed(
            images: (0..<12).map { .file("\(album.images)/\($0).png") })
        let expected = (0..<12).map { ($0, images[$0].similarity(to: query)) }.sorted { $0.1 > $1.1 }
        for (hit, best) in zip(hits, expected) {
            #expect(hit.path == "\(album.images)/\(best.0).png" && abs(hit.similarity - best.1) < 1e-5)
        }
    }
}
