import Foundation
import Testing

/// Similarity, classification, tokens, pixels, models and profiles: what each prints.
struct CommandOutputTests {
    @Test func `candidates are ranked by their cosine`() throws {
        let result = try Command.run(
            "similarity", "--format", "json", "--query-text", "a cat", "--text", "a bus", "--image", Fixture.images,
            "--text", "a cat")
        let ranked = try result.json(RankedResults.self).results
        #expect(ranked.map(\.rank) == Array(1...7))
        #expect(ranked[0].input == "a cat" && ranked[0].kind == "text" && ranked[0].similarity > 0.99999)
        #expect(zip(ranked, ranked.dropFirst()).allSatisfy { $0.similarity >= $1.similarity })
        #expect(Set(ranked.compactMap(\.kind)) == ["text", "image"])
        let byImage = try Command.run(
            "similarity", "--query-image", Fixture.images + "/wide.jpg", "--image", Fixture.images, "--format",
            "jsonl")
        let best = try #require(byImage.jsonLines(RankedResults.Result.self).first)
        #expect(best.input == Fixture.images + "/wide.jpg" && best.similarity > 0.99999)
    }

    private struct Classified: Decodable {
        struct Result: Decodable {
            struct Prediction: Decodable {
                let label: String
                let probability: Float
                let similarity: Float
            }
            let input: String
            let predictions: [Prediction]
        }
        let results: [Result]
    }

    @Test func `probabilities are the softmax of the scaled cosines`() throws {
        let folder = try TemporaryFolder()
        try Data("cat\n\n  \ndog\nbus\n".utf8).write(to: URL(fileURLWithPath: folder / "labels"))
        let image = Fixture.images + "/tall.png"
        let result = try Command.run(
            "classify", "--format", "json", "--labels", folder / "labels", "--templates", "none", image)
        let predictions = try #require(result.json(Classified.self).results.first).predictions
        #expect(Set(predictions.map(\.label)) == ["cat", "dog", "bus"])
        #expect(abs(predictions.reduce(0) { $0 + $1.probability } - 1) < 1e-5)
        // The scale of the fixture is 100 in half precision.
        let weights = predictions.map { exp(Double($0.similarity) * 100.03) }
        for (prediction, weight) in zip(predictions, weights) {
            #expect(abs(Double(prediction.probability) - weight / weights.reduce(0, +)) < 1e-3)
        }
        let similarity = try Command.run("similarity", "--format", "json", "--query-image", image, "--text", "cat")
        let cosine = try #require(similarity.json(RankedResults.self).results.first).similarity
        let cat = try #require(predictions.first { $0.label == "cat" })
        #expect(abs(cat.similarity - cosine) < 1e-5)
    }

    @Test func `templates follow the labels' script, and several make an ensemble`() throws {
        let image = Fixture.images + "/tall.png"
        let chinese = try Command.run(
            "classify", "--format", "json", "--label", "猫", "--label", "狗", "--top", "1", image)
        #expect(chinese.error.contains("chinese"))
        #expect(try chinese.json(Classified.self).results[0].predictions.count == 1)
        let english = try Command.run("classify", "--format", "json", "--label", "cat", "--label", "dog", image)
        #expect(english.error.contains("openai"))
        let custom = try Command.run(
            "classify", "--label", "cat", "--label", "dog", "--template", "a {}", "--template", "the {}", "--format",
            "text", image, "/none.png")
        #expect(custom.status == 3 && custom.output.contains("cat") && custom.error.contains("/none.png"))
    }

    @Test func `ids equal the reference's`() throws {
        struct Tokens: Decodable {
            let ids: [Int]
            let tokens: [String]
            let truncated: Int
        }
        let texts = try Fixture.expected().texts
        let result = try Command.run(["tokenize", "--"] + texts.map(\.text))
        let lines = try result.jsonLines(Tokens.self)
        #expect(lines.map(\.ids) == texts.map(\.ids))
        #expect(lines.allSatisfy { $0.tokens.first == "<|startoftext|>" && $0.tokens.last == "<|endoftext|>" })
        #expect(lines[0].truncated == 0 && lines.last?.truncated ?? 0 > 0)
    }

    @Test func `preprocessing writes the pixels of one image`() throws {
        let folder = try TemporaryFolder()
        let result = try Command.run("preprocess", Fixture.images + "/wide.jpg", "--output", folder / "p.npy")
        #expect(result.status == 0, "\(result.error)")
        let array = try Data(contentsOf: URL(fileURLWithPath: folder / "p.npy"))
        #expect(String(decoding: array[10..<128], as: UTF8.self).contains("(1, 3, 32, 32)"))
        #expect(array.count == 128 + 4 * 3 * 32 * 32)
    }

