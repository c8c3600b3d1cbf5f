import ArgumentParser
import Diptych
import DiptychMedia
import DiptychReading
import DiptychTiles

struct TilesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tiles",
        abstract: "Find which tiles of a sheet show some words.",
        discussion: """
            Example: diptych pictures --sheets 1 --seed 7 --output sheets && diptych tiles sheets/sheet-000000.* --word "red star"
            """,
        subcommands: [TilesChooseCommand.self, TilesFitCommand.self], defaultSubcommand: TilesChooseCommand.self)
}

/// How tiles are chosen.
struct TileChoiceArguments: ParsableArguments {
    @Option(
        parsing: .unconditional, help: "From which probability a tile matches (default: 0.5, or the calibration's).")
    var threshold: Float?

    @Option(parsing: .unconditional, help: "This many tiles for each word, the most probable ones.")
    var count: Int?

    @Flag(
        name: .customLong("assign"),
        help: "One tile for each word and no tile twice, with the greatest sum of probabilities.")
    var assigns = false

    @Option(
        name: .customLong("neutral"), parsing: .unconditionalSingleValue,
        help: "A text that words are weighed against instead of the calibration, used as it is.")
    var neutrals: [String] = []

    @Option(
        help: ArgumentHelp(
            "A calibration of `diptych tiles fit` (default: the one beside the model).", valueName: "file"))
    var calibration: String?

    func validate() throws {
        if let threshold, !(0...1).contains(threshold) {
            throw ValidationError("--threshold must be 0 to 1, not \(threshold).")
        }
        if let count, !(1...TileLayout.limit).contains(count) {
            throw ValidationError("--count must be 1 to \(TileLayout.limit), not \(count).")
        }
        guard count == nil || !assigns else { throw ValidationError("--count and --assign exclude each other.") }
        for text in neutrals {
            if let problem = TextArgument.problem(text, option: "--neutral") { throw ValidationError(problem) }
        }
    }

    /// The options for a model.
    func options(for model: any Embedder, isQuiet: Bool) async throws -> TileOptions {
        let found: TileCalibration?
        if let calibration {
            found = try TileCalibration.load(calibration)
            guard found != nil else {
                throw Failure("\(calibration): there is no such file; `diptych tiles fit` writes one")
            }
        } else {
            found = try TileCalibration.load(TileCalibration.path(ofModelAt: model.path))
        }
        if let found, !found.fingerprint.isEmpty, await model.fingerprint() != found.fingerprint {
            throw Failure(
                "the calibration of \(model.name) was fitted to other weights; run `diptych tiles fit` again, or give --neutral"
            )
        }
        if found == nil, neutrals.isEmpty, !isQuiet {
            Console.say(
                "\(model.name) has no calibration for tiles; general neutral texts are used (`diptych tiles fit` makes one)"
            )
        }
        var options = TileOptions(found)
        if !neutrals.isEmpty { options.neutral = .texts(neutrals) }
        if let threshold { options.threshold = threshold }
        (options.count, options.assigns) = (count, assigns)
        return options
    }
}

