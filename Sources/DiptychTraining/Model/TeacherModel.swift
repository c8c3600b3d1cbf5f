internal import Diptych
internal import DiptychCheckpoints
internal import DiptychModels
internal import DiptychTorch

/// A model whose image features another one learns to give.
final class TeacherModel {
    private let engine: TorchEngine
    private let images: (TorchEngine.Pixels) throws -> TorchEngine.Tensor

    /// - Throws: ``TrainingError`` where it reads images of another size.
    init(
        _ model: CLIPModel, imageSize: Int, plugin: TorchPlugin, device: TorchDevice, threads: Int,
        _ options: TrainingOptions
    ) throws {
        let size = model.configuration.vision.imageSize
        guard size == imageSize else {
            throw TrainingError(
                "the teacher \(model.path) reads images of \(size) pixels and the model \(imageSize); take one of the same size"
            )
        }
        engine = try TorchEngine(
            plugin, device: device, precision: [.amp, .fp16].contains(options.precision) ? .bf16 : .fp32,
            threads: threads,
            computesInDoubles: options.precision == .fp64)
        let tower = try VisionTower(Parameters(model.runner.checkpoint), model.configuration, engine: engine)
        images = { try tower($0) }
    }

    /// Its features of a batch's images, not normalised.
    func features(_ batch: TrainingBatch) throws -> TorchValue {
        try engine.withoutGradients { try engine.value(of: images(engine.pixels(batch.pixels))) }
    }
}
