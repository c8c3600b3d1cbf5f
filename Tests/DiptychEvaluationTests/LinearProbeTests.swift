import Diptych
import DiptychEvaluation
import Foundation
import Testing

/// Logistic regression against scikit-learn's; see Scripts/fixtures/probe.py.
struct LinearProbeTests {
    private struct Case: Decodable {
        let classes: Int
        let features: [Float]
        let labels: [Int]
        let weights, intercepts: [Double]
        let accuracy: Double
        let predictions: [Int]
    }

    private static func cases() throws -> [Case] {
        let folder = try #require(Bundle.module.resourceURL)
        let data = try Data(contentsOf: folder.appendingPathComponent("Fixtures/probe.json"))
        return try JSONDecoder().decode([Case].self, from: data)
    }

    @Test(arguments: [0, 1]) func `coefficients and predictions are scikit-learn's`(_ index: Int) throws {
        let one = try Self.cases()[index]
        let train = Embeddings(values: Array(one.features[..<(120 * 6)]), dimension: 6)
        let test = Embeddings(values: Array(one.features[(120 * 6)...]), dimension: 6)
        let labels = Array(one.labels[..<120])
        let exact = try LinearProbe(
            features: train, labels: labels, classes: one.classes, iterations: 10_000, tolerance: 1e-9)
        #expect(exact.isConverged && exact.weights.count == one.weights.count)
        for (found, wanted) in zip(exact.weights, one.weights) { #expect(abs(found - wanted) < 1e-6) }
        // Intercepts of several classes are known but for what all of them have more.
        let shift =
            one.classes == 2
            ? 0 : (exact.intercepts.reduce(0, +) - one.intercepts.reduce(0, +)) / Double(one.classes)
        for (found, wanted) in zip(exact.intercepts, one.intercepts) { #expect(abs(found - shift - wanted) < 1e-6) }

        let usual = try LinearProbe(features: train, labels: labels, classes: one.classes)
        let found = (0..<120).map { row -> Int in
            let scores = usual.scores(test[row])
            return scores.indices.max { scores[$0] < scores[$1] } ?? 0
        }
        let right = zip(found, one.labels[120...]).count { $0 == $1 }
        #expect(abs(Double(right) / 120 - one.accuracy) < 1e-12)
        #expect(found == one.predictions)
        #expect(
            try LinearProbe(features: train, labels: labels, classes: one.classes, threads: 1).weights == usual.weights)
    }

    @Test func `what cannot be fitted is refused, and few steps are said`() throws {
        let rows = Embeddings(values: [1, 2, 3, 4], dimension: 2)
        for (labels, classes, c) in [([0], 2, 1.0), ([0, 0], 2, 1), ([0, 1], 1, 1), ([0, 2], 2, 1), ([0, 1], 2, 0)] {
            #expect(throws: EvaluationError.self) {
                try LinearProbe(features: rows, labels: labels, classes: classes, c: c)
            }
        }
        let one = try Self.cases()[0]
        let features = Embeddings(values: one.features, dimension: 6)
        let short = try LinearProbe(features: features, labels: one.labels, classes: 4, iterations: 1)
        #expect(!short.isConverged && short.iterations == 1)
    }
}
