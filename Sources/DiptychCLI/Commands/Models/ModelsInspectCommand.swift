import ArgumentParser
import Diptych
import DiptychEngine
import DiptychModels
import DiptychCheckpoints

struct ModelsInspectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Show a model's sizes, tensors and cost, and what it runs on here.",
        discussion: """
            Example: diptych models inspect --format json
            """)

    /// The tokens of a usual caption, start and end included.
    private static let typicalLength = 12

    @OptionGroup var model: ModelArguments
    @OptionGroup var formatting: FormatArguments

    @Flag(name: .customLong("tensors"), help: "Also list every tensor.")
    var listsTensors = false

    func run() async throws {
        let model = try await model.loadCheckpoint()
        let facts = try await ModelFacts(model, typicalLength: Self.typicalLength)
        guard formatting.chosen == .text else {
            return try StandardOutput.line(facts.json(listsTensors: listsTensors).text)
        }
        for line in facts.lines(listsTensors: listsTensors) { try StandardOutput.line(line) }
    }
}
