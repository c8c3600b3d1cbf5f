import Foundation
import Testing

/// What `search` can be asked besides a text: filters, items, pages, groups.
struct SearchOptionTests {
    private struct Page: Decodable {
        struct Result: Decodable {
            let rank: Int
            let id, path: String
            let similarity: Float
            let match_probability: Float?
            let near_duplicates: [Near]?
        }
        struct Near: Decodable { let path: String }
        let results: [Result]
        let exact: Bool
        let next: String?
    }

    /// A store of 60 images with names of their numbers, and the folder that holds it.
    private static func world() throws -> (folder: TemporaryFolder, store: String) {
        let folder = try TemporaryFolder()
        let drawn = try Command.run(
            "pictures", "--count", "60", "--seed", "11", "--output", folder / "pictures", "--quiet")
        #expect(drawn.status == 0, "\(drawn.error)")
        let indexed = try Command.run("index", folder / "pictures", "--store", folder / "store", "--quiet")
        #expect(indexed.status == 0, "\(indexed.error)")
        return (folder, folder / "store")
    }

    private static func search(_ store: String, _ arguments: String...) throws -> Page {
        let result = try Command.run(["search", "--store", store, "--format", "json"] + arguments)
        #expect(result.status == 0, "\(arguments): \(result.error)")
        return try result.json(Page.self)
    }

    private static func names(_ page: Page) -> [String] {
        page.results.map { URL(fileURLWithPath: $0.path).lastPathComponent }
    }

    @Test func `filters, pages, groups and items`() throws {
        let (folder, store) = try Self.world()
        let all = try Self.search(store, "a cat", "-k", "100")
        #expect(all.results.count == 60 && all.next == nil && all.exact)
        #expect(all.results.allSatisfy { (0...1).contains($0.match_probability ?? -1) })

        let some = try Self.search(store, "a cat", "-k", "100", "--filter", "name like '*-00001?.jpg'")
        #expect(Self.names(some) == Self.names(all).filter { $0.hasPrefix("scene-00001") } && some.results.count == 10)
        #expect(try Self.search(store, "a cat", "--filter", "type = 'png' or width < 3").results.isEmpty)

        var (paged, cursor): ([String], String?) = ([], nil)
        repeat {
            let page =
                try cursor.map { try Self.search(store, "a cat", "-k", "25", "--page", $0) }
                ?? Self.search(store, "a cat", "-k", "25")
            #expect(page.results.first?.rank == paged.count + 1)
            paged += Self.names(page)
            cursor = page.next
        } while cursor != nil && paged.count < 100
        #expect(paged == Self.names(all))

        let first = all.results[0]
        let like = try Self.search(store, "--like", first.id, "-k", "100")
        #expect(like.results.count == 59 && !like.results.contains { $0.id == first.id })
        let image = try Self.search(store, "--image", first.path, "-k", "100")
        #expect(Self.names(image).dropFirst() == Self.names(like)[...])

        let weighted = try Self.search(store, "a cat", "--text", "snow^0.0", "-k", "100")
        #expect(Self.names(weighted) == Self.names(all))
        let relevant = try Self.search(store, "a cat", "-k", "100", "--only-relevant")
        #expect(relevant.results.count < 60)
        #expect(relevant.results.allSatisfy { ($0.match_probability ?? 0) >= 0.1 })

        // No answer at all says why.
        let nothing = try Command.run(
            "search", "--store", store, "a cat", "--filter", "width < 3", "--only-relevant", "--format", "text")
        #expect(nothing.status == 0 && nothing.output.isEmpty && nothing.error.contains("accepts none of the"))

        // A copy that differs by its bytes only.
        var bytes = try Data(contentsOf: URL(fileURLWithPath: first.path))
        bytes.append(0)
        try bytes.write(to: URL(fileURLWithPath: folder / "pictures/copy.jpg"))
        #expect(try Command.run("index", folder / "pictures", "--store", store, "--quiet").status == 0)
        let grouped = try Self.search(store, "a cat", "-k", "100", "--group", "0.99999")
        let pair = grouped.results.first { $0.near_duplicates != nil }
        #expect(grouped.results.count == 60 && pair?.near_duplicates?.count == 1)
        let duplicates = try Command.run(
            "store", "duplicates", "--store", store, "--threshold", "0.99999", "--format", "text", "--quiet")
        #expect(duplicates.status == 0 && duplicates.lines.count == 3, "\(duplicates.output)")
        #expect(duplicates.output.contains("copy.jpg") && duplicates.output.hasPrefix("2 images"))
        let none = try Command.run("store", "duplicates", "--store", store, "--filter", "width < 3", "--format", "json")
        #expect(none.output == "{\"groups\":[]}\n")
    }

    @Test(arguments: [
        (["a cat", "--filter", "width >"], "character 8"), (["a cat", "--page", "p1-x"], "--page"),
        (["a cat", "--group", "2"], "--group"), (["a cat^200"], "weight"), (["--like", ""], "--like"),
        (["--image", "-", "--minus-image", "-"], "standard input"), (["--minus", "a cat"], "--like"),
        (["a cat^-1"], "weight"),
    ])
    func `bad usage is named`(_ arguments: [String], _ word: String) throws {
        let result = try Command.run(["search", "--format", "json", "--store", "/nowhere"] + arguments)
        #expect(result.status == 2 && result.error.contains(word), "\(result.error)")
    }

    @Test func `an item that is none is named`() throws {
        let (folder, store) = try Self.world()
        defer { withExtendedLifetime(folder) {} }
        expectFailure(
            try Command.run("search", "--format", "json", "--store", store, "--like", "999"), status: 1, saying: "999")
    }

    @Test func `match probabilities come true on the sample images`() throws {
        struct Kind: Decodable { let expected_calibration_error, kept_of_matches, kept_of_others: Double }
        let folder = try TemporaryFolder()
        let drawn = try Command.run("pictures", "--count", "400", "--seed", "77", "--output", folder / "set", "--quiet")
        #expect(drawn.status == 0)
        let result = try Command.run(
            ["evaluate", "relevance", "--pictures", folder / "set", "--format", "json", "--quiet"],
            environment: ["DIPTYCH_MODEL": "demo"])
        #expect(result.status == 0, "\(result.error)")
        let report = try result.json([String: Kind].self)
        for (name, kind) in report {
            #expect(kind.expected_calibration_error < 0.03, "\(name): \(kind)")
            #expect(kind.kept_of_matches > 0.6 && kind.kept_of_others < 0.1, "\(name): \(kind)")
        }
        #expect(report.count == 2)
    }
}
