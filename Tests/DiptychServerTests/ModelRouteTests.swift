import Diptych
import DiptychMedia
import DiptychServer
import DiptychTestSupport
import Foundation
import Testing

/// Similarity, embeddings and classification over HTTP give what the library gives.
@Suite struct ModelRouteTests {
    static let texts = ["a cat", "a dog on grass", "snow", "一只猫"]

    @Test func similarityRanksTexts() async throws {
        try await RunningServer.run { server in
            let answer = try await server.post("/similarity", ["query": "a cat", "candidates": Self.texts])
            #expect(answer.status == 200)
            let pairs = try #require(try answer.json["similarities"] as? [[Any]])
            let expected = try await server.model.embed(texts: ["a cat"])
                .similarity(to: server.model.embed(texts: Self.texts)).values
            #expect(pairs.first?.first as? String == "a cat")
            for pair in pairs {
                let text = try #require(pair[0] as? String)
                let index = try #require(Self.texts.firstIndex(of: text))
                let value = try #require((pair[1] as? NSNumber)?.floatValue)
                #expect(abs(value - expected[index]) < 1e-5)
            }
            let values = pairs.compactMap { ($0[1] as? NSNumber)?.floatValue }
            #expect(values == values.sorted(by: >) && values.count == 4)
        }
    }

    /// Texts are refused, 400 in one line, by every route that takes them; images are not.
    @Test func aModelWithoutATextTowerRefusesTexts() async throws {
        let path = TinyModel.directory.deletingLastPathComponent()
            .appendingPathComponent("resnet/basic/resnet.safetensors").path
        let model = try await ModelLoader.load(path, options: ModelOptions(threads: 2))
        try await RunningServer.run(change: { $0.models = [ModelSource(name: "resnet") { model }] }) { server in
            let image = dataURI(try drawn(1))
            let line = "resnet.safetensors embeds images only; a text needs a model with a text tower"
            for (route, body) in [
                ("/v1/embeddings", ["input": "a cat"]), ("/similarity", ["query": "a cat", "candidates": Self.texts]),
                ("/v1/classify", ["image": image, "labels": ["a", "b"]]),
            ] as [(String, [String: Any])] {
                let answer = try await server.post(route, body)
                #expect(answer.status == 400, "\(route): \(answer.text)")
                #expect(try answer.problem == line)
            }
            let answer = try await server.post("/v1/embeddings", ["input": image, "modality": "image"])
            #expect(answer.status == 200, "\(answer.text)")
            #expect(try await server.get("/ready").status == 200)
        }
    }

    @Test func similarityOfImages() async throws {
        try await RunningServer.run { server in
            let images = try (0..<3).map { try drawn(UInt64($0)) }
            let uris = images.map(dataURI)
            let answer = try await server.post(
                "/similarity",
                ["query": uris[1], "candidates": uris, "query_type": "image", "candidate_type": "image"])
            let pairs = try #require(try answer.json["similarities"] as? [[Any]])
            #expect(pairs[0][0] as? String == uris[1])
            #expect(abs(try #require((pairs[0][1] as? NSNumber)?.floatValue) - 1) < 1e-5)
            // A text to images, and the other way round.
            let mixed = try await server.post(
                "/similarity", ["query": "a cat", "candidates": uris, "candidate_type": "image"])
            let back = try await server.post(
                "/similarity", ["query": uris[0], "query_type": "image", "candidates": ["a cat", "snow"]])
            #expect(mixed.status == 200 && back.status == 200)
            let library = try await server.model.embed(texts: ["a cat"]).similarity(
                to: server.model.embed(images: images.map { .data($0) })
            ).values
            let served = try #require(try mixed.json["similarities"] as? [[Any]])
            for (uri, expected) in zip(uris, library) {
                let pair = try #require(served.first { $0[0] as? String == uri })
                #expect(abs(try #require((pair[1] as? NSNumber)?.floatValue) - expected) < 1e-5)
            }
        }
    }

    @Test func embeddingsInBothEncodings() async throws {
        try await RunningServer.run { server in
            let expected = try await server.model.embed(texts: Self.texts)
            let plain = try await server.post("/v1/embeddings", ["model": "tiny", "input": Self.texts]).json
            let data = try #require(plain["data"] as? [[String: Any]])
            #expect(plain["object"] as? String == "list" && plain["model"] as? String == "tiny" && data.count == 4)
            for (index, one) in data.enumerated() {
                #expect(one["index"] as? Int == index)
                #expect(try distance(floats(one["embedding"]), expected[index].values) < 1e-5)
            }
            let packed = try await server.post(
                "/v1/embeddings",
                ["input": "a cat", "encoding_format": "base64", "user": "u", "dimensions": server.model.dimension]
            ).json
            let text = try #require((packed["data"] as? [[String: Any]])?.first?["embedding"] as? String)
            let bytes = try #require(Data(base64Encoded: text))
            let values = bytes.withUnsafeBytes { raw in
                (0..<raw.count / 4).map {
                    Float(bitPattern: raw.loadUnaligned(fromByteOffset: $0 * 4, as: UInt32.self))
                }
            }
            #expect(distance(values, expected[0].values) < 1e-5)
            let tokens = (packed["usage"] as? [String: Any])?["prompt_tokens"] as? Int
            #expect(tokens == server.model.tokenize("a cat").ids.count)
        }
    }

