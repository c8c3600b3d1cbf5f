import DiptychCheckpoints
import Foundation
import Testing

/// Parameters that start from rules instead of a checkpoint.
@Suite struct InitialValueTests {
    private static func values(_ rule: InitialValues.Rule, seed: UInt64 = 1, count: Int = 100_000) throws -> [Float] {
        let root = Parameters(startingFrom: InitialValues(seed: seed) { _, _ in rule })
        return try (root / "layer").tensor("weight", shape: [count / 100, 100]).floats()
    }

    private static func moments(_ values: [Float]) -> (mean: Double, deviation: Double) {
        let mean = values.reduce(0) { $0 + Double($1) } / Double(values.count)
        let variance = values.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / Double(values.count)
        return (mean, variance.squareRoot())
    }

    @Test func constants() throws {
        #expect(try Self.values(.zeros, count: 100) == [Float](repeating: 0, count: 100))
        #expect(try Self.values(.ones, count: 100) == [Float](repeating: 1, count: 100))
    }

    /// The deviation of 100,000 numbers is known to about half a hundredth.
    @Test func distributionsHaveTheirMoments() throws {
        let normal = Self.moments(try Self.values(.normal(standardDeviation: 0.02)))
        #expect(abs(normal.mean) < 3e-4 && abs(normal.deviation / 0.02 - 1) < 0.01)
        let uniform = try Self.values(.uniform(bound: 0.3))
        // A uniform distribution deviates by bound / √3.
        #expect(abs(Self.moments(uniform).deviation / (0.3 / 3.0.squareRoot()) - 1) < 0.01)
        #expect(uniform.allSatisfy { abs($0) <= 0.3 })
        let cut = try Self.values(.truncatedNormal(standardDeviation: 1, limit: 2))
        #expect(cut.allSatisfy { abs($0) <= 2 } && cut.contains { abs($0) > 1.9 })
        // That of a normal distribution cut at two deviations, from its tables.
        #expect(abs(Self.moments(cut).deviation - 0.8796) < 0.01)
    }

    @Test func aSeedRepeatsEveryNumberInAnyOrder() throws {
        let values = InitialValues(seed: 7) { _, _ in .normal(standardDeviation: 1) }
        let (one, other) = (Parameters(startingFrom: values), Parameters(startingFrom: values))
        let first = try (one.tensor("a", shape: [50]).floats(), one.tensor("b", shape: [50]).floats())
        let second = try (other.tensor("b", shape: [50]).floats(), other.tensor("a", shape: [50]).floats())
        #expect(first.0 == second.1 && first.1 == second.0 && first.0 != first.1)
        // What was made stays what it is.
        #expect(try one.tensor("a", shape: [50]).floats() == first.0)
        #expect(one.checkpoint.tensors.count == 2)
        #expect(try Self.values(.normal(standardDeviation: 1), seed: 2) != Self.values(.normal(standardDeviation: 1)))
    }

    @Test func shapesAreChecked() throws {
        let root = Parameters(startingFrom: InitialValues(seed: 1) { _, _ in .ones })
        _ = try root.tensor("a", shape: [2, 3])
        #expect(throws: CheckpointError.self) { try root.tensor("a", shape: [3, 2]) }
        #expect(throws: CheckpointError.self) { try root.tensor("b", shape: [.max, 2]) }
        #expect(throws: CheckpointError.self) { try root.tensor("c", shape: [-1]) }
        let known = try root.tensor("a", shape: [2, 3])
        let other = Parameters(startingFrom: InitialValues(seed: 1) { _, _ in .zeros }, known: ["a": known])
        #expect(try other.tensor("a", shape: [2, 3]).floats() == [1, 1, 1, 1, 1, 1])
    }
}
