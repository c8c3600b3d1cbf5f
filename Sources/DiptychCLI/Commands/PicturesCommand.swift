public import ArgumentParser
public import DiptychSamples

struct PicturesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pictures",
        abstract: "Draw sample images with English and Chinese captions.",
        discussion: """
            Writes scene-000000.jpg and so on, and captions.jsonl with one line an image:
            {"file": "…", "caption_en": "…", "caption_zh": "…"}. The same seed gives the same scenes. Files of these \
            names are replaced; other files in the directory stay.

            --videos writes video-000000.mp4 and so on, and videos.jsonl with what is to be seen when: {"file": "…", "moments": \
            [{"start": 0.0, "end": 4.2, "begins": "cut", "caption_en": "…", "caption_zh": "…", "event_en": "…", \
            "event_zh": "…"}, …]}.

            Example: diptych pictures --count 100 --seed 7 --output demo/pictures
            """)

    @Option(parsing: .unconditional, help: "How many images to draw.")
    var count: Int?

    @Option(
        parsing: .unconditional,
        help: "How many sheets of tiles to draw, with sheets.jsonl: layout, words and right tiles of each.")
    var sheets: Int?

    @Option(
        parsing: .unconditional,
        help: "How many videos to draw, with videos.jsonl: scenes in motion, and what is to be seen when.")
    var videos: Int?

    @Option(help: "Which of three sets of a seed, that share nothing, sheets are from.")
    var split: SheetSplit?

    @Option(parsing: .unconditional, help: "The number that the images follow from.")
    var seed: UInt64 = 0

    @Option(name: .shortAndLong, help: "The directory to write to; made where it is missing.")
    var output: String

    @Option(
        parsing: .unconditional,
        help: "Also write training.jsonl: each scene's attributes, and this many wordings of its captions.")
    var wordings: Int?

    @Option(help: "Also write choices.parquet: for each image this many captions, and the letter of its own.")
    var choices: Int?

    @Flag(help: "Say nothing but errors.")
    var quiet = false

    func validate() throws {
        if let videos {
            guard count == nil, sheets == nil, split == nil, wordings == nil, choices == nil else {
                throw ValidationError("--videos stands without --count, --sheets, --wordings and --choices.")
            }
            guard (1...VideoSet.countLimit).contains(videos) else {
                throw ValidationError("--videos must be 1 to \(VideoSet.countLimit), not \(videos).")
            }
            return
        }
        if let sheets {
            guard count == nil, wordings == nil, choices == nil else {
                throw ValidationError("--sheets stands without --count, --wordings and --choices.")
            }
            guard (1...SheetSet.countLimit).contains(sheets) else {
                throw ValidationError("--sheets must be 1 to \(SheetSet.countLimit), not \(sheets).")
            }
            return
        }
        guard split == nil else { throw ValidationError("--split goes with --sheets.") }
        guard let count else { throw ValidationError("give --count, the number of images, --sheets or --videos.") }
        guard (1...SampleSet.countLimit).contains(count) else {
            throw ValidationError("--count must be 1 to \(SampleSet.countLimit), not \(count).")
        }
        if let wordings, !(1...64).contains(wordings) {
            throw ValidationError("--wordings must be 1 to 64, not \(wordings).")
        }
        if let choices, !(2...SampleChoices.most).contains(choices) || wordings != nil {
            throw ValidationError("--choices must be 2 to \(SampleChoices.most), without --wordings.")
        }
    }

    func run() async throws {
        if let sheets { return try draw(sheets: sheets) }
        if let videos { return try await draw(videos: videos) }
        let count = count ?? 0
        let progress = Progress("drawing", total: count, isQuiet: quiet)
        defer { progress.end() }
        try await SampleSet(seed: seed).write(
            count: count, to: output, companion: wordings.map { .training(wordings: $0) } ?? .captions,
            progress: progress.update)
        progress.end()
        if let choices { try SampleChoices.write(choices, in: output) }
        guard !quiet else { return }
        let rate = Progress.rounded(Double(count) / max(progress.seconds, 0.001))
        Console.say("\(count) images and captions.jsonl in \(output) (seed \(seed), \(rate) images/s)")
    }

    private func draw(videos: Int) async throws {
        let progress = Progress("drawing", total: videos, isQuiet: quiet)
        defer { progress.end() }
        try await VideoSet(seed: seed).write(count: videos, to: output, progress: progress.update)
        progress.end()
        if !quiet { Console.say("\(videos) videos and \(VideoSet.truthName) in \(output) (seed \(seed))") }
    }

    private func draw(sheets: Int) throws {
        let progress = Progress("drawing", total: sheets, isQuiet: quiet)
        defer { progress.end() }
        let split = split ?? .test
        try SheetSet(seed: seed, split: split).write(count: sheets, to: output, progress: progress.update)
        progress.end()
        if !quiet {
            Console.say("\(sheets) sheets and \(SheetSet.truthName) in \(output) (seed \(seed), \(split.rawValue))")
        }
    }
}

extension SheetSplit: ExpressibleByArgument {}