    @Test func embeddingsOfImagesInAnyWay() async throws {
        try await RunningServer.run { server in
            let images = try [drawn(1), drawn(2)]
            let expected = try await server.model.embed(images: images.map { .data($0) })
            let uris = try await server.post(
                "/v1/embeddings", ["input": images.map(dataURI), "modality": "image"])
            let form = try await server.post(
                "/v1/embeddings",
                form: [("modality", nil, Array("image".utf8))] + images.map { ("input", "p.png", $0) })
            for answer in [uris, form] {
                let data = try #require(try answer.json["data"] as? [[String: Any]], "\(answer.text)")
                #expect(data.count == 2)
                for (index, one) in data.enumerated() {
                    #expect(try distance(floats(one["embedding"]), expected[index].values) < 1e-5)
                }
            }
        }
    }

    @Test func classifiesAsTheLibraryDoes() async throws {
        try await RunningServer.run { server in
            let image = try drawn(3), labels = ["cat", "dog", "snow"]
            let templates = ["a photo of a {}.", "{}"]
            let classifier = try await server.model.classifier(labels: labels, templates: .custom(templates))
            let embedding = try await server.model.embed(images: [.data(image)])[0]
            let expected = classifier.predictions(for: embedding)
            let answer = try await server.post(
                "/v1/classify", ["image": dataURI(image), "labels": labels, "templates": templates])
            let predictions = try #require(try answer.json["predictions"] as? [[String: Any]])
            #expect(predictions.map { $0["label"] as? String } == expected.map(\.label))
            for (one, other) in zip(predictions, expected) {
                #expect(abs(try #require((one["probability"] as? NSNumber)?.floatValue) - other.probability) < 1e-4)
                #expect(abs(try #require((one["similarity"] as? NSNumber)?.floatValue) - other.similarity) < 1e-5)
            }
            let form = try await server.post(
                "/v1/classify",
                form: [("image", "p.png", image)] + labels.map { ("labels", nil, Array($0.utf8)) } + [
                    ("top", nil, Array("1".utf8))
                ])
            #expect(try (form.json["predictions"] as? [Any])?.count == 1)
        }
    }

    @Test func severalModels() async throws {
        try await RunningServer.run(change: { options in
            options.models.append(ModelSource(name: "other", loadsAtStart: false) { try await TinyModel.load() })
            options.modelIdleLimit = .milliseconds(100)
        }) { server in
            let models = try #require(try await server.get("/v1/models").json["data"] as? [[String: Any]])
            #expect(models.map { $0["id"] as? String } == ["tiny", "other"])
            func state() async throws -> String? {
                let models = try #require(try await server.get("/v1/status").json["models"] as? [[String: Any]])
                return models.last?["state"] as? String
            }
            #expect(try await state() == "unloaded")
            #expect(try await server.post("/v1/embeddings", ["input": "a", "model": "other"]).status == 200)
            #expect(try await state() == "ready")
            for _ in 0..<50 where try await state() != "unloaded" { try await Task.sleep(for: .milliseconds(100)) }
            #expect(try await state() == "unloaded")
            let unknown = try await server.post("/v1/embeddings", ["input": "a", "model": "gpt"])
            #expect(unknown.status == 404)
            #expect(try unknown.problem.contains("tiny, other"))
        }
    }

    @Test func readyTellsTheTruth() async throws {
        let gate = AsyncStream<Void>.makeStream()
        try await RunningServer.run(change: { options in
            options.models = [
                ModelSource(name: "slow") {
                    for await _ in gate.stream {}
                    return try await TinyModel.load()
                }
            ]
        }) { server in
            #expect(try await server.get("/health").status == 200)
            let before = try await server.get("/ready")
            #expect(before.status == 503 && before.headers["retry-after"] != nil)
            #expect(try before.problem.contains("slow"))
            gate.continuation.finish()
            var status = 0
            for _ in 0..<100 where status != 200 {
                status = try await server.get("/ready").status
                try await Task.sleep(for: .milliseconds(20))
            }
            #expect(status == 200)
        }
    }
}
