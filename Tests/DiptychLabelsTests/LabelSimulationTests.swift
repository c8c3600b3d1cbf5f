import Diptych
import DiptychLabels
import DiptychTestSupport
import Testing

/// Orders of labelling, compared on made-up clusters of which some are rare.
struct LabelSimulationTests {
    private static let classes = 20

    /// Points around the axes of a space, class by class ever fewer.
    private func drawn(_ count: Int, _ generator: inout SeededGenerator) -> (images: Embeddings, truth: [Int]) {
        let weights = (0..<Self.classes).map { 1 / Double($0 + 2) }
        let total = weights.reduce(0, +)
        var (values, truth) = ([Float](), [Int]())
        for _ in 0..<count {
            var left = Double.random(in: 0..<total, using: &generator)
            let label = weights.firstIndex { weight in
                left -= weight
                return left < 0
            }
            var point = (0..<Self.classes).map { _ in Float.random(in: -0.2...0.2, using: &generator) }
            point[label ?? 0] += 1
            let length = point.reduce(0) { $0 + $1 * $1 }.squareRoot()
            values += point.map { $0 / length }
            truth.append(label ?? 0)
        }
        return (Embeddings(values: values, dimension: Self.classes), truth)
    }

    @Test("What teaches most needs at most half of the decisions that random order needs")
    func half() throws {
        var generator = SeededGenerator(5)
        let (images, truth) = drawn(600, &generator), (held, heldTruth) = drawn(300, &generator)
        let simulation = LabelSimulation(
            images: images, truth: truth, held: held, heldTruth: heldTruth,
            labels: (0..<Self.classes).map { "class \($0)" })
        let best = LabelSimulation.decisions(simulation.run(.uncertain, seed: 1, most: 150), for: 0.98)
        let random = LabelSimulation.decisions(simulation.run(.random, seed: 1, most: 300), for: 0.98)
        #expect(try #require(best) * 2 <= random ?? 300)
    }

    @Test("An accuracy counts where it stays for two steps")
    func staying() {
        let points = zip([10, 20, 30, 40], [0.9, 0.5, 0.9, 0.95]).map {
            LabelSimulation.Point(decisions: $0, accuracy: $1)
        }
        #expect(LabelSimulation.decisions(points, for: 0.9) == 30)
        #expect(LabelSimulation.decisions(points, for: 0.95) == 40)
        #expect(LabelSimulation.decisions(points, for: 0.96) == nil)
    }
}