    @Test func `inspection tells sizes, cost and engine`() throws {
        struct Facts: Decodable {
            struct Parameters: Decodable { let vision, text, total: Int }
            struct Engine: Decodable { let instructions, precision, reason: String; let threads: Int }
            struct Tensors: Decodable { let count, bytes: Int; let types: [String: Int] }
            let name, fingerprint: String
            let parameters: Parameters
            let tensors: Tensors
            let engine: Engine
        }
        let result = try Command.run(["models", "inspect", "--format", "json"], environment: ["DIPTYCH_ISA": "scalar"])
        let facts = try result.json(Facts.self)
        #expect(facts.name == "tiny-clip" && facts.fingerprint.count == 64)
        // The reference counts one more: logit_scale.
        #expect(facts.parameters.total == 129_841 - 1)
        #expect(facts.tensors.count == 78 && facts.tensors.types == ["F16": 78])
        #expect(facts.engine.instructions == "scalar" && facts.engine.precision == "fp32")
        let text = try Command.run("models", "inspect", "--tensors", "--format", "text", "--precision", "auto")
        #expect(text.output.contains("visual_projection.weight"))
        #expect(text.error.contains("precision: "))
        #expect(try Command.run("models", "path").output == Fixture.model + "\n")
    }

    @Test func `profiles add up`() throws {
        struct Profile: Decodable {
            struct Operation: Decodable { let operation: String; let calls: Int; let seconds, flops: Double }
            let total_seconds, flops, limit_flops_per_second: Double
            let pictures_per_second: Double?
            let texts_per_second: Double?
            let operations: [Operation]
        }
        let arguments = ["profile", "--batch", "2", "--repeat", "2", "--threads", "1"]
        let images = try Command.run(arguments + ["--format", "json"]).json(Profile.self)
        #expect(abs((images.pictures_per_second ?? 0) * images.total_seconds - 2) < 1e-6)
        #expect(abs(images.operations.reduce(0) { $0 + $1.seconds } - images.total_seconds) < 1e-9)
        #expect(images.limit_flops_per_second > 1e9)
        let texts = try Command.run(arguments + ["--text-length", "9", "--format", "json"]).json(Profile.self)
        #expect(texts.texts_per_second ?? 0 > 0)
        #expect(try Command.run(arguments + ["--format", "text"]).output.contains("pictures/s"))
        expectFailure(try Command.run(arguments + ["--image-size", "224"]), status: 2, saying: "32")
    }

    @Test func `profiles compare with limits and model more cores`() throws {
        struct Profile: Decodable {
            struct Operation: Decodable {
                let operation: String
                let calls: Int
                let seconds, bytes, weight_bytes, attainable_seconds, share_of_time: Double
                let limit: String?
            }
            struct Scaling: Decodable {
                struct Point: Decodable {
                    let cores, groups: Int
                    let within_texts_per_second, within_large_texts_per_second, across_texts_per_second: Double
                }
                let memory_bytes_per_second, last_cache_bytes: Double
                let memory_is_measured: Bool
                let points: [Point]
            }
            let texts: Int?
            let texts_per_second, total_seconds, attainable_seconds: Double
            let operations: [Operation]
            let scaling: Scaling?
        }
        let folder = try TemporaryFolder()
        let file = folder / "texts.txt"
        try Data("a cat\n\na photo of a red circle\na dog and a cat\n".utf8).write(to: URL(fileURLWithPath: file))
        let arguments = ["profile", "--batch", "2", "--repeat", "2", "--format", "json", "--texts", file]
        let profile = try Command.run(
            arguments + ["--threads", "2", "--cores", "8", "--memory-bandwidth", "100", "--last-cache", "50"]
        ).json(Profile.self)
        #expect(profile.texts == 3)
        #expect(abs(profile.texts_per_second * profile.total_seconds - 3) < 1e-6)
        #expect(abs(profile.operations.reduce(0) { $0 + $1.share_of_time } - 1) < 1e-6)
        #expect(
            abs(profile.operations.reduce(0) { $0 + $1.attainable_seconds } - profile.attainable_seconds) < 1e-9)
        for operation in profile.operations {
            #expect(operation.weight_bytes <= operation.bytes)
            #expect(operation.limit.map { ["compute", "memory", "cache"].contains($0) } ?? (operation.bytes == 0))
        }
        // Two batches: of two texts and of one.
        #expect(profile.operations.first { $0.operation == "token embedding" }?.calls == 2)
        let scaling = try #require(profile.scaling)
        #expect(scaling.memory_bytes_per_second == 100e9 && scaling.last_cache_bytes == 50e6)
        #expect(!scaling.memory_is_measured && scaling.points.map(\.cores) == [2, 4, 8])
        #expect(scaling.points.map(\.groups) == [1, 2, 4])
        let first = try #require(scaling.points.first)
        // One group is all of the cores.
        #expect(first.within_texts_per_second == first.within_large_texts_per_second)
        for (few, many) in zip(scaling.points, scaling.points.dropFirst()) {
            #expect(many.within_large_texts_per_second >= few.within_large_texts_per_second * 0.999)
        }
        let one = ["profile", "--threads", "1", "--cores", "8"]
        expectFailure(try Command.run(one), status: 2, saying: "at least 2 threads")
        expectFailure(try Command.run(["profile", "--last-cache", "8"]), status: 2, saying: "--cores")
        expectFailure(try Command.run(arguments + ["--text-length", "9"]), status: 2, saying: "one of")
    }
}
