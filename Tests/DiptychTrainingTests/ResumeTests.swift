import DiptychCheckpoints
import DiptychTestSupport
import DiptychTraining
import Foundation
import Synchronization
import Testing

/// Runs that are stopped go on as if nothing had been.
@Suite(.needsTorch) struct ResumeTests {
    private func options(_ fixture: TrainingFixture) -> TrainingOptions {
        var options = fixture.options(steps: 14, .fp32)
        (options.dropout, options.maskRatio, options.augments) = (0.1, 0.3, true)
        return options
    }

    private func weights(_ folder: RunFolder) throws -> [String: [Float]] {
        let checkpoint = try Checkpoint(at: URL(fileURLWithPath: folder.latest))
        return checkpoint.tensors.filter { $0.value.elementType == .float32 }.mapValues { $0.floats() }
    }

    @Test(arguments: [1, 5, 6, 13])
    func `a run that was stopped ends with the same weights, optimiser and numbers`(stop: Int) async throws {
        let fixture = try TrainingFixture()
        let directory = try TemporaryDirectory()
        let whole = try await fixture.trainer("vit", options(fixture), in: directory, name: "whole")
        let pairs = try (train: fixture.pairs("train"), valid: fixture.pairs("valid"))
        _ = try await whole.train(on: pairs.train, validation: pairs.valid)

        var stopped = try await fixture.trainer("vit", options(fixture), in: directory, name: "stopped")
        let asked = Atomic(0)
        stopped.shouldStop = { asked.wrappingAdd(1, ordering: .relaxed).newValue > stop }
        let first = try await stopped.train(on: pairs.train, validation: pairs.valid)
        #expect(first.wasStopped && first.steps == stop)
        stopped.shouldStop = { false }
        let second = try await stopped.train(on: pairs.train, validation: pairs.valid)
        #expect(!second.wasStopped && second.steps == 14)

        let (a, b) = try (#require(whole.folder), #require(stopped.folder))
        #expect(try weights(a) == weights(b))
        #expect(try TrainingFixture.steps(a) == TrainingFixture.steps(b))
        #expect(
            try String(contentsOfFile: a.validations, encoding: .utf8)
                == String(contentsOfFile: b.validations, encoding: .utf8))
        let states = try [a, b].map { folder in
            let state = try #require(try PyTorchFile.contents(of: folder.latest)["optimizer"]?["state"]?[0])
            return try [#require(state["exp_avg"]?.tensor).floats(), #require(state["exp_avg_sq"]?.tensor).floats()]
        }
        #expect(states[0] == states[1])
    }

    @Test func `other batches do not go on in the middle of an epoch`() async throws {
        let fixture = try TrainingFixture()
        let directory = try TemporaryDirectory()
        var trainer = try await fixture.trainer("vit", fixture.options(steps: 4, .fp32), in: directory)
        _ = try await trainer.train(on: fixture.pairs("train"))
        trainer.options.batchSize = 4
        await #expect(throws: TrainingError.self) { try await trainer.train(on: fixture.pairs("train")) }
        trainer.options.resetsOffset = true
        let summary = try await trainer.train(on: fixture.pairs("train"))
        #expect(summary.steps == 4)
    }

    @Test func `numbered checkpoints stay, or the latest of them`() async throws {
        let fixture = try TrainingFixture()
        for (kept, names) in [
            (Int?.none, ["epoch_1.pt", "epoch_1_5.pt", "epoch_2.pt", "epoch_2_10.pt"]),
            (2, ["epoch_2.pt", "epoch_2_10.pt"]),
        ] {
            let directory = try TemporaryDirectory()
            var options = fixture.options(steps: 12, .fp32)
            (options.saveSteps, options.keptCheckpoints) = (5, kept)
            let trainer = try await fixture.trainer("vit", options, in: directory)
            _ = try await trainer.train(on: fixture.pairs("train"))
            let folder = try #require(trainer.folder)
            let found = try FileManager.default.contentsOfDirectory(atPath: folder.checkpoints)
                .filter { $0.hasPrefix("epoch_") && $0 != "epoch_latest.pt" }.sorted()
            #expect(found == names)
            // Chinese-CLIP's own name of an epoch's.
            #expect(FileManager.default.fileExists(atPath: folder.checkpoints + "/epoch2.pt"))
        }
    }
}
