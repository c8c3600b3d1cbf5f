import Diptych
import DiptychTestSupport
import Foundation
import Testing

/// Probabilities, the best of many labels, and thresholds, on embeddings that need no model.
@Suite struct ClassifierScoringTests {
    /// What transformers' SiglipModel computed; made by Scripts/fixtures/zero_shot.py.
    private struct Siglip: Decodable {
        let images: [[Float]]
        let labels: [[Float]]
        let scale: Float
        let bias: Float
        let probabilities: [[Double]]
    }

    /// Labels at these cosines to the image (1, 0).
    private func classifier(cosines: [Float], scale: Float = 10, bias: Float? = nil) throws -> Classifier {
        try Classifier(
            labels: cosines.map { "at \($0)" },
            embeddings: Embeddings(values: cosines.flatMap { [$0, (1 - $0 * $0).squareRoot()] }, dimension: 2),
            logits: LogitParameters(scale: scale, bias: bias))
    }

    private let image = Embedding(values: [1, 0])

    @Test func sigmoidsAgreeWithTheReference() throws {
        let url = TinyModel.directory.deletingLastPathComponent().appendingPathComponent("zero-shot/siglip.json")
        let expected = try JSONDecoder().decode(Siglip.self, from: Data(contentsOf: url))
        let names = expected.labels.indices.map { "label \($0)" }
        let classifier = try Classifier(
            labels: names, embeddings: Embeddings(values: expected.labels.flatMap { $0 }, dimension: 16),
            logits: LogitParameters(scale: expected.scale, bias: expected.bias))
        let images = Embeddings(values: expected.images.flatMap { $0 }, dimension: 16)
        #expect(images.count == 5 && names.count == 7)
        for (row, predictions) in classifier.predictions(for: images).enumerated() {
            for (name, probability) in zip(names, expected.probabilities[row]) {
                let ours = try #require(predictions.first { $0.label == name })
                #expect(abs(Double(ours.probability) - probability) < 1e-5, "image \(row), \(name)")
            }
            #expect(zip(predictions, predictions.dropFirst()).allSatisfy { $0.probability >= $1.probability })
        }
    }

    @Test func sigmoidsDoNotCompeteAndSoftmaxesDo() throws {
        let few = try classifier(cosines: [0.5, 0.2], bias: -3).predictions(for: image)
        let more = try classifier(cosines: [0.5, 0.2, 0.6], bias: -3).predictions(for: image)
        // σ(10 · 0.5 − 3) and σ(10 · 0.2 − 3).
        #expect(abs(few[0].probability - 0.880_797) < 1e-5 && abs(few[1].probability - 0.268_941) < 1e-5)
        #expect(more[1] == few[0] && more[2] == few[1])
        let softmax = try classifier(cosines: [0.5, 0.2]).predictions(for: image)
        // 1 / (1 + exp(−10 · 0.3)).
        #expect(abs(softmax[0].probability - 0.952_574) < 1e-5)
        #expect(try classifier(cosines: [0.5, 0.2, 0.6]).predictions(for: image)[1].probability < 0.3)
    }

    @Test func extremeScoresStayNumbers() throws {
        for bias: Float? in [nil, -1e30, 1e30, 0] {
            let predictions = try classifier(cosines: [1, -1, 0.3], scale: 1e30, bias: bias).predictions(for: image)
            #expect(predictions.allSatisfy { (0...1).contains($0.probability) }, "\(predictions)")
            #expect(predictions.map(\.label) == ["at 1.0", "at 0.3", "at -1.0"])
        }
        let zero = try classifier(cosines: [1, -1]).predictions(for: Embedding(values: [0, 0]))
        #expect(zero.map(\.similarity) == [0, 0] && zero.map(\.probability) == [0.5, 0.5])
    }

