import ArgumentParser
import Diptych
import DiptychONNX

struct ExportONNXCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "onnx",
        abstract: "Write a model's towers as ONNX files, for other runtimes.",
        discussion: """
            Writes PREFIX.img.fp32.onnx and PREFIX.txt.fp32.onnx, with the names that Chinese-CLIP's exporter uses: "image" \
            [batch, 3, size, size] gives "unnorm_image_features", "text" [batch, context], padded ids, gives \
            "unnorm_text_features". With --fp16 the weights stand beside each file, in one called the same with .extra_file \
            after it. The files say which preprocessing and padding the model expects; the vocabulary goes into PREFIX.tokenizer, \
            so that `--model PREFIX.img.fp32.onnx` runs them in ONNX Runtime.

            Example: diptych export onnx --output exported
            """)

    @OptionGroup var model: ModelArguments

    @Option(
        name: [.short, .customLong("output"), .customLong("save-onnx-path")],
        help: ArgumentHelp("How the names of the files start.", valueName: "prefix"))
    var output: String

    @Flag(name: .customLong("fp16"), help: "Weights in 16-bit floats; inputs and outputs stay 32-bit.")
    var isHalf = false

    @Flag(
        name: [.customLong("text"), .customLong("convert-text")],
        help: "Only the text tower, unless --vision is there too.")
    var text = false

    @Flag(
        name: [.customLong("vision"), .customLong("convert-vision")],
        help: "Only the image tower, unless --text is there too.")
    var vision = false

    @Option(help: "A checkpoint of Chinese-CLIP's, as its exporter names it; the same as --model.")
    var pytorchCkptPath: String?

    // The checkpoint's own sizes say which model it is.
    @Option(help: .hidden)
    var modelArch: String?

    @Option(
        parsing: .unconditional, help: ArgumentHelp("The batch that the graph takes (default: any).", valueName: "n"))
    var fixedBatch: Int?

    @Flag(name: .customLong("normalize"), help: "End in vectors of length 1, called image_features and text_features.")
    var normalizes = false

    func validate() throws {
        if pytorchCkptPath != nil, model.model != nil {
            throw ValidationError("--pytorch-ckpt-path and --model name the same thing; give one of them.")
        }
        if let fixedBatch, !(1...65_536).contains(fixedBatch) {
            throw ValidationError("--fixed-batch must be 1 to 65536, not \(fixedBatch).")
        }
        guard !output.isEmpty, !output.hasSuffix("/") else {
            throw ValidationError("--output needs a name behind the directory, such as exported/clip.")
        }
    }

    func run() async throws {
        var arguments = model
        arguments.model = pytorchCkptPath ?? model.model
        let model = try await arguments.loadCLIP(for: "only those can be exported")
        var export = ONNXExport(
            checkpoint: model.checkpoint, configuration: model.configuration,
            contextLength: model.tokenizer.contextLength)
        export.precision = isHalf ? .fp16 : .fp32
        export.fixedBatch = fixedBatch
        export.normalizes = normalizes
        export.metadata = await facts(of: model)
        for tower in ONNXExport.Tower.allCases where text == vision || (tower == .text) == text {
            var bar: Progress?
            defer { bar?.end() }
            let paths = try export.write(tower, prefix: output) { done, total in
                if bar == nil { bar = Progress("exporting", total: total, isQuiet: self.model.quiet) }
                bar?.update(done)
            }
            for path in paths { try StandardOutput.line(path) }
            if tower == .text { try model.writeTokenizer(to: output + ONNXFileModel.tokenizerSuffix) }
        }
    }

    /// What a user of the files has to know of the model.
    private func facts(of model: CLIPModel) async -> [String: String] {
        var facts = [
            "model": model.name, "fingerprint": await model.fingerprint(), "pad_id": "\(model.tokenizer.padID)",
            "logit_scale": "\(model.logits.scale)", "resample": "\(model.preprocessing.filter)",
        ]
        facts.merge(ONNXFileModel.facts(of: model)) { own, _ in own }
        if let bias = model.logits.bias { facts["logit_bias"] = "\(bias)" }
        switch model.preprocessing.resize {
        case .none: break
        case .shortestEdge(let length): facts["resize"] = "shortest edge \(length)"
        case .squash(let size): facts["resize"] = "\(size.width)x\(size.height)"
        }
        if let crop = model.preprocessing.crop { facts["center_crop"] = "\(crop.width)x\(crop.height)" }
        if let factor = model.preprocessing.rescaleFactor { facts["rescale_factor"] = "\(factor)" }
        if let normalization = model.preprocessing.normalization {
            func list(_ c: Preprocessing.Channels) -> String { "\(c.red), \(c.green), \(c.blue)" }
            facts["image_mean"] = list(normalization.mean)
            facts["image_std"] = list(normalization.std)
        }
        return facts
    }
}