struct TilesChooseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "choose",
        abstract: "Find which tiles of a sheet show some words (the default).",
        discussion: """
            The layout is found by the background between tiles or by their edges; --rows and --columns state it instead. For each tile \
            the probability of a word is the softmax of 100 × cosine over the neutral text and the word; a tile matches at --threshold. \
            "unsure" says that some tile is too near to tell, that there is no grid, or that nothing could be read, and the reason. Boxes \
            are [x, y, width, height] in pixels of the sheet; tiles count from 1 in reading order.

            Example: diptych pictures --sheets 1 --seed 7 --output sheets && diptych tiles choose sheets/sheet-000000.* --word "red star"
            """)

    @OptionGroup var model: ModelArguments
    @OptionGroup var fetching: FetchArguments
    @OptionGroup var choice: TileChoiceArguments

    @Option(name: .customLong("word"), parsing: .unconditionalSingleValue, help: "A word or a phrase to look for.")
    var words: [String] = []

    @Option(
        name: .customLong("tiles"), parsing: .upToNextOption,
        help: ArgumentHelp("The tiles as images of their own, instead of a sheet.", valueName: "images"))
    var tiles: [String] = []

    @Option(parsing: .unconditional, help: "The rows of the sheet, all equally high; with --columns.")
    var rows: Int?

    @Option(parsing: .unconditional, help: "The columns of the sheet, all equally wide; with --rows.")
    var columns: Int?

    @Flag(name: .customLong("read"), help: "Take the words from the line above the tiles.")
    var reads = false

    @Option(help: "The languages of that line, by Tesseract's names.")
    var languages = TesseractReader.usualLanguages.joined(separator: ",")

    @Option(help: "The format of results.")
    var format = ResultFormat.text

    @Argument(help: "The sheet: a path, a URL, a data URI, or - for bytes on standard input.")
    var sheet: String?

    func validate() throws {
        guard (sheet == nil) != tiles.isEmpty else {
            throw ValidationError("give one sheet, or --tiles with images.")
        }
        guard !words.isEmpty || reads else {
            throw ValidationError("give --word, or --read to take words from the sheet.")
        }
        guard words.isEmpty || !reads else { throw ValidationError("--word and --read exclude each other.") }
        guard !reads || tiles.isEmpty else { throw ValidationError("--read needs a sheet.") }
        for word in words {
            if let problem = TextArgument.problem(word, option: "--word") { throw ValidationError(problem) }
        }
        guard (rows == nil) == (columns == nil) else { throw ValidationError("--rows and --columns go together.") }
        if let rows, let columns {
            guard tiles.isEmpty else { throw ValidationError("--rows and --columns are those of a sheet.") }
            guard (1...TileLayout.limit).contains(rows), (1...TileLayout.limit).contains(columns),
                rows * columns <= TileLayout.limit
            else { throw ValidationError("--rows × --columns must be 1 to \(TileLayout.limit) tiles.") }
        }
        try ImageArgument.validate((sheet.map { [$0] } ?? tiles).map { .image($0) })
    }

    func run() async throws {
        let images = try (sheet.map { [$0] } ?? tiles).map {
            try ImageInput($0).image(options: model.images, fetch: fetching.options)
        }
        let answer = try await answer(to: images)
        if format == .text {
            try StandardOutput.line(Self.text(answer))
        } else {
            try StandardOutput.line(answer.json.text)
        }
    }

    private func answer(to images: [Image]) async throws -> TileAnswer {
        guard tiles.isEmpty else {
            // Tiles by themselves are one row; their boxes are their own sizes.
            let layout = TileLayout(
                rows: 1, columns: images.count,
                boxes: images.map { TileBox(x: 0, y: 0, width: $0.width, height: $0.height) })
            if let reason = TileChooser.refusal(layout) {
                return TileAnswer(layout: layout, words: words, reason: reason)
            }
            let (model, chooser) = try await chooser(words)
            var answer = chooser.answer(of: try await model.embed(images: images), in: layout)
            if images.count == 1, answer.decision?.reason == nil { answer.reason = nil }
            return answer
        }
        guard let sheet = images.first else { throw Failure("there is no sheet") }
        let layout: TileLayout
        if let rows, let columns {
            guard let even = TileLayout.even(rows: rows, columns: columns, width: sheet.width, height: sheet.height)
            else {
                return TileAnswer(
                    words: words,
                    reason: "the sheet has \(sheet.width) × \(sheet.height) pixels, too few for these tiles")
            }
            layout = even
        } else if let found = LayoutFinder().layout(of: sheet) {
            layout = found
        } else {
            return TileAnswer(words: words, reason: TileAnswer.noGrid)
        }
        if let reason = TileChooser.refusal(layout) { return TileAnswer(layout: layout, words: words, reason: reason) }
        var words = words
        if reads {
            let reader = try TesseractReader(languages: ReadCommand.list(languages))
            words = try SheetInstruction(of: sheet, layout: layout, by: reader).words
            guard !words.isEmpty else {
                return TileAnswer(layout: layout, words: [], reason: SheetInstruction.unread)
            }
        }
        let (model, chooser) = try await chooser(words)
        return try await chooser.answer(to: sheet, layout: layout, by: model)
    }

    private func chooser(_ words: [String]) async throws -> (any DualEncoder, TileChooser) {
        let model = try await self.model.loadDualEncoder()
        let options = try await choice.options(for: model, isQuiet: self.model.quiet)
        return (model, try await TileChooser(words: words, by: model, options: options))
    }

    private static func text(_ answer: TileAnswer) -> String {
        var lines: [String] = []
        if let layout = answer.layout { lines.append("\(layout.rows) × \(layout.columns) tiles") }
        for (index, word) in answer.words.enumerated() {
            guard let decision = answer.decision else { continue }
            let chosen = Set(decision.matches[index])
            lines.append(
                "\(word.shown): \(chosen.isEmpty ? "no tile" : chosen.sorted().map { "\($0 + 1)" }.joined(separator: ", "))"
            )
            for tile in decision.probabilities.indices {
                lines.append(
                    "  \(chosen.contains(tile) ? "*" : " ") \(Columns.rank(tile + 1))  "
                        + "\(Columns.score(decision.probabilities[tile][index]))  "
                        + "(similarity \(Columns.score(decision.similarities[tile][index])))")
            }
        }
        if let reason = answer.reason { lines.append("unsure: \(reason)") }
        return lines.joined(separator: "\n")
    }
}
