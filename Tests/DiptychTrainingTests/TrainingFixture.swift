import Diptych
import DiptychDatasets
import DiptychTestSupport
import DiptychTorch
import DiptychTraining
import Foundation
import Testing

/// Scripts/fixtures/training.py's models, data and numbers: what a PyTorch loop over Chinese-CLIP's own code gives.
struct TrainingFixture {
    /// A step's numbers.
    struct Step: Decodable, Equatable {
        let step: Int
        let epoch: Int
        let loss: Double
        let lr: Double
        let logit_scale: Double
        let i2t_acc: Double
        let t2i_acc: Double
    }

    let folder: URL

    init() throws { folder = try #require(Bundle.module.url(forResource: "Fixtures", withExtension: nil)) }

    func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

    func expected(_ name: String) throws -> [Step] {
        let all = try JSONDecoder().decode(
            [String: [Step]].self, from: Data(contentsOf: folder.appendingPathComponent("expected.json")))
        return try #require(all[name])
    }

    /// A model of the fixtures: `vit` or `rn`.
    func model(_ kind: String) async throws -> CLIPModel {
        var options = ModelOptions()
        options.heads = kind == "rn" ? HeadCounts(image: 4, text: 2) : HeadCounts(image: 2, text: 2)
        return try await CLIPModel.load(path("\(kind).pt"), options: options)
    }

    /// The pairs of a split, in Chinese-CLIP's LMDB.
    func pairs(_ split: String) throws -> any ImageTextPairs {
        let part = try #require(try DatasetFiles.parts([path("lmdb/\(split)")]).first)
        return try part.imageTextPairs()
    }

    /// The options of the script's loop.
    func options(steps: Int, _ precision: TrainingOptions.Precision, resNet: Bool = false) -> TrainingOptions {
        var options = TrainingOptions()
        options.takeDefaults(resNet: resNet, large: false)
        (options.batchSize, options.learningRate, options.warmup, options.weightDecay) = (8, 2e-3, 4, 0.2)
        (options.maximumSteps, options.contextLength, options.dropout) = (steps, 16, 0)
        (options.precision, options.logInterval) = (precision, 1)
        (options.validationBatchSize, options.workers) = (4, 2)
        return options
    }

    func trainer(
        _ kind: String, _ options: TrainingOptions, in directory: TemporaryDirectory?, name: String = "run"
    ) async throws -> Trainer {
        let engine = Trainer.Engine(plugin: try TorchPlugin.load(TorchInstallation.path), threads: 1)
        let folder = try directory.map {
            try RunFolder(logs: $0.path, name: name, date: Date(timeIntervalSince1970: 0))
        }
        var trainer = Trainer(model: try await model(kind), engine: engine, folder: folder, options: options)
        trainer.name = name
        return trainer
    }

    /// The numbers of each step of a run.
    static func steps(_ folder: RunFolder) throws -> [Step] {
        try String(contentsOfFile: folder.metrics, encoding: .utf8).split(separator: "\n")
            .map { try JSONDecoder().decode(Step.self, from: Data($0.utf8)) }
    }

    /// Trains, and gives the numbers of each step.
    func run(_ kind: String, _ options: TrainingOptions) async throws -> [Step] {
        let directory = try TemporaryDirectory()
        let trainer = try await trainer(kind, options, in: directory)
        _ = try await trainer.train(on: pairs("train"))
        return try Self.steps(try #require(trainer.folder))
    }
}

/// What tests of training have in common.
extension Trait where Self == ConditionTrait {
    /// Only where the torch engine is.
    static var needsTorch: Self {
        .enabled(if: TorchInstallation.isPresent, "the torch engine is not installed; `make test-torch` builds it")
    }
}