    @Test func theBestAreTheBeginningOfAll() throws {
        var random = SeededGenerator(3)
        let (labels, width) = (1500, 24)
        var rows = (0..<labels).map { _ in random.unitVector(width) }
        // Equal labels keep their order wherever they stand.
        for copy in [7, 700, 1499] { rows[copy] = rows[300] }
        let classifier = try Classifier(
            labels: (0..<labels).map { String($0) },
            embeddings: Embeddings(values: rows.flatMap { $0 }, dimension: width),
            logits: LogitParameters(scale: 20, bias: nil))
        let images = Embeddings(
            values: rows[300] + random.unitVector(width) + random.unitVector(width).map { $0 * 40 }, dimension: width)
        for (row, all) in classifier.predictions(for: images).enumerated() {
            let reference = (0..<labels).sorted {
                let (a, b) = (
                    images[row].similarity(to: classifier.embeddings[$0]),
                    images[row].similarity(to: classifier.embeddings[$1])
                )
                return abs(a - b) > 1e-6 ? a > b : $0 < $1
            }
            // Cosines that differ by rounding only may swap.
            let swapped = zip(all, reference).filter { $0.label != String($1) }.count
            #expect(swapped < labels / 50, "\(swapped)")
            #expect(abs(all.reduce(0) { $0 + $1.probability } - 1) < 1e-4)
            for top in [1, 2, 5, 100, 1500, 2000] {
                #expect(classifier.predictions(for: images[row], top: top) == Array(all.prefix(top)), "\(top)")
            }
            #expect(classifier.predictions(for: images[row], top: 0).isEmpty)
        }
        let same = classifier.predictions(for: images[0], top: 5).map(\.label)
        #expect(same.prefix(4) == ["7", "300", "700", "1499"])
        #expect(classifier.predictions(for: images, top: 5)[0].map(\.label) == same)
    }

    @Test func thresholdsGiveSeveralLabelsOrNone() throws {
        let sigmoid = try classifier(cosines: [0.5, 0.2, 0.6, -0.4], bias: -3)
        #expect(sigmoid.predictions(for: image, minimumProbability: 0.5).map(\.label) == ["at 0.6", "at 0.5"])
        #expect(sigmoid.predictions(for: image, top: 1, minimumProbability: 0.5).map(\.label) == ["at 0.6"])
        #expect(sigmoid.predictions(for: image, minimumProbability: 0.99).isEmpty)
        let softmax = try classifier(cosines: [0.5, 0.2, 0.6, -0.4])
        #expect(softmax.predictions(for: image, minimumSimilarity: 0.19).count == 3)
        #expect(softmax.predictions(for: image, minimumProbability: 0.5, minimumSimilarity: 0.19).count == 1)
        // A threshold leaves probabilities as they are.
        #expect(softmax.predictions(for: image, minimumSimilarity: 0.55)[0] == softmax.predictions(for: image)[0])
    }

    @Test func rowsAreScaledAndCheckedWhenGiven() throws {
        let logits = LogitParameters(scale: 10, bias: nil)
        let long = Embeddings(values: [3, 4, 0, 2], dimension: 2)
        let classifier = try Classifier(labels: ["a", "b"], embeddings: long, logits: logits)
        #expect(classifier.embeddings.values == [0.6, 0.8, 0, 1])
        #expect(abs(classifier.similarities(to: Embedding(values: [5, 0]))[0] - 0.6) < 1e-6)
        let cases: [([String], [Float], LogitParameters, String)] = [
            ([], [], logits, "no label"), (["a", " "], [1, 0, 0, 1], logits, "label 2"),
            (["a"], [1, 0, 0, 1], logits, "1 labels have 2"), (["a", "b"], [1, 0, 0, 0], logits, "zero"),
            (["a"], [.nan, 0], logits, "finite"), (["a"], [.infinity, 0], logits, "finite"),
            (["a"], [1, 0], LogitParameters(scale: 0, bias: nil), "factor"),
            (["a"], [1, 0], LogitParameters(scale: .infinity, bias: nil), "factor"),
            (["a"], [1, 0], LogitParameters(scale: 1, bias: .nan), "factor"),
        ]
        for (labels, values, logits, words) in cases {
            let error = try #require(throws: ModelError.self) {
                try Classifier(labels: labels, embeddings: Embeddings(values: values, dimension: 2), logits: logits)
            }
            #expect(error.description.contains(words), "\(error)")
        }
    }
}
