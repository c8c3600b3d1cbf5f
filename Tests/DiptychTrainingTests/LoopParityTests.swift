import DiptychTraining
import Foundation
import Testing

/// The loop against a plain PyTorch loop over Chinese-CLIP's own model, reader, loss and schedule (Scripts/fixtures/training.py).
@Suite(.needsTorch) struct LoopParityTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let precision: TrainingOptions.Precision
        let tolerance: Double
        var accumulation = 1
        var isFrozen = false
        var rate = 2e-3
        var testDescription: String { name }
    }

    static let cases = [
        Case(name: "vit", precision: .fp32, tolerance: 1e-4),
        Case(name: "vit-double", precision: .fp64, tolerance: 1e-8),
        Case(name: "vit-accum-double", precision: .fp64, tolerance: 1e-8, accumulation: 2),
        Case(name: "vit-frozen-double", precision: .fp64, tolerance: 1e-8, isFrozen: true),
        Case(name: "rn", precision: .fp32, tolerance: 1e-4, rate: 2e-5),
        Case(name: "rn-double", precision: .fp64, tolerance: 1e-8),
        Case(name: "rn-accum-double", precision: .fp64, tolerance: 1e-8, accumulation: 2),
        Case(name: "rn-frozen-double", precision: .fp64, tolerance: 1e-8, isFrozen: true),
    ]

    @Test(arguments: cases)
    func `loss, rate, scale and accuracies of every step are the reference's`(test: Case) async throws {
        let fixture = try TrainingFixture()
        let expected = try fixture.expected(test.name)
        let kind = test.name.hasPrefix("rn") ? "rn" : "vit"
        var options = fixture.options(steps: expected.count, test.precision, resNet: kind == "rn")
        (options.accumulation, options.freezesVision) = (test.accumulation, test.isFrozen)
        options.learningRate = test.rate
        let found = try await fixture.run(kind, options)
        #expect(found.count == expected.count && expected.count >= 10)
        var (worst, accuracies) = (0.0, 0)
        for (own, other) in zip(found, expected) {
            #expect(own.step == other.step && own.epoch == other.epoch && own.lr == other.lr)
            worst = max(
                worst, abs(own.loss - other.loss) / other.loss,
                abs(own.logit_scale - other.logit_scale) / other.logit_scale)
            accuracies += own.i2t_acc == other.i2t_acc && own.t2i_acc == other.t2i_acc ? 1 : 0
        }
        #expect(worst <= test.tolerance, "\(test.name): \(worst)")
        // A text that stands twice in a batch scores as high as itself, to rounding.
        #expect(accuracies >= expected.count - 2)
        print("training \(test.name): \(found.count) steps, worst relative difference \(worst)")
    }

    @Test func `a checkpoint of Chinese-CLIP goes on with its weights and its optimiser`() async throws {
        let fixture = try TrainingFixture()
        // Ten steps of the reference, six of which are an epoch; it says epoch 2 and goes on with the third.
        var options = fixture.options(steps: 14, .fp32)
        options.logInterval = 1
        var trainer = try await fixture.trainer("vit", options, in: nil)
        trainer.resume = fixture.path("vit-10.pt")
        let summary = try await trainer.train(on: fixture.pairs("train"))
        // Two epochs of six steps stand before the third.
        #expect(summary.steps == 14 && summary.loss != nil)
        trainer.options.resetsOptimizer = true
        let other = try await trainer.train(on: fixture.pairs("train"))
        #expect(other.loss != summary.loss)
    }
}
