import DiptychEvaluation
import Testing

/// What can be told between two models on the same samples.
struct PairedComparisonTests {
    private func compared(won: Int, lost: Int, of count: Int) -> PairedComparison {
        let first = (0..<count).map { $0 < won ? 0.0 : $0 < won + lost ? 1 : Double($0 % 2) }
        let second = (0..<count).map { $0 < won ? 1.0 : $0 < won + lost ? 0 : Double($0 % 2) }
        return PairedComparison(first: first, second: second, clusters: Array(0..<count))
    }

    /// Probabilities of scipy.stats.binomtest(min(won, lost), won + lost).
    @Test(arguments: [
        (6, 0, 0.03125, PairedComparison.Verdict.better), (0, 6, 0.03125, .worse), (5, 0, 0.0625, .undecided),
        (10, 3, 0.09228515625, .undecided), (40, 20, 0.013489, .better), (250, 300, 0.036579, .worse),
        (7, 7, 1, .undecided), (0, 0, 1, .undecided),
    ])
    func `single samples are tested by McNemar's exact test`(
        _ won: Int, _ lost: Int, _ p: Double, _ verdict: PairedComparison.Verdict
    ) {
        let result = compared(won: won, lost: lost, of: 1000)
        #expect(result.test == .mcNemar && result.verdict == verdict)
        #expect(abs((result.probability ?? 0) - p) < 1e-5, "\(result)")
        #expect(abs(result.difference - Double(won - lost) / 1000) < 1e-12)
    }

    @Test func `the smallest difference is the least that is told with as many changes`() {
        // Of 13 changes, 11 against 2 has 0.0225 and 10 against 3 has 0.0923.
        #expect(compared(won: 10, lost: 3, of: 1000).smallestDifference == 9.0 / 1000)
        #expect(compared(won: 11, lost: 2, of: 1000).verdict == .better)
        // Too few changes: six of one direction would be needed.
        #expect(compared(won: 2, lost: 0, of: 1000).smallestDifference == 6.0 / 1000)
        #expect(compared(won: 1, lost: 0, of: 4).smallestDifference == nil)
    }

    @Test func `what hangs together counts once`() {
        // Thirty texts of five images are better: one by one that is told, by images it is not.
        let first = (0..<300).map { $0 < 30 ? 0.0 : 1 }
        let second = [Double](repeating: 1, count: 300)
        let images = (0..<300).map { $0 / 6 }
        let single = PairedComparison(first: first, second: second, clusters: Array(0..<300))
        let whole = PairedComparison(first: first, second: second, clusters: images)
        #expect(single.verdict == .better && single.test == .mcNemar)
        #expect(whole.verdict == .undecided && whole.test == .bootstrap)
        #expect(whole.difference == single.difference && (whole.smallestDifference ?? 0) >= whole.difference)
        // Twenty images are enough.
        let more = (0..<300).map { $0 < 120 ? 0.0 : 1 }
        let told = PairedComparison(first: more, second: second, clusters: images)
        #expect(told.verdict == .better && (told.interval?.low ?? 0) > 0 && (told.smallestDifference ?? 1) < 0.4)
        let reversed = PairedComparison(first: second, second: more, clusters: images)
        #expect(reversed.verdict == .worse && reversed.probability == told.probability)
    }

    @Test func `equal results are undecided, and so are those of one cluster`() {
        let values = (0..<50).map { Double($0 % 7) / 7 }
        let equal = PairedComparison(first: values, second: values, clusters: (0..<50).map { $0 / 2 })
        #expect(equal.verdict == .undecided && equal.difference == 0 && equal.probability == 1)
        #expect(equal.interval == Interval(low: 0, high: 0) && (equal.smallestDifference ?? 0) > 0)
        let one = PairedComparison(
            first: values, second: values.map { $0 + 1 }, clusters: .init(repeating: 1, count: 50))
        #expect(one.verdict == .undecided && one.probability == nil && one.smallestDifference == nil)
    }
}
