import ArgumentParser
import Diptych
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

    @Argument(help: "Texts.")
    var texts: [String]

    func run() async throws {
        let model = try await model.load()
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
