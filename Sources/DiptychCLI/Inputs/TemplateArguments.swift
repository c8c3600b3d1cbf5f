import ArgumentParser
import Diptych
import DiptychDatasets

/// The options of commands that put labels into sentences.
struct TemplateArguments: ParsableArguments {
    /// The sets of templates.
    enum Templates: String, ExpressibleByArgument, CaseIterable {
        case openai, chinese, none

        var templates: PromptTemplates {
            switch self {
            case .openai: .openAI
            case .chinese: .chinese
            case .none: .none
            }
        }
    }

    @Option(
        name: .customLong("template"), parsing: .unconditionalSingleValue,
        help: #"A sentence with {} where the label goes, such as "a photo of a {}."; may be given many times."#)
    var sentences: [String] = []

    @Option(
        name: .customLong("template-file"),
        help: ArgumentHelp("A file with one template a line; lines that start with # are comments.", valueName: "file"))
    var file: String?

    @Option(
        help: """
            openai (English), chinese, or none for labels as they are (default: chinese where a label has Chinese \
            characters, otherwise openai).
            """)
    var templates: Templates?

    /// Whether any option was given.
    var areGiven: Bool { !sentences.isEmpty || file != nil || templates != nil }

    func validate() throws {
        guard templates == nil || (sentences.isEmpty && file == nil) else {
            throw ValidationError("give either --templates or templates of your own.")
        }
        for sentence in sentences where !sentence.contains("{}") {
            throw ValidationError("--template \"\(sentence)\" has no {} where the label goes.")
        }
    }

    /// The templates that were asked for, else those that fit `labels`, which is said.
    ///
    /// - Throws: ``Failure`` naming the line of a file that is no template.
    func chosen(for labels: [String], isQuiet: Bool) throws -> PromptTemplates {
        let own = try sentences + fileSentences()
        if !own.isEmpty { return .custom(own) }
        if let templates { return templates.templates }
        let isChinese = labels.contains { $0.unicodeScalars.contains(where: \.properties.isIdeographic) }
        let fitting: Templates = isChinese ? .chinese : .openai
        if !isQuiet {
            Console.say("templates: \(fitting.rawValue) (--templates or --template choose others)")
        }
        return fitting.templates
    }

    private func fileSentences() throws -> [String] {
        guard let file else { return [] }
        let lines = try TextFile.lines(path: file, of: "template").filter { !$0.text.hasPrefix("#") }
        guard !lines.isEmpty else { throw Failure("\(file): holds comments only; give one template a line") }
        for line in lines where !line.text.contains("{}") {
            throw Failure("\(file):\(line.number): has no {} where the label goes")
        }
        return lines.map(\.text)
    }
}
