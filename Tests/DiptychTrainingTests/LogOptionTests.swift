import Diptych
import DiptychTestSupport
import DiptychTraining
import Foundation
import Testing

/// What the options of a run's log, validation and checkpoints change. An epoch of the fixture has six steps of eight pairs.
@Suite(.needsTorch) struct LogOptionTests {
    private struct Run {
        let log: [String]
        let validations: [String]
        let checkpoints: [String]
        let metrics: String

        func lines(with text: String) -> Int { log.filter { $0.contains(text) }.count }
    }

    private func run(validates: Bool = false, _ change: (inout TrainingOptions) -> Void) async throws -> Run {
        let fixture = try TrainingFixture()
        let directory = try TemporaryDirectory()
        var options = fixture.options(steps: 12, .fp32)
        change(&options)
        let trainer = try await fixture.trainer("vit", options, in: directory)
        _ = try await trainer.train(on: fixture.pairs("train"), validation: validates ? fixture.pairs("valid") : nil)
        let folder = try #require(trainer.folder)
        func lines(_ path: String) throws -> [String] {
            try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map(String.init)
        }
        // The speed of a step is another each time.
        let metrics = try lines(folder.metrics).map { $0.replacing(/"pairs_per_second":[^,]*,/, with: "") }
        return Run(
            log: try lines(folder.log), validations: try lines(folder.validations),
            checkpoints: try FileManager.default.contentsOfDirectory(atPath: folder.checkpoints)
                .filter { $0.hasPrefix("epoch_") }.sorted(),
            metrics: metrics.joined(separator: "\n"))
    }

    @Test func `the interval of the log counts steps, and accuracies are in it on request`() async throws {
        let (plain, reporting) = try await (run { $0.logInterval = 5 }, run { $0.reportsAccuracy = true })
        #expect(plain.lines(with: "Global Steps: ") == 2 && reporting.lines(with: "Global Steps: ") == 12)
        #expect(plain.lines(with: "Image2Text Acc: ") == 0)
        #expect(reporting.lines(with: "| Image2Text Acc: ") == 12 && reporting.lines(with: "| Text2Image Acc: ") == 12)
    }

    @Test func `checkpoints of epochs stay as often as asked for`() async throws {
        let found = try await [1, 2, 0].asyncMap { every in
            try await run { ($0.saveEpochs, $0.maximumSteps) = (every, 18) }.checkpoints
        }
        #expect(found[0] == ["epoch_1.pt", "epoch_2.pt", "epoch_3.pt", "epoch_latest.pt"])
        // The last epoch's always does.
        #expect(found[1] == ["epoch_2.pt", "epoch_3.pt", "epoch_latest.pt"])
        #expect(found[2] == ["epoch_3.pt", "epoch_latest.pt"])
    }

    @Test func `validations come after steps and epochs, in batches of their size`() async throws {
        let steps = try await run(validates: true) { ($0.validationSteps, $0.validationEpochs) = (3, nil) }
        #expect(steps.validations.count == 4 && steps.lines(with: "Valid Batch Size: 4") == 4)
        let epochs = try await run(validates: true) { ($0.validationEpochs, $0.validationBatchSize) = (2, 8) }
        #expect(epochs.validations.count == 1 && epochs.lines(with: "Valid Batch Size: 8") == 1)
    }

    @Test func `the number of threads that load changes no number`() async throws {
        let (one, many) = try await (run { $0.workers = 1 }, run { $0.workers = 7 })
        #expect(one.metrics == many.metrics && !one.metrics.isEmpty)
    }
}

extension Array {
    /// What `body` gives for each, one after the other.
    fileprivate func asyncMap<Result>(_ body: (Element) async throws -> Result) async rethrows -> [Result] {
        var results: [Result] = []
        for element in self { results.append(try await body(element)) }
        return results
    }
}
