import Diptych
import DiptychTestSupport
import Foundation
import Testing

/// Accuracies by hand and by NumPy.
@Suite struct ClassificationAccuracyTests {
    /// What NumPy computed; made by Scripts/fixtures/zero_shot.py.
    private struct Expected: Decodable {
        struct Set: Decodable {
            let scores: [[Float]]
            let truth: [Int]
            let top1: Double
            let top5: Double
            let mean_per_class: Double
            let matrix: [[Int]]?
        }
        let plain: Set
        let ties: Set
    }

    @Test func agreesWithNumPy() throws {
        let url = TinyModel.directory.deletingLastPathComponent().appendingPathComponent("zero-shot/accuracy.json")
        let expected = try JSONDecoder().decode(Expected.self, from: Data(contentsOf: url))
        for set in [expected.plain, expected.ties] {
            var accuracy = ClassificationAccuracy(labels: (0..<9).map { "\($0)" })
            for (scores, label) in zip(set.scores, set.truth) { accuracy.add(scores: scores, label: label) }
            #expect(accuracy.images == 80)
            #expect(abs(try #require(accuracy.top1) - set.top1) < 1e-12)
            #expect(abs(try #require(accuracy.top5) - set.top5) < 1e-12)
            #expect(abs(try #require(accuracy.meanPerClass) - set.mean_per_class) < 1e-12)
            #expect(accuracy.counts[4].images == 0 && accuracy.counts[4].accuracy == nil)
            guard let matrix = set.matrix else { continue }
            let mistakes = accuracy.worstConfusions(100)
            #expect(zip(mistakes, mistakes.dropFirst()).allSatisfy { $0.images >= $1.images })
            var found = [[Int]](repeating: [Int](repeating: 0, count: 9), count: 9)
            for label in 0..<9 { found[label][label] = accuracy.counts[label].top1 }
            for (confusion, images) in mistakes { found[confusion.label][confusion.predicted] = images }
            #expect(found == matrix)
        }
    }

    @Test func countsByHand() {
        var accuracy = ClassificationAccuracy(labels: ["a", "b", "c"])
        #expect(accuracy.top1 == nil && accuracy.meanPerClass == nil && accuracy.worstConfusions(3).isEmpty)
        accuracy.add(scores: [0.9, 0.1, 0.2], label: 0)
        accuracy.add(scores: [0.8, 0.1, 0.2], label: 0)
        accuracy.add(scores: [0.1, 0.2, 0.3], label: 0)  // taken for c
        accuracy.add(scores: [0.3, 0.2, 0.1], label: 1)  // taken for a
        #expect(accuracy.top1 == 0.5)
        // (2/3 + 0) / 2: c has no images.
        #expect(abs((accuracy.meanPerClass ?? 0) - 1.0 / 3) < 1e-12)
        #expect(accuracy.top5 == nil)  // three labels are always among five
        #expect(accuracy.counts.map(\.images) == [3, 1, 0] && accuracy.counts.map(\.top1) == [2, 0, 0])
        accuracy.add(scores: [0.3, 0.2, 0.1], label: 1)
        let worst = accuracy.worstConfusions(2)
        #expect(worst.map(\.images) == [2, 1])
        #expect(worst.map(\.confusion.label) == [1, 0] && worst.map(\.confusion.predicted) == [0, 2])
        #expect(accuracy.worstConfusions(1).count == 1)
    }

    @Test func tiesAndWhatIsNotANumberCountAgainstTheModel() {
        var accuracy = ClassificationAccuracy(labels: ["a", "b", "c", "d", "e", "f"])
        for label in 0..<6 { accuracy.add(scores: [1, 1, 1, 1, 1, 1], label: label) }
        #expect(accuracy.top1 == 0 && accuracy.top5 == 0 && accuracy.meanPerClass == 0)
        accuracy.add(scores: [.nan, 0, 0, 0, 0, 0], label: 0)
        accuracy.add(scores: [5, .nan, 0, 0, 0, 0], label: 0)
        #expect(accuracy.top1 == 0)
        // The worst place among six still is not among five; one equal label costs one place.
        accuracy.add(scores: [5, 5, 0, 0, 0, 0], label: 1)
        #expect(accuracy.counts[1].top1 == 0 && accuracy.counts[1].top5 == 1)
    }
}
