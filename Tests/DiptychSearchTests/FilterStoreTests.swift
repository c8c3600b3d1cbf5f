import Diptych
import DiptychSearch
import DiptychTestSupport
import Foundation
import Testing

/// Filters that ask for what a store does not have say so, with what it has.
@Suite struct FilterStoreTests {
    private let album: Album

    init() async throws {
        album = try await Album()
        let paths = ["/pictures/2024/a.jpg", "/pictures/2023/b.png", "trip.tar#c.jpg"]
        var random = RandomItems(seed: 4)
        var records = random.records(3)
        for index in records.indices {
            records[index] = ItemRecord(
                path: paths[index], bytes: 10, modified: 0, content: records[index].content,
                embedding: records[index].embedding, image: records[index].image, caption: nil,
                attributes: ["rating": .integer(Int64(index)), "album": "holiday", "place": ["city": "Bern"]])
        }
        try await album.store.put(records)
    }

    private func found(_ text: String, absolute: (String) -> [String] = { _ in [] }) async throws -> Int {
        let filter = try await Filter(text, for: album.store, absolute: absolute)
        return try await album.store.places(after: nil, limit: 10, filter: filter).count
    }

    private func refusal(_ text: String) async -> FilterError? {
        do {
            _ = try await Filter(text, for: album.store)
            return nil
        } catch { return error as? FilterError }
    }

    @Test(arguments: [
        ("widht > 100", "did you mean width?", 1), ("Width > 100", "did you mean width?", 1),
        ("rating > 0 and not Taken > 2020", "did you mean taken?", 20), ("albun = 'holiday'", "did you mean album?", 1),
        ("place.cty = 'Bern'", "did you mean place.city?", 1), ("exists locaton", "did you mean location?", 8),
        ("zzzzzzzz = 1", "fields are added, bytes", 1), ("rating = '1'", "holds numbers", 1),
        ("album > 3", "holds texts", 1), ("album in (3, 4)", "holds texts", 1),
        ("rating like '1*'", "holds numbers", 1),
        ("path under 'images'", "nothing below 'images'", 12), ("folder = 'pictures/2024'", "nothing below", 10),
        ("path = 'a.jpg'", "nothing at 'a.jpg'", 8), ("path in ('/pictures/2024/a.jpg', 'b.png')", "at 'b.png'", 34),
    ])
    func refuses(text: String, reason: String, column: Int) async throws {
        let error = try #require(await refusal(text), "\(text)")
        #expect(error.reason.contains(reason) && error.column == column, "\(error)")
        #expect(!error.description.contains("\n"))
    }

    @Test func takesTheStoresNames() async throws {
        #expect(try await found("album = 'holiday' and rating >= 1") == 2)
        #expect(try await found("place.city = 'Bern' and exists place") == 3)
        // In brackets a name is taken as it stands.
        #expect(try await found("not [widht] > 100") == 3)
        #expect(try await found("attributes.widht > 100") == 0)
    }

    @Test func relativePathsAreLookedFor() async throws {
        #expect(try await found("path = 'trip.tar#c.jpg'") == 1)
        #expect(try await found("path under '2024'", absolute: { ["/elsewhere/\($0)", "/pictures/\($0)"] }) == 1)
        #expect(try await found("folder = '2024' or folder in ('2023')", absolute: { ["/pictures/\($0)"] }) == 2)
        #expect(try await found("path = '2024/a.jpg'", absolute: { ["/pictures/\($0)"] }) == 1)
    }

    @Test func listsAttributes() async throws {
        #expect(try await album.store.attributeNames(limit: 10) == ["album", "place.city", "rating"])
        #expect(try await album.store.attributeNames(limit: 2) == ["album", "place.city"])
        #expect(try await album.store.kinds(ofAttribute: "rating") == [.number])
        #expect(try await album.store.kinds(ofAttribute: "album") == [.text])
        #expect(try await album.store.kinds(ofAttribute: "place") == [.any])
        #expect(try await album.store.kinds(ofAttribute: "nothing") == [])
    }
}
