import Diptych
import DiptychCheckpoints
import DiptychTestSupport
import DiptychTraining
import Foundation
import Testing

/// What each option changes that one can see.
@Suite(.needsTorch) struct OptionTests {
    private typealias Step = TrainingFixture.Step

    private func run(_ kind: String = "vit", steps: Int = 3, _ change: (inout TrainingOptions) -> Void) async throws
        -> [Step]
    {
        let fixture = try TrainingFixture()
        var options = fixture.options(steps: steps, .fp32, resNet: kind == "rn")
        change(&options)
        return try await fixture.run(kind, options)
    }

    @Test func `the order of data, dropout and masks follow the seed`() async throws {
        let (a, b) = try await (run { $0.seed = 1 }, run { $0.seed = 2 })
        #expect(a != b)
        let again = try await run { $0.seed = 1 }
        #expect(a == again)
        let dropped = try await [run { $0.dropout = 0.3 }, run { $0.dropout = 0.3 }, run { $0.dropout = nil }]
        #expect(dropped[0] == dropped[1] && dropped[0] != dropped[2])
        // The model's own 0.1 is not none.
        let plain = try await run { _ in }
        #expect(dropped[2] != plain)
        let masked = try await run { $0.maskRatio = 0.5 }
        #expect(masked != plain)
        let augmented = try await run { $0.augments = true }
        #expect(augmented != plain)
    }

    @Test func `recomputed blocks give the same numbers`() async throws {
        let plain = try await run(steps: 4) { $0.dropout = 0.2 }
        let recomputed = try await run(steps: 4) { ($0.dropout, $0.recomputes) = (0.2, true) }
        #expect(zip(plain, recomputed).allSatisfy { abs($0.loss - $1.loss) <= 1e-5 * $0.loss })
        #expect(plain.count == 4 && recomputed.count == 4)
    }

    @Test func `the learning rate rises, falls with a cosine, or stays`() async throws {
        let cosine = try await run(steps: 8) { _ in }.map(\.lr)
        #expect(cosine[0] == 2e-3 / 4 && cosine[3] == 2e-3 && cosine[4] == 2e-3 && cosine[6] < cosine[5])
        let constant = try await run(steps: 8) { $0.schedule = .constant }.map(\.lr)
        #expect(Array(constant[4...]) == [2e-3, 2e-3, 2e-3, 2e-3])
        let long = try await run(steps: 3) { $0.warmup = 100 }.map(\.lr)
        #expect(long == [2e-5, 4e-5, 6e-5])
    }

    @Test func `AdamW's numbers are those that are given`() async throws {
        let plain = try await run { _ in }
        let others: [(inout TrainingOptions) -> Void] = [
            { $0.learningRate = 1e-3 }, { $0.beta1 = 0.5 }, { $0.beta2 = 0.5 }, { $0.epsilon = 1e-2 },
            { $0.weightDecay = 5 },
            { $0.gradientNormLimit = 1e-7 },
        ]
        for change in others {
            let found = try await run("vit", steps: 3, change)
            #expect(found[0].loss == plain[0].loss && found[2].loss != plain[2].loss)
        }
    }

    @Test func `bf16 gives the losses of PyTorch's autocast, and not those of fp32`() async throws {
        let expected = try TrainingFixture().expected("vit-amp")
        let (plain, rounded) = try await (
            run(steps: expected.count) { _ in }, run(steps: expected.count) { $0.precision = .amp }
        )
        #expect(plain[0].loss != rounded[0].loss && rounded.count == expected.count && expected.count == 10)
        // Autocast differs from fp32 by up to 0.3 % here.
        #expect(zip(expected, rounded).allSatisfy { abs($0.loss - $1.loss) < 0.01 * $0.loss })
    }

