import DiptychEvaluation
import DiptychLabels
import Foundation
import Testing

/// Cohen's kappa and Krippendorff's alpha against scikit-learn and the package krippendorff.
struct AgreementTests {
    private struct Case: Decodable {
        let answers: [[Int?]]
        let alpha: Double
        let kappa: Double
    }

    @Test("Measures of agreement are those of scikit-learn and krippendorff, inside their intervals")
    func reference() throws {
        let url = try #require(
            Bundle.module.url(forResource: "agreement", withExtension: "json", subdirectory: "Fixtures"))
        let cases = try JSONDecoder().decode([Case].self, from: Data(contentsOf: url))
        #expect(cases.count == 4)
        for one in cases {
            let images = try #require(one.answers.first).count
            let units = (0..<images).map { image in one.answers.compactMap { $0[image] } }
            let alpha = Agreement.alpha(units)
            #expect(abs(try #require(alpha.value) - one.alpha) < 1e-12)
            let pairs = zip(one.answers[0], one.answers[1]).compactMap { a, b in a.flatMap { a in b.map { (a, $0) } } }
            let kappa = Agreement.kappa(pairs)
            #expect(abs(try #require(kappa.value) - one.kappa) < 1e-12)
            let interval = try #require(kappa.interval)
            #expect(interval.low < one.kappa && one.kappa < interval.high)
            #expect(alpha.images == units.count { $0.count > 1 })
        }
    }

    @Test("Where people agree, or nobody answered twice, measures are 1 or not defined")
    func ends() {
        #expect(Agreement.kappa([(0, 0), (1, 1), (1, 1)]).value == 1)
        #expect(Agreement.kappa([]).value == nil && Agreement.alpha([[1], [2]]).value == nil)
        #expect(Agreement.kappa([(0, 0), (0, 0)]).value == nil)
        #expect(Agreement.alpha([[1, 1], [2, 2]]).value == 1)
    }
}
