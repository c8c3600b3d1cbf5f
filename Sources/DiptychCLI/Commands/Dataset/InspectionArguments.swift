import ArgumentParser
import Diptych
import DiptychCuration
import DiptychDatasets

/// The arguments of commands that look at all of a dataset's images and texts, and find out what they are like.
struct InspectionArguments: ParsableArguments {
    /// How results are written.
    enum Format: String, ExpressibleByArgument, CaseIterable { case text, json }

    @Argument(
        help: ArgumentHelp(
            "Files, folders, store:DIRECTORY, or patterns such as shards-{000..009}.tar: one dataset.",
            valueName: "source"))
    var sources: [String]

    @Option(help: "The form of the results.")
    var format = Format.text

    @OptionGroup var reading: PairReadingArguments
    @OptionGroup var model: ModelArguments

    func validate() throws { try SourceOptions.validate(sources) }

    /// The options as the library takes them; stores among the sources are read.
    func options(notes: DatasetNotes) async throws -> CheckOptions {
        var options = CheckOptions()
        options.reading = try await reading.sources(sources, notes: notes).readingStores(hasTexts: false).named()
        options.images = model.images
        options.images.namesOptions = false
        options.threads = model.threads
        return options
    }

    /// The model, where one is named.
    func embedder() async throws -> (any Embedder)? { model.model == nil ? nil : try await model.load() }
}
