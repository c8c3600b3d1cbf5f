import Diptych
import DiptychCheckpoints
import DiptychTestSupport
import Foundation
import Testing

/// Saved classifiers: what comes back, and what is refused.
@Suite struct ClassifierFileTests {
    private static let labels = ["cat", "红色的圆", "a \"quoted\" one", "line\nbreak"]

    private func saved(
        in folder: TemporaryDirectory, bias: Float? = nil
    ) async throws -> (model: CLIPModel, classifier: Classifier, path: String) {
        let model = try await TinyModel.load()
        let made = try await model.classifier(labels: Self.labels, templates: .custom(["{}", "一张{}"]))
        let classifier = try Classifier(
            labels: made.labels, embeddings: made.embeddings,
            logits: LogitParameters(scale: made.logits.scale, bias: bias), templates: made.templates)
        try await classifier.save(to: folder.path("c.safetensors"), for: model)
        return (model, classifier, folder.path("c.safetensors"))
    }

    @Test(arguments: [nil, -16.5 as Float]) func theSameComesBack(bias: Float?) async throws {
        let folder = try TemporaryDirectory()
        let (model, classifier, path) = try await saved(in: folder, bias: bias)
        let loaded = try await Classifier.load(from: path, for: model)
        #expect(loaded.labels == Self.labels && loaded.templates == ["{}", "一张{}"])
        #expect(loaded.logits == classifier.logits)
        #expect(worstLoss(loaded.embeddings, classifier.embeddings) < 1e-12)
        let file = try SafetensorsFile(url: URL(fileURLWithPath: path))
        #expect(file.tensors["embeddings"]?.shape == [4, 24])
        #expect(file.metadata["fingerprint"] == (await model.fingerprint()) && file.metadata["model"] == "tiny-clip")
        // Reading and writing again changes nothing.
        try await loaded.save(to: folder.path("again.safetensors"), for: model)
        let again = try await Classifier.load(from: folder.path("again.safetensors"), for: model)
        #expect(again.labels == loaded.labels && worstLoss(again.embeddings, loaded.embeddings) < 1e-12)
    }

