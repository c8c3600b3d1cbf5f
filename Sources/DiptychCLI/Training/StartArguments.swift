import ArgumentParser
import Diptych
import DiptychCheckpoints
import DiptychModels
import DiptychTorch
import DiptychTraining
import Foundation

/// What training starts from, and where it computes.
struct StartArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A model's directory or checkpoint file, or a name of `diptych models list`, to start from.",
            valueName: "model"))
    var model: String?

    @Option(
        help:
            "The image tower of Chinese-CLIP, without --model: \(ChineseCLIPDesign.visionModels.joined(separator: ", "))."
    )
    var visionModel: String?

    @Option(
        help:
            "The text tower of Chinese-CLIP, without --model: \(ChineseCLIPDesign.textModels.joined(separator: ", ")).")
    var textModel: String?

    @Option(help: "A checkpoint to go on from (default: the run's epoch_latest.pt).")
    var resume: String?

    @Option(help: "A checkpoint of OpenAI's CLIP whose image tower is taken, without --model.")
    var clipWeightPath: String?

    @Option(help: "A checkpoint of a BERT that is taken, without --model.")
    var bertWeightPath: String?

    @Option(help: "The folder of vocab.txt, without --model (default: that of a checkpoint).")
    var vocabulary: String?

    @Option(help: "cpu, or cuda with a device's number, as in cuda:1; libtorch computes on both.")
    var engine = EngineChoice.torch(.cpu)

    @Option(help: "What a checkpoint that does not say was trained with: quick_gelu (OpenAI's) or gelu (open_clip's).")
    var activation: ActivationChoice?

    @Option(help: "The attention heads of a checkpoint that does not say, as in 16,12.")
    var heads: HeadsArgument?

    @Option(parsing: .unconditional, help: "The number of threads (default: one a physical core).")
    var threads: Int?

    func validate() throws {
        if let threads, !(1...1024).contains(threads) {
            throw ValidationError("--threads must be 1 to 1024, not \(threads).")
        }
        if model != nil, visionModel != nil || textModel != nil || clipWeightPath != nil || bertWeightPath != nil {
            throw ValidationError("--model names the whole model; leave the other names and paths of weights out.")
        }
    }

    /// Where it computes.
    ///
    /// - Parameter processes: this process's place among others, which share the threads, and each of which has a GPU.
    func computing(_ processes: ProcessArguments? = nil) throws -> Trainer.Engine {
        var device: TorchDevice = if case .torch(let device) = engine { device } else { .cpu }
        let plugin = try TorchPlugin.load(EngineChoice.pluginPath)
        var computing = Trainer.Engine(plugin: plugin, device: device, threads: threads ?? ModelOptions().threadCount)
        guard let processes, let place = try processes.place() else { return computing }
        if case .cuda(let first) = device { device = .cuda(first + place.localRank) }
        computing.device = device
        if threads == nil { computing.threads = max(1, computing.threads / max(1, processes.processes)) }
        computing.group = try TorchGroup.join(
            plugin, host: place.host, port: place.port, rank: place.rank, size: place.size, seconds: processes.timeout)
        return computing
    }

    /// The model to start from.
    func load(_ seed: UInt64) async throws -> CLIPModel {
        var options = ModelOptions()
        (options.activation, options.heads) = (activation?.activation, heads?.counts)
        if let model {
            let path = try ModelLocation(model).path
            return try await CLIPModel.load(path, options: options)
        }
        let names = (vision: visionModel ?? "ViT-B-16", text: textModel ?? "RoBERTa-wwm-ext-base-chinese")
        guard let configuration = ChineseCLIPDesign.configuration(vision: names.vision, text: names.text) else {
            throw Failure(
                "--vision-model \(names.vision) with --text-model \(names.text) is not known; known are "
                    + "\(ChineseCLIPDesign.visionModels.joined(separator: ", ")) with "
                    + "\(ChineseCLIPDesign.textModels.joined(separator: ", "))")
        }
        var known: [String: TensorView] = [:]
        if let clipWeightPath {
            known = try taken(clipWeightPath) { $0.hasPrefix("visual.") || $0 == "logit_scale" }
        }
        if let bertWeightPath {
            known.merge(try taken(bertWeightPath) { $0.hasPrefix("bert.") && !$0.hasPrefix("bert.pooler") }) { $1 }
        }
        let folders = [resume, bertWeightPath, clipWeightPath].compactMap { $0 }
            .map { URL(fileURLWithPath: $0).deletingLastPathComponent().path }
        let found = folders.first { FileManager.default.fileExists(atPath: "\($0)/vocab.txt") }
        guard let folder = vocabulary ?? found else {
            throw Failure("there is no vocab.txt beside the checkpoints; --vocabulary names the folder that has it")
        }
        return try CLIPModel.untrained(configuration, vocabulary: folder, known: known, seed: seed, options: options)
    }

    private func taken(_ path: String, _ isWanted: (String) -> Bool) throws -> [String: TensorView] {
        let tensors = try Checkpoint(at: URL(fileURLWithPath: path)).tensors.filter {
            isWanted($0.key) && !CLIPConfiguration.isNoParameter($0.key)
        }
        guard !tensors.isEmpty else { throw Failure("\(path): holds no tensors of the tower that is wanted") }
        return tensors
    }
}
