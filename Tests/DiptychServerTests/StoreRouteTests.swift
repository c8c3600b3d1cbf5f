import Diptych
import DiptychMedia
import DiptychSearch
import DiptychServer
import DiptychTestSupport
import Foundation
import Testing

/// Searching a store, and looking at, adding and removing its items, over HTTP.
@Suite struct StoreRouteTests {
    @Test func searchesAsTheLibraryDoes() async throws {
        try await RunningServer.run(images: 20) { server in
            let store = try #require(server.store)
            var options = Searcher.Options()
            options.limit = 5
            let expected = try await Searcher(store: store, model: server.model)
                .search(SearchQuery([.text("a cat"), .text("snow", weight: -1)]), options)
            let answer = try await server.post("/v1/search", ["text": "a cat", "minus": "snow", "k": 5])
            let results = try #require(try answer.json["results"] as? [[String: Any]], "\(answer.text)")
            #expect(results.map { $0["id"] as? String } == expected.map(\.id))
            #expect(results.map { $0["rank"] as? Int } == [1, 2, 3, 4, 5])
            #expect(results.map { $0["path"] as? String } == expected.map(\.path))
            let attributes = try #require(results[0]["attributes"] as? [String: Any])
            #expect(attributes["width"] as? Int == 60 && attributes["height"] as? Int == 40)
            // The second page, by its cursor and by its place.
            let next = try #require(try answer.json["next"] as? String)
            let page = try await server.post("/v1/search", ["text": "a cat", "minus": ["snow"], "k": 5, "page": next])
                .json
            let behind = try await server.post("/v1/search", ["text": "a cat", "minus": "snow", "k": 5, "offset": 5])
                .json
            let ids = try #require(page["results"] as? [[String: Any]]).map { $0["id"] as? String }
            let others = try #require(behind["results"] as? [[String: Any]])
            #expect(ids == others.map { $0["id"] as? String } && ids.count == 5)
            #expect(others.map { $0["rank"] as? Int } == [6, 7, 8, 9, 10])
            #expect(Set(ids).isDisjoint(with: results.map { $0["id"] as? String }))
        }
    }

    /// A text has no image: an answer must not lead to one.
    @Test func textsHaveNoLinks() async throws {
        try await RunningServer.run(images: 2) { server in
            let store = try #require(server.store)
            let file = try server.directory.write("a cat\n", to: "words.txt")
            _ = try await Indexer(store: store, model: server.model)
                .index(texts: [TextInput(path: file + "#1", text: "a cat")], of: file)
            let answer = try await server.post("/v1/search", ["text": "a cat", "k": 9])
            let results = try #require(try answer.json["results"] as? [[String: Any]], "\(answer.text)")
            let items = try #require(try await server.get("/v1/items").json["items"] as? [[String: Any]])
            for found in [results, items] {
                #expect(found.count == 3)
                for item in found {
                    let isText = (item["path"] as? String)?.hasSuffix("words.txt#1") == true
                    #expect((item["original"] == nil) == isText && (item["thumbnail"] == nil) == isText, "\(item)")
                }
            }
        }
    }

    @Test func searchesByImageAndItem() async throws {
        try await RunningServer.run(images: 10) { server in
            let uri = dataURI(try drawn(4))
            let byImage = try await server.post("/v1/search", ["image": uri, "k": 1]).json
            let first = try #require((byImage["results"] as? [[String: Any]])?.first)
            #expect((first["path"] as? String)?.hasSuffix("/4.png") == true)
            let form = try await server.post(
                "/v1/search", form: [("image", "x.png", try drawn(4)), ("k", nil, Array("1".utf8))])
            #expect(try ((form.json["results"] as? [[String: Any]])?.first?["id"] as? String) == first["id"] as? String)
            let id = try #require(first["id"] as? String)
            let like = try await server.post("/v1/search", ["item": id, "k": 100]).json
            let ids = try #require(like["results"] as? [[String: Any]]).compactMap { $0["id"] as? String }
            #expect(ids.count == 9 && !ids.contains(id))
            let filtered = try await server.post("/v1/search", ["text": "a", "filter": "name = '7.png'"]).json
            #expect((filtered["results"] as? [Any])?.count == 1)
        }
    }

