import Diptych
import DiptychEngine
import DiptychTestSupport
import Foundation
import Synchronization
import Testing

/// What runs a model takes its engine from a factory, and all models share one team of threads.
@Suite struct ModelRunnerTests {
    /// Makes the usual engines and notes what was asked for.
    private final class Factory: EngineFactory {
        let asked = Mutex<[EngineSettings]>([])

        func makeEngine(_ settings: EngineSettings) throws -> (engine: CPUEngine, settings: EngineSettings) {
            asked.withLock { $0.append(settings) }
            return try CPUFactory().makeEngine(settings)
        }
    }

    /// Makes engines that compute nothing.
    private struct Counting: EngineFactory {
        func makeEngine(_ settings: EngineSettings) throws -> (engine: CostEngine, settings: EngineSettings) {
            (CostEngine(precision: settings.precision), settings)
        }
    }

    @Test func aFactoryMakesTheEngine() async throws {
        let factory = Factory()
        var options = ModelOptions(threads: 2)
        options.engine = factory
        let model = try await CLIPModel.load(TinyModel.directory.path, options: options)
        let texts = try await model.embed(texts: ["a cat"])
        #expect(factory.asked.withLock { $0 } == [EngineSettings(precision: .fp32, threads: 2)])
        #expect(try await texts == TinyModel.load(threads: 2).embed(texts: ["a cat"]))
    }

    /// A model runs on whatever interprets its operations; zeros are what an engine gives that computes nothing.
    @Test func anEngineOfAnotherTypeRunsTheModel() async throws {
        var options = ModelOptions(threads: 3)
        options.engine = Counting()
        let model = try await CLIPModel.load(TinyModel.directory.path, options: options)
        #expect(try await model.engineDescription().threads == 3)
        let size = model.configuration.vision.imageSize
        let zeros = try await model.encode([Float](repeating: 0, count: 2 * 3 * size * size), count: 2)
        #expect(zeros == [Float](repeating: 0, count: 2 * model.dimension))
    }

    #if os(Linux)
        /// The threads of this process.
        private static func threads() throws -> Int {
            try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count
        }

        /// With a team of its own, each model would bring a thread that leads it and three that follow.
        @Test func moreModelsHaveNoMoreThreads() async throws {
            let sources = Expected.shared?.sources ?? []
            let first = try await TinyModel.load(threads: 4)
            _ = try await (first.embed(images: sources), first.embed(texts: ["a cat"]))
            let before = try Self.threads()
            var others: [CLIPModel] = []
            for _ in 0..<4 {
                let model = try await TinyModel.load(threads: 4)
                _ = try await (model.embed(images: sources), model.embed(texts: ["a cat"]))
                others.append(model)
            }
            let after = try Self.threads()
            // Those that load images, and Swift's own, come and go.
            #expect(after <= before + 6, "\(before) threads with one model, \(after) with \(others.count + 1)")
        }
    #endif
}