    @Test func `the sigmoid loss trains a bias`() async throws {
        let fixture = try TrainingFixture()
        let directory = try TemporaryDirectory()
        var options = fixture.options(steps: 3, .fp32)
        options.loss = .sigmoid
        let trainer = try await fixture.trainer("vit", options, in: directory)
        _ = try await trainer.train(on: fixture.pairs("train"))
        let folder = try #require(trainer.folder)
        // Zhai et al.: −Σ log σ(z · (t · cosine − 10)) / n; with t · cosine small beside 10, 8 pairs score about 10 each.
        let first = try TrainingFixture.steps(folder)[0].loss
        #expect(first > 5 && first < 20)
        let bias = try #require(try Checkpoint(at: URL(fileURLWithPath: folder.latest)).tensors["logit_bias"]).floats()[
            0]
        #expect(bias != -10 && abs(bias + 10) < 1)
    }

    @Test func `frozen towers stay, but for the groups that are unlocked`() async throws {
        let fixture = try TrainingFixture()
        let before = try Checkpoint(at: URL(fileURLWithPath: fixture.path("vit.pt"))).tensors
        func changed(_ change: (inout TrainingOptions) -> Void) async throws -> Set<String> {
            let directory = try TemporaryDirectory()
            var options = fixture.options(steps: 2, .fp32)
            change(&options)
            let trainer = try await fixture.trainer("vit", options, in: directory)
            _ = try await trainer.train(on: fixture.pairs("train"))
            let after = try Checkpoint(at: URL(fileURLWithPath: try #require(trainer.folder).latest)).tensors
            return Set(after.keys.filter { after[$0]?.floats() != before[$0]?.floats() })
        }
        let vision = try await changed { $0.freezesVision = true }
        #expect(!vision.contains { $0.hasPrefix("visual.") } && vision.contains("text_projection"))
        let last = try await changed { ($0.freezesVision, $0.unlockedVisionGroups) = (true, 2) }
        #expect(last.contains("visual.proj") && last.contains("visual.ln_post.weight"))
        #expect(last.contains("visual.transformer.resblocks.1.mlp.c_fc.weight"))
        #expect(
            !last.contains("visual.transformer.resblocks.0.mlp.c_fc.weight") && !last.contains("visual.conv1.weight"))
        let text = try await changed { $0.freezesText = true }
        #expect(!text.contains { $0.hasPrefix("bert.") || $0 == "text_projection" } && text.contains("visual.proj"))
    }

    @Test func `a teacher's features are learnt too`() async throws {
        let fixture = try TrainingFixture()
        var options = fixture.options(steps: 2, .fp32)
        options.distillationWeight = 3
        let directory = try TemporaryDirectory()
        var trainer = try await fixture.trainer("vit", options, in: directory, name: "taught")
        trainer.teacher = try await fixture.model("vit")
        _ = try await trainer.train(on: fixture.pairs("train"))
        let taught = try TrainingFixture.steps(try #require(trainer.folder))
        let plain = try await run(steps: 2) { _ in }
        // The teacher is the model itself at first: their features are the same, and the distance is 0.
        #expect(abs(taught[0].loss - plain[0].loss) < 1e-5)
        #expect(taught[1].loss != plain[1].loss)
        trainer.teacher = try await fixture.model("rn")
        await #expect(throws: TrainingError.self) { try await trainer.train(on: fixture.pairs("train")) }
    }

    @Test func `a batch of broken pairs is replaced, counted, and ends no run`() async throws {
        let fixture = try TrainingFixture()
        let trainer = try await fixture.trainer("vit", fixture.options(steps: 5, .fp32), in: nil)
        let summary = try await trainer.train(on: Broken(base: fixture.pairs("train"), every: 3))
        #expect(summary.steps == 5 && summary.skipped > 3)
        await #expect(throws: TrainingError.self) {
            try await trainer.train(on: Broken(base: fixture.pairs("train"), every: 1))
        }
    }

    @Test func `options that make no sense are refused`() throws {
        let changes: [(inout TrainingOptions) -> Void] = [
            { $0.batchSize = 0 }, { $0.batchSize = .max }, { $0.maximumSteps = .max }, { $0.maximumEpochs = .max },
            { $0.warmup = .max }, { $0.accumulation = 0 }, { $0.maximumSteps = 0 }, { $0.learningRate = .nan },
            { $0.beta1 = 1 },
            { $0.epsilon = 0 }, { $0.weightDecay = -1 }, { $0.warmup = -1 }, { $0.maskRatio = 1 }, { $0.dropout = 1 },
            { $0.gradientNormLimit = 0 }, { $0.logInterval = 0 },
            { ($0.aggregates, $0.gathersGradients) = (false, true) },
        ]
        for change in changes {
            var options = TrainingOptions()
            change(&options)
            #expect(throws: TrainingError.self) { try options.check() }
        }
        try TrainingOptions().check()
    }

    @Test func `the best model of a validation is a model that every command opens`() async throws {
        let fixture = try TrainingFixture()
        for (kind, name) in [("vit", ""), ("rn", "/best.pt")] {
            let directory = try TemporaryDirectory()
            let trainer = try await fixture.trainer(
                kind, fixture.options(steps: 2, .fp32, resNet: kind == "rn"), in: directory)
            _ = try await trainer.train(on: fixture.pairs("train"), validation: fixture.pairs("valid"))
            var options = ModelOptions()
            if kind == "rn" { options.heads = HeadCounts(image: 4, text: 2) }
            let best = try await CLIPModel.load(try #require(trainer.folder).best + name, options: options)
            let own = try await best.embed(texts: ["红色的星"])
            options.heads =
                trainer.model.configuration.vision.heads == 4
                ? HeadCounts(image: 4, text: 2) : HeadCounts(image: 2, text: 2)
            let latest = try await CLIPModel.load(try #require(trainer.folder).latest, options: options)
            let other = try await latest.embed(texts: ["红色的星"])
            #expect(own.similarity(to: other)[0, 0] > 0.999)
        }
    }
}
