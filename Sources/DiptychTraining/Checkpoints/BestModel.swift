internal import DiptychTorch
internal import Diptych
internal import DiptychCheckpoints
internal import DiptychModels
internal import Foundation

extension TrainedModel {
    /// The weights as a checkpoint in memory.
    func checkpoint() throws -> Checkpoint {
        var tensors: [String: TensorView] = [:]
        for parameter in parameters + engine.runningStatistics {
            tensors[parameter.name] = TensorView(
                name: parameter.name, shape: parameter.shape, floats: try engine.floats(of: parameter))
        }
        return Checkpoint(path: "the trained model", tensors: tensors)
    }

    /// Puts the model into a folder in the place of what is there: as transformers or open_clip have it, or, where neither has a place
    /// for it, as Chinese-CLIP's file with its vocabulary.
    ///
    /// - Throws: `FileWriteError`, ``TrainingError``.
    func saveBest(to folder: String, _ source: CLIPModel) throws {
        let manager = FileManager.default
        let (part, old) = (folder + ".part", folder + ".old")
        for path in [part, old] where manager.fileExists(atPath: path) { try manager.removeItem(atPath: path) }
        let weights = try checkpoint()
        let model = try source.with(weights, configuration)
        let isResNet = if case .resNet = configuration.vision.architecture { true } else { false }
        if isResNet, configuration.family == .chineseCLIP {
            try manager.createDirectory(atPath: part, withIntermediateDirectories: true)
            let state = parameters + engine.runningStatistics
            try PyTorchWriter.write(
                .dictionary([
                    (
                        .string("state_dict"),
                        .ordered(
                            state.map { parameter in
                                let values = weights.tensors[parameter.name]?.floats() ?? []
                                return (
                                    .string("module." + parameter.name), .written(.floats(parameter.shape) { values })
                                )
                            })
                    )
                ]), to: "\(part)/best.pt")
            try source.copyTokenizer(to: part)
        } else {
            let isOpenCLIP =
                isResNet || configuration.names == .originalWithTextPrefix
                || bias != nil && configuration.family == .clip
            try model.write(to: part, isOpenCLIP ? .openCLIP : .huggingFace, .fp32)
        }
        if manager.fileExists(atPath: folder) { try manager.moveItem(atPath: folder, toPath: old) }
        try manager.moveItem(atPath: part, toPath: folder)
        if manager.fileExists(atPath: old) { try manager.removeItem(atPath: old) }
    }
}
