import DiptychMedia
import DiptychSamples
import DiptychServer
import DiptychTiles
import Foundation
import Testing

/// Tiles and reading over HTTP give what the library gives, and refuse what makes no sense.
@Suite struct TileRouteTests {
    @Test func aSheetIsAnsweredAsByTheLibrary() async throws {
        try await RunningServer.run { server in
            let (sheet, truth, _) = try SheetSet(seed: 70, split: .valid).sheet(at: 0)
            let uri = "data:image/png;base64," + Data(try sheet.png()).base64EncodedString()
            let body: [String: Any] = ["image": uri, "words": truth.wordsEnglish, "neutral": "a picture"]
            let answer = try await server.post("/v1/tiles", body)
            #expect(answer.status == 200, "\(answer.text)")
            var options = TileOptions()
            options.neutral = .texts(["a picture"])
            let chooser = try await TileChooser(words: truth.wordsEnglish, by: server.model, options: options)
            let expected = try await chooser.answer(to: sheet, by: server.model)
            let json = try answer.json
            #expect(json["matches"] as? [[Int]] == expected.decision?.matches.map { $0.map { $0 + 1 } })
            let tiles = try #require(json["tiles"] as? [[String: Any]])
            #expect(tiles.map { $0["index"] as? Int } == (1...tiles.count).map { $0 })
            for (tile, similarities) in zip(tiles, try #require(expected.decision).similarities) {
                let own = (tile["similarities"] as? [NSNumber] ?? []).map(\.floatValue)
                #expect(zip(own, similarities).allSatisfy { abs($0 - $1) < 1e-4 } && own.count == similarities.count)
            }
        }
    }

    @Test func tilesMayComeByThemselves() async throws {
        try await RunningServer.run { server in
            let images = try (0..<3).map { try SampleImage.uri($0) }
            let answer = try await server.post(
                "/v1/tiles", ["tiles": images, "words": ["a cat", "snow"], "assign": true])
            #expect(answer.status == 200, "\(answer.text)")
            let matches = try #require(try answer.json["matches"] as? [[Int]])
            #expect(matches.map(\.count) == [1, 1] && Set(matches.flatMap { $0 }).count == 2)
        }
    }

    @Test func whatCannotBeAnsweredIsSaid() async throws {
        try await RunningServer.run { server in
            let image = try SampleImage.uri(1)
            let none = try await server.post(
                "/v1/tiles", ["image": image, "words": "a", "rows": 1, "columns": 400])
            let many = try await server.post(
                "/v1/tiles", ["image": image, "words": "a", "rows": 1024, "columns": 1024])
            for answer in [none, many] {
                #expect(answer.status == 200)
                #expect(try answer.json["unsure"] as? Bool == true)
                #expect(try answer.json["matches"] as? [[Int]] == [[]])
            }
            #expect(try many.json["reason"] as? String == "1024 × 1024 tiles are more than 1024")
            for (body, wanted) in [
                (["words": "a"], "'image'"), (["image": image], "'words'"), (["image": image, "words": " "], "empty"),
                (["image": image, "tiles": [image], "words": "a"], "'tiles'"),
                (["image": image, "words": "a", "rows": 2], "'columns'"),
                (["image": image, "words": "a", "count": 1, "assign": true], "'assign'"),
                (["image": image, "words": "a", "languages": "eng"], "'read'"),
                (["image": image, "words": Array(repeating: "a", count: 65)], "the most are 64"),
                (["image": "file:///etc/passwd", "words": "a"], "nothing else is read"),
            ] as [([String: Any], String)] {
                let answer = try await server.post("/v1/tiles", body)
                #expect(answer.status == 400 && answer.text.contains(wanted), "\(answer.text)")
            }
            let private_ = try await server.post("/v1/read", ["image": "http://127.0.0.1:1/a.png"])
            #expect(private_.status == 400)
            let language = try await server.post("/v1/read", ["image": image, "languages": "../x"])
            #expect(language.status == 400)
        }
    }

    @Test func textIsRead() async throws {
        try await RunningServer.run { server in
            let image = try SVGImage.render(
                svg: "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"360\" height=\"60\"><rect width=\"100%\" "
                    + "height=\"100%\" fill=\"#ffffff\"/><text x=\"12\" y=\"38\" font-size=\"24\" "
                    + "font-family=\"DejaVu Sans\">Find: red star</text></svg>")
            let uri = "data:image/png;base64," + Data(try image.png()).base64EncodedString()
            let answer = try await server.post("/v1/read", ["image": uri])
            #expect(answer.status == 200, "\(answer.text)")
            let lines = try #require(try answer.json["lines"] as? [[String: Any]])
            #expect(lines.map { $0["text"] as? String } == ["Find: red star"])
        }
    }

    private enum SampleImage {
        static func uri(_ seed: UInt64) throws -> String { dataURI(try drawn(seed)) }
        static func uri(_ seed: Int) throws -> String { try uri(UInt64(seed)) }
    }
}
