import Diptych
import DiptychMedia
import DiptychSearch
import DiptychTestSupport
import Foundation
import Testing

/// Searches for several things at once, groups, and what similarities mean.
@Suite struct SearcherTests {
    private static func album(_ count: Int) async throws -> (Album, Searcher) {
        let album = try await Album(batchSize: 16)
        try album.add(count: count)
        _ = try await album.index()
        return (album, Searcher(store: album.store, model: album.model))
    }

    private static func path(_ album: Album, _ number: Int) -> String { "\(album.images)/\(number).png" }

    @Test func termsAreAddedByTheirWeights() async throws {
        let (album, searcher) = try await Self.album(6)
        let second = try ImageSource.file(Self.path(album, 2)).image()
        let texts = try await album.model.embed(texts: ["a cat", "snow"])
        let image = try await album.model.embed(images: [second])[0]
        let item = try await album.store.places(after: nil, limit: 9, filter: try Filter("name = '4.png'"))[0]
        let stored = try await album.store.items(ids: [item.id])[0].1
        let query = SearchQuery([
            .text("a cat"), .image(second, weight: 0.5), .text("snow", weight: -0.25), .item(item.id, weight: 2),
        ])
        var sum = [Double](repeating: 0, count: album.model.dimension)
        for (embedding, weight) in [(texts[0], 1), (image, 0.5), (texts[1], -0.25), (stored, 2)]
            as [(Embedding, Double)]
        {
            for (index, value) in embedding.values.enumerated() { sum[index] += weight * Double(value) }
        }
        let length = sum.reduce(0.0) { $0 + $1 * $1 }.squareRoot()
        let embedding = try await searcher.embedding(of: query)
        for (value, expected) in zip(embedding.values, sum) { #expect(abs(Double(value) - expected / length) < 1e-6) }
        // What the query names is not found again.
        let hits = try await searcher.search(query)
        #expect(hits.count == 5 && !hits.contains { $0.id == item.id })
    }

    @Test func whatMeansNothingIsRefused() async throws {
        let (album, searcher) = try await Self.album(3)
        let nothing: [SearchQuery] = [
            SearchQuery([]), SearchQuery([.text("a", weight: -1)]), SearchQuery([.text("a", weight: .nan)]),
            SearchQuery([.text("a"), .text("a", weight: -1)]), SearchQuery([.item("999")]), SearchQuery([.item("x")]),
            SearchQuery([.init(.embedding(Embedding(values: [1])))]), SearchQuery([.text("a", weight: 0)]),
        ]
        for query in nothing {
            let error = await #expect(throws: StoreError.self) { try await searcher.search(query) }
            #expect(error?.kind == .invalidRequest && error?.description.contains("\n") == false)
        }
        var options = Searcher.Options()
        options.groupsFrom = 3
        await #expect(throws: StoreError.self) { try await searcher.search(SearchQuery(text: "a"), options) }
        _ = album
    }

    /// Three pictures of each of ten seeds: one as it is, two with a speck more.
    private static func copies(_ album: Album) throws {
        for seed in 0..<10 {
            var generator = SeededGenerator(UInt64(seed))
            let bytes = try generator.png(width: 40, height: 40)
            try album.directory.write(bytes, to: "pictures/\(seed)-a.png")
            let image = try ImageSource.data(bytes, label: "p").image()
            for (name, speck) in [("b", 1), ("c", 2)] {
                var samples = image.bytes
                samples[0] = samples[0] ^ UInt8(speck)
                let copy = try Image(width: 40, height: 40, bytes: samples)
                try album.directory.write(try copy.png(), to: "pictures/\(seed)-\(name).png")
            }
        }
    }

    @Test func nearDuplicatesShareARank() async throws {
        let album = try await Album(batchSize: 16)
        try Self.copies(album)
        _ = try await album.index()
        let searcher = Searcher(store: album.store, model: album.model)
        func seed(_ path: String) -> String {
            String(path.split(separator: "/").last?.split(separator: "-").first ?? "")
        }
        var options = Searcher.Options()
        options.groupsFrom = 0.9999
        options.limit = 4
        let query = SearchQuery(text: "a cat")
        var (seen, pages): ([String], Int) = ([], 0)
        repeat {
            let results = try await searcher.search(query, options)
            for hit in results {
                #expect(
                    hit.nearDuplicates.count == 2 && hit.nearDuplicates.allSatisfy { seed($0.path) == seed(hit.path) })
                #expect(hit.embedding == nil && hit.nearDuplicates.allSatisfy { $0.embedding == nil })
                seen.append(seed(hit.path))
            }
            options.after = results.next
            pages += 1
        } while options.after != nil && pages < 10
        #expect(seen.count == 10 && Set(seen).count == 10)

        let groups = try await NearDuplicates(in: album.store, threshold: 0.9999).groups()
        #expect(
            groups.count == 10
                && groups.allSatisfy { $0.items.count == 3 && Set($0.items.map { seed($0.path) }).count == 1 })
        #expect(groups.allSatisfy { $0.similarity >= 0.9999 })
        let some = try await NearDuplicates(in: album.store, threshold: 0.9999, filter: try Filter("name like '3-*'"))
            .groups()
        #expect(some.count == 1)
    }

    @Test func manyCopiesAreOneGroup() async throws {
        let album = try await Album()
        _ = try album.insert(count: 3, each: 120, seed: 4)
        let groups = try await NearDuplicates(in: album.store, threshold: 0.99).groups()
        #expect(groups.map(\.items.count) == [120, 120, 120])
    }

    @Test func matchesAreRatedOnceThereAreEnoughImages() async throws {
        let (few, searcher) = try await Self.album(20)
        #expect(try await few.store.background() == nil)
        #expect(try await searcher.search(SearchQuery(text: "a cat")).allSatisfy { $0.matchProbability == nil })

        let (album, rated) = try await Self.album(80)
        let hits = try await rated.search(SearchQuery(text: "a cat"))
        let probabilities = hits.compactMap(\.matchProbability)
        #expect(probabilities.count == 10 && probabilities.allSatisfy { (0...1).contains($0) })
        #expect(zip(probabilities, probabilities.dropFirst()).allSatisfy { $0 >= $1 })
        let background = try #require(try await album.store.background())
        // By hand: the probes' cosines give mean and deviation, the tail the rest.
        let query = try await album.model.embed(texts: ["a cat"])[0]
        let estimate = try #require(MatchCalibration(of: query, kind: .text, against: background))
        #expect(estimate.expectedByChance(similarity: 1) < estimate.expectedByChance(similarity: 0))
        #expect(abs(estimate.probability(similarity: hits[0].similarity) - probabilities[0]) < 1e-4)
        var options = Searcher.Options()
        options.onlyRelevant = true
        options.limit = 80
        let relevant = try await rated.search(SearchQuery(text: "a cat"), options)
        #expect(
            relevant.allSatisfy { ($0.matchProbability ?? 0) >= MatchCalibration.relevantFrom } && relevant.count < 80)
        // It is measured again only when the store has changed much.
        #expect(try await !album.store.refreshBackground(with: album.model))
        for seed in 100..<130 { try album.add("\(seed).png", seed: UInt64(seed)) }
        _ = try await album.index()
        #expect(try await album.store.background() != background)
    }

    /// Scenes as random points, each with frames a little beside it: frames of a burst have cosines of about 0.97.
    private static func bursts(_ album: Album, scenes: Int, frames: Int) async throws -> [[Embedding]] {
        var generator = SeededGenerator(11)
        var bursts: [[Embedding]] = []
        for scene in 0..<scenes {
            let middle = generator.unitVector(album.store.dimension)
            let frames = (0..<frames).map { _ in
                let aside = generator.unitVector(album.store.dimension)
                let sum = zip(middle, aside).map { $0 + 0.18 * $1 }
                return Embeddings(values: sum, dimension: sum.count).normalized()[0]
            }
            try await album.store.put(
                frames.enumerated().map { number, embedding in
                    ItemRecord(
                        path: "/bursts/\(scene)/\(number).jpg",
                        content: ContentHash(of: Data("\(scene) \(number)".utf8)),
                        embedding: embedding, image: ImageFacts(width: 9, height: 9))
                })
            bursts.append(frames)
        }
        try await album.store.refreshBackground(with: album.model)
        return bursts
    }

    @Test func lookAlikesAreNotTheNorm() async throws {
        let album = try await Album()
        let bursts = try await Self.bursts(album, scenes: 60, frames: 20)
        let background = try #require(try await album.store.background())
        // 1,024 of the 1,200 frames are looked at, and every scene is among them.
        #expect((55...65).contains(background.differingCount))
        var options = Searcher.Options()
        options.onlyRelevant = true
        options.limit = 40
        let searcher = Searcher(store: album.store, model: album.model)
        var kept = 0
        for (scene, frames) in bursts.enumerated() {
            let query = SearchQuery([SearchQuery.Term(.embedding(frames[7]))])
            let hits = try await searcher.search(query, options).hits
            // The very frame is a match, whatever else is.
            #expect(hits.first?.path == "/bursts/\(scene)/7.jpg" && hits.first?.matchProbability == 1)
            kept += hits.count { $0.path.hasPrefix("/bursts/\(scene)/") }
        }
        // Nearly all frames of a burst are relevant to one of them.
        #expect(kept >= 60 * 20 * 8 / 10, "\(kept)")
    }

    @Test func aStoreOfOneBurstHidesNothing() async throws {
        let album = try await Album()
        let frames = try await Self.bursts(album, scenes: 1, frames: 200)[0]
        #expect(try await album.store.background() == nil)
        var options = Searcher.Options()
        options.onlyRelevant = true
        let query = SearchQuery([SearchQuery.Term(.embedding(frames[7]))])
        let hits = try await Searcher(store: album.store, model: album.model).search(query, options).hits
        #expect(hits.count == 10 && hits[0].path == "/bursts/0/7.jpg")
    }

    @Test func aForeignBackgroundIsNoBackground() async throws {
        let (album, searcher) = try await Self.album(40)
        for note in [Data(), Data("nonsense".utf8), Data(count: 5000)] {
            try await album.store.setNote("background", note)
            #expect(try await album.store.background() == nil)
            #expect(try await searcher.search(SearchQuery(text: "a cat")).count == 10)
        }
    }
}
