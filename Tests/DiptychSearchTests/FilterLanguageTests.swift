import Diptych
import DiptychSearch
import DiptychTestSupport
import Foundation
import Testing

/// The filter language: what it means, what it refuses, and that nothing in it does harm.
@Suite struct FilterLanguageTests {
    private static func refusal(_ text: String) -> FilterError? {
        do {
            _ = try Filter(text)
            return nil
        } catch { return error }
    }

    /// A photograph that filters are asked about. Noon of 31 May 2024 is 1 717 156 800 seconds after 1970.
    private static let attributes = ItemAttributes(
        width: 4000, height: 3000, bytes: 2_500_000, modified: 1_717_200_000, added: 1_720_000_000, type: "jpeg",
        taken: 1_717_156_800, camera: "Canon EOS 5D", latitude: -16.5, longitude: 179.5,
        caption: "Zwei Hunde im Schnee, Zürich — 雪地里的两只狗",
        other: [
            "tags": ["dog", "winter"], "rating": 4, "place": ["city": "Zürich", "zip": 8001], "kept": true, "width": 7,
            "and": "word", "nothing": .null, "ratio": 1.5,
        ])

    @Test(arguments: [
        ("width > 3999", true), ("width>=4000 and height<=3000", true), ("width = 7", false),
        ("attributes.width = 7", true), ("[width] = 7", true), ("bytes = 2.5MB", true), ("bytes < 2MiB", false),
        ("bytes > 2e6", true), ("type = 'jpeg'", true), ("type = \"JPEG\"", true), ("type = 'jpg'", true),
        ("type != 'JPG'", false), ("type has '.jpe'", true),
        ("type = 'image/jpeg'", true), ("type in ('PNG', 'tif')", false), ("type like 'JP*'", true),
        ("type in ('png', 'jpeg')", true),
        ("taken = 2024-05-31", true), ("taken = 2024-05", true), ("taken = 2024-06", false),
        ("taken > 2024-05-31", false), ("taken >= 2024-05-31", true), ("taken <= 2024-05-31", true),
        ("taken < 2024-05-31", false), ("taken != 2024-05-31", false), ("taken > 2024-05-30", true),
        ("taken = 2024-05-31T12:00:00Z", true), ("taken = '2024-05-31T12:00'", true),
        ("taken < 2024-05-31T12:00:01", true),
        ("taken in (2024-05-30, 2024-05-31)", true), ("taken in (2023-01, 5s)", false), ("taken >= 2024", true),
        ("taken > 2024", false), ("taken >= 2025", false),
        ("taken = 2024", true), ("taken < 2024", false), ("taken != 2023", true), ("taken in (2023, 2024)", true),
        ("taken <= '2024'", true), ("modified >= 2024 and modified < 2025", true), ("added > 2024", false),
        ("taken = 1717156800", true), ("taken > 1717156800.5", false), ("taken = 1717156800s", true),
        ("taken > 0s", true),
        ("taken = '2024-05-31 12:00:00'", true), ("exists location", true), ("not exists location", false),
        ("modified > 2024-05-31", true),
        ("camera like 'Canon*'", true), ("camera like 'canon*'", false), ("camera like '?anon EOS*D'", true),
        ("camera not like '*5D'", false), ("path under '/photos'", true), ("path under '/photos/2024/'", true),
        ("path under '/photo'", false), ("folder = '/photos/2024'", true), ("folder under '/photos'", true),
        ("folder = '/photos'", false), ("name = 'IMG_1.JPG'", true), ("name like '*.jpg'", false), ("id = '12'", true),
        ("id in ('3', '12')", true), ("id = '012'", false), ("location within (-20, 170, -10, -170)", true),
        ("location within (-20, 170, -10, 179)", false), ("location within (-20, -180, -10, 180)", true),
        ("latitude < 0", true), ("longitude = 179.5", true), ("caption matches 'hunde'", true),
        ("caption matches 'hund'", false), ("caption matches 'HUND*'", true), ("caption matches 'schnee zwei'", true),
        ("caption matches 'zurich'", true), ("caption matches '两只狗'", true), ("caption matches '狗两'", false),
        ("caption matches '狗 雪'", true), ("caption like 'Zwei*'", true), ("exists caption", true),
        ("exists camera", true),
        ("exists nothing", false), ("exists place", true), ("exists attributes.location", false), ("exists pla", false),
        ("place.city = 'Zürich'", true),
        ("place.zip > 8000", true), ("place = 'Zürich'", false), ("tags has 'dog'", true), ("tags = 'cat'", false),
        ("tags != 'cat'", true), ("tags != 'dog'", false), ("tags in ('cat', 'winter')", true), ("kept = true", true),
        ("kept = FALSE", false), ("not kept = false", true), ("rating > 3 and rating < 5", true),
        ("rating = '4'", false),
        ("rating > 'a'", false), ("missing != 3", false), ("not (missing = 3)", true), ("ratio = 1.5", true),
        ("[and] = 'word'", true), ("rating = 4 or width = 1 and height = 1", true),
        ("(rating = 4 or width = 1) and height = 1", false), ("not not rating = 4", true),
        ("NOT rating = 5 AND kept = true", true),
        ("rating == 4", true), ("rating <> 4", false), (" rating\n=\t4 ", true), ("added >= 2024-07-03", true),
    ])
    func means(text: String, isAccepted: Bool) throws {
        let filter = try Filter(text)
        #expect(
            filter.accepts(id: "12", path: "/photos/2024/IMG_1.JPG", attributes: Self.attributes) == isAccepted,
            "\(text)")
        // Written down and read again, it is the same.
        #expect(try Filter(filter.description) == filter, "\(text) became \(filter)")
    }

    @Test(arguments: [
        ("", 1), ("width", 6), ("width >", 8), ("width > 'wide'", 9), ("width ! 3", 7), ("width => 3", 7),
        ("(width > 3", 11),
        ("width > 3)", 10), ("width > 3 height > 4", 11), ("taken > 5s and", 15), ("camera = 5", 10),
        ("taken = 'May'", 9),
        ("taken = 2024-13-01", 9), ("taken = 2023-02-29", 9), ("color = red", 9), ("color = 'red", 9),
        ("path under 3", 12),
        ("color under '/a'", 1), ("width like '4*'", 1), ("color matches 'x'", 1), ("caption matches '!?'", 17),
        ("location = 3", 10), ("location within (1, 2, 3)", 17), ("location within (50, 1, 40, 2)", 17),
        ("location within (1, 2, 3, 400)", 17), ("color in ()", 11), ("color in 'red'", 10),
        ("and = 3", 1),
        ("color = ;", 9), ("width > 5; drop table items", 10), ("width > 0x10", 9), ("width > inf", 9),
        ("width > nan", 9),
        ("width > 1e999", 9), ("width > 5kg", 9), ("color = 'a\0b'", 11), ("[] = 3", 1),
        ("name like '*a*a*a*a*a*a*a*a*a'", 11),
        ("taken > 5", 9), ("taken >= 20240531", 10), ("taken = 202405", 9), ("taken > 1717156800000", 9),
        ("taken > 2022.5", 9), ("taken = 'yesterday'", 9), ("width > 5s", 9), ("type = 'jepg'", 8),
        ("type in ('png', 'mp3')", 17), ("exists", 7), ("location", 9),
        ("not", 4), ("width > -", 9), ("tags has", 9),
    ])
    func refuses(text: String, column: Int) throws {
        let error = try #require(Self.refusal(text), "\(text)")
        #expect(error.column == column, "\(text): \(error)")
        #expect(!error.description.contains("\n") && !error.reason.isEmpty)
    }

    @Test func isLimited() throws {
        #expect(
            Self.refusal(String(repeating: "(", count: 65) + "width > 3" + String(repeating: ")", count: 65)) != nil)
        #expect(Self.refusal(String(repeating: "not ", count: 40_000) + "width > 3") != nil)
        #expect(Self.refusal(String(repeating: "(", count: 60_000)) != nil)
        #expect(Self.refusal("color in (\((0..<6_000).map { "\($0)" }.joined(separator: ",")))") != nil)
        #expect(Self.refusal("color = '\(String(repeating: "x", count: 70_000))'") != nil)
        _ = try Filter((0..<4_000).map { "width = \($0)" }.joined(separator: " or "))
    }

    @Test func whatIsWrittenIsReadAgain() throws {
        var items = RandomItems(seed: 1)
        for _ in 0..<3_000 {
            let text = items.filter(depth: 5)
            let filter = try Filter(text)
            #expect(try Filter(filter.description) == filter, "\(text) became \(filter)")
        }
    }

    @Test func stringsAreValuesOnly() async throws {
        let album = try await Album()
        _ = try album.insert(count: 20, seed: 1)
        let texts = [
            "'; DROP TABLE items; --", "' OR 1=1 --", "\" OR \"\"=\"", "x' UNION SELECT * FROM meta --", "%", "_", "*",
            "[a-z]",
            "\u{1F600}", "\\", "\\'", "NEAR(a b)", "words: x", "^x", "-x", "a AND b", "\"",
        ]
        for text in texts {
            let value = "'" + text.replacingOccurrences(of: "'", with: "''") + "'"
            for field in [
                "path", "folder", "name", "camera", "color", "[\(text.replacingOccurrences(of: "]", with: "]]"))]",
                "id",
            ] {
                for condition in ["= \(value)", "!= \(value)", "like \(value)", "in (\(value), 'y')", "< \(value)"] {
                    let filter = try Filter("\(field) \(condition)")
                    let found = try await album.store.places(after: nil, limit: 100, filter: filter)
                    var expected = 0
                    try await album.store.forEachItem { item, _ in expected += filter.accepts(item) ? 1 : 0 }
                    #expect(found.count == expected, "\(field) \(condition)")
                }
            }
            if let filter = try? Filter("caption matches \(value)") {
                #expect(try await album.store.places(after: nil, limit: 100, filter: filter).isEmpty)
            }
        }
        #expect(try await album.store.info().count == 20)
        #expect(try await album.store.verify() == [])
    }

    /// Filters with pieces cut, doubled, swapped and overwritten: read or refused, never more, and what is read is a query that SQLite
    /// takes and answers as the filter says.
    @Test func survivesMutations() async throws {
        let album = try await Album()
        var items = RandomItems(seed: 2)
        try await album.store.put(items.records(30))
        var all: [StoredItem] = []
        try await album.store.forEachItem { item, _ in all.append(item) }
        var generator = SeededGenerator(3)
        let pieces = [
            "'", "\"", "(", ")", " or ", " and ", "not ", "--", ";", "\0", "]", "[", "*", "1e5", "2024-02-30",
            "\u{301}", "é", ",", "<", "=",
        ]
        var (read, refused) = (0, 0)
        for round in 0..<20_000 {
            var scalars = Array(items.filter(depth: 2).unicodeScalars)
            for _ in 0...Int.random(in: 0..<3, using: &generator) {
                let at = Int.random(in: 0...scalars.count, using: &generator)
                let end = min(scalars.count, at + Int.random(in: 0..<6, using: &generator))
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: scalars.removeSubrange(at..<end)
                case 1: scalars.insert(contentsOf: Array(scalars[at..<end]), at: at)
                default:
                    let piece = pieces[Int.random(in: 0..<pieces.count, using: &generator)]
                    scalars.replaceSubrange(at..<end, with: Array(piece.unicodeScalars))
                }
            }
            var text = String.UnicodeScalarView()
            text.append(contentsOf: scalars)
            guard let filter = try? Filter(String(text)) else {
                refused += 1
                continue
            }
            read += 1
            if round % 4 == 0 {
                let found = try await album.store.places(after: nil, limit: 100, filter: filter)
                #expect(Set(found.map(\.id)) == Set(all.filter(filter.accepts).map(\.id)), "\(filter)")
            }
        }
        print("of 20000 mutated filters \(read) were read and \(refused) refused")
        #expect(read > 1_000 && refused > 1_000)
    }
}
