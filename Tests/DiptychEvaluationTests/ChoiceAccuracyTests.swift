import DiptychEvaluation
import Testing

/// Questions with one right answer.
struct ChoiceAccuracyTests {
    @Test func `accuracy and probability are counted, also by the place of the right one`() {
        var accuracy = ChoiceAccuracy()
        accuracy.add(scores: [0.9, 0.1], probabilities: [0.8, 0.2], label: 0)
        accuracy.add(scores: [0.9, 0.1], probabilities: [0.8, 0.2], label: 1)
        accuracy.add(scores: [0.1, 0.2, 0.3], probabilities: [0.1, 0.3, 0.6], label: 2)
        // Just as near is not nearest.
        accuracy.add(scores: [0.5, 0.5], probabilities: [0.5, 0.5], label: 0)
        #expect(accuracy.all.questions == 4 && accuracy.all.right == 2 && accuracy.all.accuracy == 0.5)
        #expect(abs((accuracy.all.meanProbability ?? 0) - (0.8 + 0.2 + 0.6 + 0.5) / 4) < 1e-6)
        #expect(accuracy.positions.map(\.questions) == [2, 1, 1] && accuracy.positions.map(\.right) == [1, 0, 1])
        #expect(accuracy.outcomes.map(\.rank) == [0, 1, 0, 1] && accuracy.outcomes.map(\.position) == [0, 1, 2, 0])
        #expect(
            accuracy.interval() != nil && ChoiceAccuracy().interval() == nil && ChoiceAccuracy().all.accuracy == nil)
    }

    @Test func `Winoground's scores are those of its paper`() {
        var accuracy = WinogroundAccuracy()
        // Both.
        accuracy.add(scores: [[0.9, 0.1], [0.2, 0.8]])
        // Images find their captions, but the first caption is nearer to the second image.
        accuracy.add(scores: [[0.9, 0.1], [0.95, 0.96]])
        // Captions find their images, but the first image is nearer to the second caption.
        accuracy.add(scores: [[0.5, 0.6], [0.4, 0.7]])
        // Equal is not nearer.
        accuracy.add(scores: [[0.5, 0.5], [0.5, 0.5]])
        #expect(accuracy.outcomes.map(\.text) == [true, true, false, false])
        #expect(accuracy.outcomes.map(\.image) == [true, false, true, false])
        #expect(accuracy.share(\.text) == 0.5 && accuracy.share(\.image) == 0.5 && accuracy.share(\.group) == 0.25)
    }
}
