import Diptych
import DiptychEvaluation
import Foundation
import Testing

/// Figures against scikit-learn's and those of Chinese-CLIP's script, and by hand; see Scripts/fixtures/evaluation.py.
struct EvaluationTests {
    private struct Expected: Decodable {
        struct Recall: Decodable {
            let r1, r5, r10, mean: Double
        }
        let queries, candidates: [Float]
        let relevant: [[Int]]
        let recall: Recall
        let said: [Double]
        let `true`: [Bool]
        let bins: [[Double]]
        let error: Double
        let x: [Double]
        let y: [Bool]
        let intercept, slope: Double
    }

    private let expected: Expected

    init() throws {
        let folder = try #require(Bundle.module.resourceURL)
        let data = try Data(contentsOf: folder.appendingPathComponent("Fixtures/evaluation.json"))
        expected = try JSONDecoder().decode(Expected.self, from: data)
    }

    @Test("Recall with several answers a query is Chinese-CLIP's")
    func recall() {
        let accuracy = RetrievalAccuracy(
            queries: Embeddings(values: expected.queries, dimension: 8),
            candidates: Embeddings(values: expected.candidates, dimension: 8), relevant: expected.relevant)
        #expect(accuracy.recall(at: 1) == expected.recall.r1)
        #expect(accuracy.recall(at: 5) == expected.recall.r5)
        #expect(accuracy.recall(at: 10) == expected.recall.r10)
        #expect(abs((accuracy.meanRecall ?? 0) - expected.recall.mean) < 1e-12)
    }

    @Test("What is just as near counts as nearer, and further answers of the query do not")
    func ties() {
        #expect(RetrievalAccuracy.rank([0.5, 0.5, 0.5], relevant: [0]) == 2)
        #expect(RetrievalAccuracy.rank([0.5, 0.5, 0.5], relevant: [0, 1, 2]) == 0)
        #expect(RetrievalAccuracy.rank([0.1, 0.9, 0.8, 0.7], relevant: [0, 2]) == 1)
        #expect(RetrievalAccuracy.rank([.nan, 0.9], relevant: [0]) == 1)
        let model = Embeddings(values: [Float](repeating: 1, count: 30), dimension: 3)
        let same = RetrievalAccuracy(queries: model, candidates: model, relevant: (0..<10).map { [$0] })
        #expect(same.recall(at: 5) == 0)
    }

    @Test("Ranks 0, 2 and 5 by hand, and nothing of no queries")
    func summaries() {
        let accuracy = RetrievalAccuracy(ranks: [5, 0, 2])
        #expect(accuracy.recall(at: 1) == 1.0 / 3)
        #expect(accuracy.recall(at: 5) == 2.0 / 3)
        #expect(accuracy.medianRank == 3)
        #expect(RetrievalAccuracy(ranks: [0, 3]).medianRank == 2.5)
        #expect(abs((accuracy.meanReciprocalRank ?? 0) - (1 + 1.0 / 3 + 1.0 / 6) / 3) < 1e-12)
        let none = RetrievalAccuracy(ranks: [])
        #expect(none.recall(at: 1) == nil && none.meanRecall == nil && none.medianRank == nil)
    }

    @Test("Bins and the expected calibration error are scikit-learn's")
    func calibration() {
        let calibration = Calibration(Array(zip(expected.said, expected.true)).map { ($0.0, $0.1) }, bins: 10)
        #expect(calibration.bins.count == expected.bins.count)
        for (bin, wanted) in zip(calibration.bins, expected.bins) {
            #expect(abs(bin.said - wanted[0]) < 1e-12)
            #expect(abs(bin.cameTrue - wanted[1]) < 1e-12)
            #expect(bin.count == Int(wanted[2]))
        }
        #expect(abs(calibration.expectedError - expected.error) < 1e-12)
    }

    @Test("The last bin holds its end, and bins without statements are left out")
    func ends() {
        let calibration = Calibration([(1, true), (0, false), (0.5, true)], bounds: [0, 0.5, 0.7, 1])
        #expect(calibration.bins.map(\.count) == [1, 1, 1])
        #expect(Calibration([(1, true)], bins: 4).bins.map(\.range) == [0.75..<1])
        #expect(Calibration([], bins: 4).expectedError == 0)
    }

    @Test("The curve is that of an unregularised logistic regression")
    func curve() {
        let curve = LogisticCurve(fitting: Array(zip(expected.x, expected.y)).map { ($0.0, $0.1) })
        #expect(abs(curve.intercept - expected.intercept) < 1e-4)
        #expect(abs(curve.slope - expected.slope) < 1e-4)
        #expect(abs(curve.probability(at: 0) - 1 / (1 + exp(-expected.intercept))) < 1e-4)
    }
}
