import Diptych
import DiptychTiles
import Testing

/// Probabilities against the formula, worked out by hand, and what follows from them.
@Suite struct TileDecisionTests {
    /// Tiles whose cosines with the words are given; the words are the first axes.
    private func tiles(_ cosines: [[Float]], rest: [[Float]] = []) -> Embeddings {
        let width = (cosines.first?.count ?? 0) + 4
        var values: [Float] = []
        for (index, row) in cosines.enumerated() {
            let all = row + (rest.isEmpty ? [] : rest[index])
            let left = (1 - all.reduce(0) { $0 + $1 * $1 }).squareRoot()
            values += all + [Float](repeating: 0, count: width - all.count - 1) + [left]
        }
        return Embeddings(values: values, dimension: width)
    }

    private func axes(_ places: [Int], width: Int) -> Embeddings {
        Embeddings(
            values: places.flatMap { place in (0..<width).map { $0 == place ? 1 : 0 } }, dimension: width)
    }

    private func decision(
        _ cosines: [[Float]], _ change: (inout TileOptions) -> Void = { _ in }
    ) -> TileDecision {
        var options = TileOptions()
        options.neutral = .similarity(0.25)
        change(&options)
        let words = cosines[0].count
        return TileDecision(
            tiles: tiles(cosines), words: axes(Array(0..<words), width: words + 4), neutrals: nil,
            names: (0..<words).map { "word \($0)" }, options: options)
    }

    @Test func probabilitiesAreTheSoftmaxOfAHundredTimesCosine() {
        // 1 / (1 + exp(-100 (c - 0.25))) for 0.31 and 0.22.
        let one = decision([[0.31], [0.22]])
        #expect(abs(one.probabilities[0][0] - 0.9975274) < 1e-4)
        #expect(abs(one.probabilities[1][0] - 0.0474259) < 1e-4)
        #expect(one.matches == [[0]])
        // Two neutral texts at 0.25 and 0.27: exp(31) / (exp(25) + exp(27) + exp(31)).
        var options = TileOptions()
        options.neutral = .texts(["a", "b"])
        let two = TileDecision(
            tiles: tiles([[0.31], [0.22]], rest: [[0.25, 0.27], [0.25, 0.27]]), words: axes([0], width: 5),
            neutrals: axes([1, 2], width: 5), names: ["w"], options: options)
        #expect(abs(two.probabilities[0][0] - 0.9796292) < 1e-4)
        #expect(abs(two.probabilities[1][0] - 0.0058998) < 1e-4)
    }

    @Test func aTileMatchesAtTheThreshold() {
        let cosines: [[Float]] = [[0.25], [0.26], [0.2]]
        #expect(decision(cosines).matches.map(\.count) == [2])
        #expect(decision(cosines) { $0.threshold = 0.7 }.matches == [[1]])
        #expect(decision(cosines) { $0.threshold = 0 }.matches == [[0, 1, 2]])
    }

    @Test func countTakesTheMostProbable() {
        let cosines: [[Float]] = [[0.2], [0.4], [0.3], [0.4]]
        #expect(decision(cosines) { $0.count = 1 }.matches == [[1]])
        #expect(decision(cosines) { $0.count = 3 }.matches == [[1, 2, 3]])
        // One of them is below the threshold: taken, and said.
        let forced = decision(cosines) { $0.count = 4 }
        #expect(forced.matches == [[0, 1, 2, 3]] && forced.reason?.contains("tile 1") == true)
        #expect(decision(cosines) { $0.count = 5 }.reason == "there are 4 tiles, fewer than the 5 that were asked for")
    }

    @Test func assignmentGivesEachWordItsOwnTile() {
        // Both words are most probable on the first tile.
        let both = decision([[0.5, 0.4], [0.3, 0.1], [0.0, 0.0]]) { $0.assigns = true }
        #expect(both.matches == [[1], [0]])
        let many = decision([[0.5, 0.4, 0.1]]) { $0.assigns = true }
        #expect(many.matches.map(\.count).reduce(0, +) == 1)
        #expect(many.reason == "there are 3 words and 1 tiles; 2 words have none")
    }

    @Test func whatIsTooNearToTellIsUnsure() {
        #expect(decision([[0.5], [0.0]]).reason == nil)
        let near = decision([[0.5], [0.251]])
        #expect(near.reason == "tile 2 shows 'word 0' or not: too near to tell" && near.confidence < 0.6)
    }

    @Test func aFitFindsTheCutAndSaysWhatIsSure() throws {
        // Matches at 0.6 and more, others at 0.4 and less, and one sheet that is hard.
        let sheets =
            (0..<20).map { index -> LabelledSheet in
                let step = Float(index) * 0.005
                return LabelledSheet(similarities: [[0.6 + step], [0.4 - step]], shows: [[true], [false]])
            } + [LabelledSheet(similarities: [[0.45], [0.2]], shows: [[true], [false]])]
        let fit = try TileCalibration(fitting: sheets, fingerprint: "f")
        #expect(fit.neutral > 0.4 && fit.neutral < 0.45 && fit.sheets == 21)
        #expect(fit.accuracy(of: sheets, coverage: 1) == 1)
        #expect(throws: TileError.self) {
            try TileCalibration(
                fitting: [LabelledSheet(similarities: [[0.5]], shows: [[true]])], fingerprint: "")
        }
    }
}