    @Test func anotherModelIsRefusedWithBothNames() async throws {
        let folder = try TemporaryDirectory()
        let (model, classifier, path) = try await saved(in: folder)
        let copy = try TinyModel.other()
        let other = try await CLIPModel.load(copy.path)
        let error = try await #require(throws: ModelError.self) { try await Classifier.load(from: path, for: other) }
        for word in [path, "'tiny-clip'", "'\(other.name)'", String(await model.fingerprint().prefix(12))] {
            #expect(error.description.contains(word), "\(error)")
        }
        let narrow = try Classifier(
            labels: ["a"], embeddings: Embeddings(values: [1, 0], dimension: 2), logits: classifier.logits)
        let refused = try await #require(throws: ModelError.self) {
            try await narrow.save(to: folder.path("narrow.safetensors"), for: model)
        }
        #expect(refused.description.contains("2 numbers"))
        #expect(!FileManager.default.fileExists(atPath: folder.path("narrow.safetensors")))
    }

    /// Changes to a file's header or tensors that make it no classifier, and a word of the reason.
    private static let damages: [(metadata: [String: String?], shape: [Int]?, value: Float?, word: String)] = [
        (["format": nil], nil, nil, "--save-classifier"), (["format": "x"], nil, nil, "--save-classifier"),
        (["version": "2"], nil, nil, "version '2'"), (["version": nil], nil, nil, "version"),
        (["model": nil], nil, nil, "'model'"), (["fingerprint": nil], nil, nil, "'fingerprint'"),
        (["labels": nil], nil, nil, "'labels'"), (["labels": "cat"], nil, nil, "'labels'"),
        (["labels": "[1, 2, 3, 4]"], nil, nil, "'labels'"), (["labels": "[\"a\"]"], nil, nil, "F32 [1, 24]"),
        (["labels": "[]"], nil, nil, "F32 [0, 24]"), (["labels": #"["a", "b", " ", "d"]"#], nil, nil, "label 3"),
        (["templates": "7"], nil, nil, "'templates'"), (["templates": nil], nil, nil, "'templates'"),
        (["logit_scale": nil], nil, nil, "'logit_scale'"), (["logit_scale": "many"], nil, nil, "'logit_scale'"),
        (["logit_scale": "inf"], nil, nil, "factor"), (["logit_scale": "-3"], nil, nil, "factor"),
        (["logit_bias": "nan"], nil, nil, "factor"), (["logit_bias": ""], nil, nil, "'logit_bias'"),
        ([:], [2, 48], nil, "F32 [4, 24]"), ([:], [96], nil, "F32 [4, 24]"), ([:], nil, .nan, "embedding 1"),
        ([:], nil, 40, "embedding 1"), ([:], nil, .infinity, "embedding 1"),
    ]

    @Test(arguments: damages.indices) func damageIsExplained(index: Int) async throws {
        let damage = Self.damages[index]
        let folder = try TemporaryDirectory()
        let (model, classifier, path) = try await saved(in: folder)
        var metadata = try SafetensorsFile(url: URL(fileURLWithPath: path)).metadata
        for (key, value) in damage.metadata { metadata[key] = value }
        var values = classifier.embeddings.values
        if let value = damage.value { values[0] = value }
        let writer = try SafetensorsWriter(
            path: path, tensors: [("embeddings", damage.shape ?? [4, 24])], metadata: metadata)
        try writer.append(values)
        try writer.finish()
        let error = try await #require(throws: CheckpointError.self) {
            try await Classifier.load(from: path, for: model)
        }
        #expect(error.description.hasPrefix(path) && error.description.contains(damage.word), "\(error)")
        #expect(!error.description.contains("\n"))
    }

    @Test func otherFilesAreNoClassifiers() async throws {
        let model = try await TinyModel.load()
        let weights = TinyModel.directory.appendingPathComponent("model.safetensors").path
        for path in [weights, TinyModel.directory.path, "/none.safetensors"] {
            let error = try await #require(throws: CheckpointError.self) {
                try await Classifier.load(from: path, for: model)
            }
            #expect(error.description.contains(path), "\(error)")
        }
    }

    @Test func mutatedFilesNeverCrash() async throws {
        let folder = try TemporaryDirectory()
        let (model, classifier, path) = try await saved(in: folder)
        let whole = try folder.bytes("c.safetensors")
        var random = SeededGenerator(11)
        var (loaded, refused) = (0, 0)
        for round in 0..<1000 {
            var bytes = whole
            if round % 4 == 0 {
                bytes.removeLast(Int(random.next() % UInt64(whole.count)))
            } else {
                for _ in 0...(random.next() % 4) {
                    // The header decides most, so most changes are there.
                    let end =
                        random.next() % 4 == 0 ? whole.count : whole.count - classifier.embeddings.values.count * 4
                    bytes[Int(random.next() % UInt64(end))] = UInt8(truncatingIfNeeded: random.next())
                }
            }
            try folder.write(bytes, to: "c.safetensors")
            do {
                let some = try await Classifier.load(from: path, for: model)
                #expect(some.labels.count == 4 && some.embeddings.values.allSatisfy(\.isFinite))
                #expect(some.logits.scale > 0)
                loaded += 1
            } catch let error as CheckpointError {
                #expect(error.path == path && !error.description.contains("\n"), "\(error)")
                refused += 1
            } catch let error as ModelError {
                #expect(error.description.contains(path) && !error.description.contains("\n"), "\(error)")
                refused += 1
            }
        }
        // A changed letter of a label is still a label; most other changes are not.
        #expect(loaded > 0 && refused > 500, "\(loaded) loaded, \(refused) refused")
    }
}
