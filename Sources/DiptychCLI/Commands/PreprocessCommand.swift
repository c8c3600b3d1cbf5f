import ArgumentParser
import Diptych
import DiptychMedia
import DiptychTensors

struct PreprocessCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "preprocess",
        abstract: "Write the pixels that a model sees of a picture.",
        discussion: """
            Writes float32 [1, 3, height, width] as a NumPy file: resized, cropped and normalised as the model's \
            preprocessor_config.json says.

            Example: diptych preprocess picture.jpg --output pixels.npy
            """)

    @OptionGroup var model: ModelArguments
    @OptionGroup var fetching: FetchArguments

    @Argument(help: "A path, a URL, a data URI, or - for bytes on standard input.")
    var image: String

    @Option(name: .shortAndLong, help: "The .npy file to write.")
    var output: String

    func validate() throws {
        guard EmbeddingFileKind(path: output) == .npy else {
            throw ValidationError("--output \(output) must end in .npy.")
        }
        try PictureArgument.validate([.picture(image)])
    }

    func run() async throws {
        let model = try await model.load()
        let picture = try PictureInput(image).preprocessed(
            for: model.preprocessing, options: self.model.pictures, fetch: fetching.options)
        let writer = try NumpyWriter(path: output, entryShape: [3, picture.size.height, picture.size.width])
        try writer.append(picture.pixels)
        try writer.finish()
    }
}
