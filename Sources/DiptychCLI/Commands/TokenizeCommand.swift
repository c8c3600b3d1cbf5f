import ArgumentParser
import Diptych
import DiptychDatasets
import DiptychTokenizers

struct TokenizeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokenize",
        abstract: "Show the ids that a model sees for a text.",
        discussion: """
            Prints {"ids": […], "tokens": […], "truncated": 0} for each text: start and end included, no padding; \
            "truncated" is the number of tokens that did not fit.

            Example: diptych tokenize "a photo of a cat"
            """)

    @OptionGroup var model: ModelArguments

    @Option(
        name: .customLong("input"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp("A file of texts, one a line; - for standard input.", valueName: "file"))
    var files: [String] = []

    @OptionGroup var listing: ListArguments

    @Argument(help: "Texts.")
    var texts: [String] = []

    func validate() throws {
        if texts.isEmpty, files.isEmpty {
            throw ValidationError("there is nothing to tokenize: give texts or --input.")
        }
        if files.filter({ $0 == "-" }).count > 1 {
            throw ValidationError("standard input (-) can be read only once.")
        }
    }

    func run() async throws {
        let texts =
            try texts
            + files.flatMap { try TextFile.allLines(path: $0, of: "text", separator: listing.separator).map(\.text) }
        let model = try await model.loadDualEncoder()
        for text in texts {
            let tokenized = model.tokenize(text)
            let tokens = model.tokenizer.tokens(for: tokenized.ids)
            let json: JSON = [
                "ids": .array(tokenized.ids.map { .int(Int($0)) }),
                "tokens": .array(tokens.map { $0.map(JSON.string) ?? .null }),
                "truncated": .int(tokenized.truncated),
            ]
            try StandardOutput.line(json.text)
        }
    }
}
