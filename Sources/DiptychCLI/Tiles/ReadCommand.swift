import ArgumentParser
import Diptych
import DiptychMedia
import DiptychReading

struct ReadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "read",
        abstract: "Read the text in images.",
        discussion: """
            Prints each line with its box and how sure it is. Needs Tesseract 5 and the files of its languages, and says what to \
            install where they are missing.

            Example: diptych read image.jpg
            """)

    /// What reads.
    enum Engine: String, ExpressibleByArgument, CaseIterable { case tesseract }

    @Option(help: "What reads.")
    var engine = Engine.tesseract

    @Option(help: "The languages, by Tesseract's names, with commas between them.")
    var languages = TesseractReader.usualLanguages.joined(separator: ",")

    @OptionGroup var fetching: FetchArguments
    @OptionGroup var reading: ImageArguments
    @OptionGroup var formatting: FormatArguments

    @Argument(
        help: ArgumentHelp(
            "Images, directories of them, URLs, data URIs, or - for standard input.", valueName: "images"))
    var inputs: [String]

    func validate() throws { try ImageArgument.validate(inputs.map { .image($0) }) }

    static func list(_ text: String) -> [String] {
        text.split { ",+ ".contains($0) }.map(String.init)
    }

    func run() async throws {
        let reader = try TesseractReader(languages: Self.list(languages))
        var options = ImageOptions()
        reading.apply(to: &options)
        let images = try ImageInputs(inputs.map { .image($0) })
        var list = ResultList(formatting.chosen)
        var (done, skips) = (0, Skips())
        for input in images {
            try Task.checkCancellation()
            done += 1
            do {
                let image = try input.image(options: options, fetch: fetching.options)
                let lines = try reader.lines(of: image, mode: .anywhere)
                try list.add(Self.json(input.name, lines), text: Self.text(input.name, lines))
            } catch let error as ImageError { skips.add(input.name, error) } catch let error as ReadingError {
                skips.add(input.name, reason: error.description)
            }
        }
        try images.checkLists()
        try list.end()
        try skips.end(of: done)
    }

    private static func json(_ name: String, _ lines: [ReadLine]) -> JSON {
        ["input": .string(name), "lines": .array(lines.map(\.json))]
    }

    private static func text(_ name: String, _ lines: [ReadLine]) -> String {
        ([name.shown]
            + (lines.isEmpty
                ? ["      –  no text"] : lines.map { "\(Columns.score($0.confidence))  \($0.text.shown)" }))
            .joined(separator: "\n")
    }
}

extension ReadLine {
    /// As results show it.
    var json: JSON {
        [
            "text": .string(text), "box": .array([box.x, box.y, box.width, box.height].map(JSON.int)),
            "confidence": .float(confidence),
        ]
    }
}
