import ArgumentParser
import Diptych
import DiptychMedia
import DiptychCheckpoints

struct PreprocessCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "preprocess",
        abstract: "Write the pixels that a model sees of a picture.",
        discussion: """
            Writes float32 [1, 3, height, width] as a NumPy file: resized, cropped and normalised as the model's \
            preprocessor_config.json says.

            Example: diptych preprocess image.jpg --output pixels.npy
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
        try ImageArgument.validate([.image(image)])
    }

    func run() async throws {
        let model = try await model.load()
        let preprocessed = try ImageInput(image).preprocessed(
            for: model.preprocessing, options: self.model.images, fetch: fetching.options)
        let writer = try NumpyWriter(path: output, entryShape: [3, preprocessed.size.height, preprocessed.size.width])
        try writer.append(preprocessed.pixels)
        try writer.finish()
    }
}