    @Test func itemsComeAndGo() async throws {
        try await RunningServer.run(images: 3) { server in
            let image = try drawn(77)
            let added = try await server.post(
                "/v1/items",
                form: [
                    ("file", "../../etc/passwd", image), ("caption", nil, Array("a new one".utf8)),
                    ("attributes", nil, Array(#"{"tags": ["x"], "n": 3}"#.utf8)),
                ])
            #expect(added.status == 201, "\(added.text)")
            let id = try #require(try added.json["id"] as? String)
            #expect(added.headers["location"] == "/v1/items/\(id)")
            let attributes = try #require(try added.json["attributes"] as? [String: Any])
            #expect(attributes["caption"] as? String == "a new one" && attributes["n"] as? Int == 3)
            #expect(attributes["width"] as? Int == 60)
            let path = try #require(try added.json["path"] as? String)
            #expect(path.hasPrefix(server.directory.path("store/pictures/")))

            func found() async throws -> [String] {
                let json = try await server.post("/v1/search", ["image": dataURI(image), "k": 9]).json
                return try #require(json["results"] as? [[String: Any]]).compactMap { $0["id"] as? String }
            }
            #expect(try await found().first == id)
            #expect(try await server.get("/v1/items/\(id)/original").body == Data(image))

            #expect(try added.json["exists"] as? Bool == false)

            // Adding it again changes only what is newly said about it.
            let again = try await server.post("/v1/items", ["url": dataURI(image), "caption": "other"])
            #expect(try again.status == 200 && again.json["id"] as? String == id)
            #expect(try again.json["exists"] as? Bool == true)
            let merged = try #require(try again.json["attributes"] as? [String: Any])
            #expect(merged["caption"] as? String == "other" && merged["n"] as? Int == 3)

            let removed = try await server.send("DELETE", "/v1/items/\(id)")
            #expect(removed.status == 200)
            #expect(try #require(removed.json["restorable_until"] as? Double) > Date().timeIntervalSince1970)
            #expect(try await found().contains(id) == false)
            #expect(try await server.get("/v1/items/\(id)").status == 404)
            #expect(try await server.send("DELETE", "/v1/items/\(id)").status == 404)
            let restored = try await server.send("POST", "/v1/items/\(id)/restore")
            #expect(
                try restored.status == 200
                    && (restored.json["attributes"] as? [String: Any])?["caption"] as? String == "other")
            #expect(try await found().first == id)
        }
    }

    @Test func whatIsRemovedGoesForGood() async throws {
        let kept = try await RunningServer.run(images: 1, change: { $0.undoTime = .zero }) { server in
            let added = try await server.post("/v1/items", ["file": dataURI(try drawn(5))])
            let path = try #require(try added.json["path"] as? String)
            #expect(FileManager.default.fileExists(atPath: path))
            let id = try #require(try added.json["id"] as? String)
            #expect(try await server.send("DELETE", "/v1/items/\(id)").status == 200)
            return (path, server.directory, id)
        }
        // The end of the server is the end of undoing.
        #expect(!FileManager.default.fileExists(atPath: kept.0))
        let store = try await EmbeddedStore.open(at: kept.1.url.appendingPathComponent("store"))
        #expect(try await store.items(ids: [kept.2]).isEmpty)
        #expect(try await store.info().count == 1)
    }

    @Test func itemsAreListed() async throws {
        try await RunningServer.run(images: 7) { server in
            var ids: [String] = []
            var after = ""
            repeat {
                let json = try await server.get("/v1/items?limit=3&after=\(after)").json
                ids += try #require(json["items"] as? [[String: Any]]).compactMap { $0["id"] as? String }
                after = json["next"] as? String ?? ""
            } while !after.isEmpty
            #expect(ids.count == 7 && Set(ids).count == 7)
            let some = try await server.get("/v1/items?filter=name+%3D%20'2.png'").json
            #expect((some["items"] as? [Any])?.count == 1)
            #expect(try await server.get("/v1/items?limit=0").problem.contains("limit"))
            #expect(try await server.get("/v1/items?filter=nonsense%20%3D").problem.contains("filter"))
            #expect(try await server.get("/v1/items?after=x").status == 400)
        }
    }

    @Test func thumbnailsAreMadeOnce() async throws {
        try await RunningServer.run(images: 2) { server in
            let item = try #require(
                (try await server.get("/v1/items").json["items"] as? [[String: Any]])?.first)
            let link = try #require(item["thumbnail"] as? String)
            let answer = try await server.get(link + "&size=64")
            #expect(answer.status == 200 && answer.headers["content-type"] == "image/jpeg")
            let image = try Image.decode([UInt8](answer.body))
            #expect(image.width == 60 && image.height == 40)
            let small = try await server.get(link + "&size=32")
            #expect(try Image.decode([UInt8](small.body)).width == 60)
            let tag = try #require(answer.headers["etag"])
            #expect(try await server.get(link + "&size=64", headers: ["If-None-Match": tag]).status == 304)
            let folder = server.directory.path("store/thumbnails")
            let files = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
            #expect(files.filter { $0.hasSuffix(".jpg") }.count == 1)
            #expect(try await server.get("/v1/items/999/thumbnail").status == 404)
            #expect(try await server.get(link + "&size=5000").status == 400)
            // An image that vanished from where it was indexed.
            try FileManager.default.removeItem(atPath: try #require(item["path"] as? String))
            let id = try #require(item["id"] as? String)
            #expect(try await server.get("/v1/items/\(id)/original").status == 404)
            #expect(try await server.get(link + "&size=64").status == 200)
        }
    }

    @Test func withoutAStore() async throws {
        try await RunningServer.run { server in
            for answer in [
                try await server.post("/v1/search", ["text": "a"]), try await server.get("/v1/items"),
                try await server.get("/v1/items/1/thumbnail"),
            ] {
                #expect(answer.status == 404)
                #expect(try answer.problem.contains("--store"))
            }
            #expect(try await server.get("/v1/session").json["store"] is NSNull)
        }
    }
}
