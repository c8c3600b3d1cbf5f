import Diptych
import DiptychMedia
import DiptychSearch
import DiptychTestSupport
import Foundation
import Testing

/// Lists and results in other orders than that of similarity.
@Suite struct ItemOrderTests {
    /// Names, and when they were modified and taken, in the order of their ids.
    private static let items: [(name: String, modified: Double, taken: Double?)] = [
        ("b.jpg", 50, nil), ("A.jpg", 20, nil), ("ä.jpg", 90, 10), ("a.jpg", 20, nil), ("10.jpg", -5, nil),
        ("9.jpg", 70, 25),
    ]

    private static func results() -> SearchResults {
        SearchResults(
            items.enumerated().map { index, item in
                SearchHit(
                    id: String(index + 1), path: "/photos/\(index)/\(item.name)", similarity: 1 - Float(index) / 10,
                    attributes: ItemAttributes(modified: item.modified, taken: item.taken))
            }, isExact: true)
    }

    /// The right orders, from the words of the documentation: equal ones stay in the order of similarity.
    static let orders: [(String, [String])] = [
        ("similarity", ["b.jpg", "A.jpg", "ä.jpg", "a.jpg", "10.jpg", "9.jpg"]),
        ("-similarity", ["9.jpg", "10.jpg", "a.jpg", "ä.jpg", "A.jpg", "b.jpg"]),
        ("name", ["10.jpg", "9.jpg", "A.jpg", "a.jpg", "b.jpg", "ä.jpg"]),
        ("-name", ["ä.jpg", "b.jpg", "A.jpg", "a.jpg", "9.jpg", "10.jpg"]),
        ("date", ["10.jpg", "ä.jpg", "A.jpg", "a.jpg", "9.jpg", "b.jpg"]),
        ("-date", ["b.jpg", "9.jpg", "A.jpg", "a.jpg", "ä.jpg", "10.jpg"]),
    ]

    @Test(arguments: orders) func resultsAreOrdered(name: String, expected: [String]) throws {
        let order = try #require(ItemOrder(name))
        #expect(order.description == name)
        let ordered = order.ordered(Self.results())
        #expect(ordered.map { $0.hit.attributes.name(path: $0.hit.path) } == expected)
        // Each still knows its place.
        for (place, hit) in ordered { #expect(hit.id == String(place + 1)) }
    }

    @Test func otherNamesAreNoOrders() {
        for text in ["", "-", "--date", "Date", "date ", "size", "date,name", "- name"] {
            #expect(ItemOrder(text) == nil, "\(text)")
        }
    }

    @Test func namesThatWereGivenCount() {
        var attributes = ItemAttributes(other: [ItemAttributes.originalName: .text("holiday.jpg")])
        #expect(attributes.name(path: "/store/pictures/ab/abcd.jpg") == "holiday.jpg")
        attributes.other = [ItemAttributes.originalName: .integer(5)]
        #expect(attributes.name(path: "/store/pictures/ab/abcd.jpg") == "abcd.jpg")
        #expect(attributes.name(path: "plain") == "plain")
    }

    @Test func cursorsAreReadInTheirOrderOnly() throws {
        let (date, name) = (ItemOrder(.date), ItemOrder(.name))
        for (text, order, other) in [("d1-0-1", date, name), ("n1-61-1", name, date), ("n1--0", name, date)] {
            #expect(try #require(ItemCursor(text, in: order)).description == text)
            #expect(ItemCursor(text, in: other) == nil)
        }
        let most = String(Int64.max, radix: 36), bits = String(UInt64.max, radix: 36)
        #expect(ItemCursor("d1-0-\(most)", in: date)?.item == .max)
        let finite = String((-Double.greatestFiniteMagnitude).bitPattern, radix: 36)
        #expect(ItemCursor("d1-\(finite)-0", in: date) != nil)
        for wrong in [
            "", "-", "--", "d1--1", "d1-0-", "d1-0--1", "d1-\(bits)-1", "d1-0-\(most)0", "d1-\(bits)0-1", "D1-0-1",
            "d1-00-1", "d1-0-01", "d1-0-1-1", "d2-0-1", "d1-+0-1",
            "d1-\(String(Double.infinity.bitPattern, radix: 36))-1",
        ] { #expect(ItemCursor(wrong, in: date) == nil, "\(wrong)") }
        for wrong in [
            "n1-6-1", "n1-ff-1", "n1-6G-1", "n1-AB-1", "n1-٣٣-1", "n1-61-", "n1-61--1", "n1-c3-1",
            "n1-\(String(repeating: "61", count: 256))-1", "n1-\(String(repeating: "61", count: 9999))-1",
        ] { #expect(ItemCursor(wrong, in: name) == nil, "\(wrong)") }
    }

    /// A store that compares in its database lists as one that goes through all items.
    @Test func storesListInOrder() async throws {
        let album = try await Album()
        let store = album.store
        var random = RandomItems(seed: 7, dimension: store.dimension)
        for (index, (item, record)) in zip(Self.items, random.records(Self.items.count)).enumerated() {
            var metadata = ImageMetadata()
            metadata.taken = item.taken
            try await store.put([
                ItemRecord(
                    path: "/photos/\(index)/\(item.name)", modified: Int64(item.modified * 1e9),
                    content: record.content,
                    embedding: record.embedding, image: ImageFacts(width: 1, height: 1, metadata: metadata))
            ])
        }
        for (name, expected) in Self.orders where name.hasSuffix("name") || name.hasSuffix("date") {
            let order = try #require(ItemOrder(name))
            for limit in [1, 2, 5, 6, 100] {
                var (found, after): ([String], ItemCursor?) = ([], nil)
                for _ in 0..<8 {
                    let page = try await store.places(in: order, after: after, limit: limit, filter: nil)
                    let slow = try await store.placesByScan(in: order, after: after, limit: limit, filter: nil)
                    #expect(page == slow)
                    found += try await store.items(ids: page.map { String($0.item) }).map {
                        $0.0.attributes.name(path: $0.0.path)
                    }
                    guard page.count == limit, let last = page.last else { break }
                    after = ItemCursor(last.description, in: order)
                    #expect(after != nil)
                }
                // Here equal ones are in the order of ids, and that turns round with the rest.
                let equal =
                    name.hasPrefix("-")
                    ? expected.map { $0 == "A.jpg" ? "a.jpg" : $0 == "a.jpg" ? "A.jpg" : $0 } : expected
                #expect(found == equal, "\(name), \(limit)")
            }
        }
        let filter = try Filter("name >= 'a'")
        let some = try await store.places(in: ItemOrder(.name), after: nil, limit: 100, filter: filter)
        #expect(some.map(\.item) == [4, 1, 3])
        #expect(try await store.places(in: ItemOrder(.name), after: nil, limit: 0, filter: nil).isEmpty)
        // What has vanished is not listed.
        try await store.markMissing(["/photos/0/b.jpg"])
        #expect(try await store.places(in: ItemOrder(.name), after: nil, limit: 100, filter: nil).count == 5)
        #expect(try await store.placesByScan(in: ItemOrder(.name), after: nil, limit: 100, filter: nil).count == 5)
    }
}
