public import ArgumentParser
public import Diptych

extension ModelFileLayout: ExpressibleByArgument {}
extension WeightPrecision: ExpressibleByArgument {}

struct ModelsConvertCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convert",
        abstract: "Write a model in another project's layout or another number format.",
        discussion: """
            Writes configuration, preprocessing, tokenizer and weights into a new directory that transformers (huggingface) or \
            open_clip loads, and so does this program. In fp32 all embeddings stay as they are. What a layout has no place for is \
            refused with a reason. Prints the directory.

            Example: diptych models convert demo --output converted --layout open_clip
            """)

    @Argument(help: "The model; what --model takes.")
    var name: String?

    @OptionGroup var model: ModelArguments

    @Option(name: .shortAndLong, help: ArgumentHelp("The directory to write, new or empty.", valueName: "directory"))
    var output: String

    @Option(help: "The layout to write.")
    var layout = ModelFileLayout.huggingFace

    @Option(help: "The number format of the weights.")
    var dtype = WeightPrecision.fp32

    func validate() throws {
        guard name == nil || model.model == nil else {
            throw ValidationError("the model is given twice, as an argument and as --model; give it once.")
        }
        if output.isEmpty { throw ValidationError("--output is empty.") }
    }

    func run() async throws {
        var arguments = model
        if let name { arguments.model = name }
        let model = try await arguments.loadCLIP(for: "only those can be written in another layout")
        try await model.save(to: output, layout: layout, precision: dtype)
        try StandardOutput.line(output)
    }
}
