import ArgumentParser
import Diptych
import DiptychVideo

struct VideoShotsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "shots",
        abstract: "List the shots of a video: where they begin and end.",
        discussion: """
            Finds hard cuts, dissolves and fades; flashes and pans are none. Seconds, and frames from 0; every frame is in one \
            shot.

            Example: diptych video shots holiday.mp4 --format json
            """)

    @Argument(help: ArgumentHelp("A file, a URL, or - for bytes on standard input.", valueName: "video"))
    var video: String

    @OptionGroup var reading: VideoArguments
    @OptionGroup var formatting: FormatArguments

    func validate() throws { try VideoInput.validate([video]) }

    func run() async throws {
        let (shots, damage) = try await VideoInput(name: video).read(reading.options) { file in
            (try file.shots(check: { try Task.checkCancellation() }), file.damage)
        }
        var list = ResultList(formatting.chosen, name: "shots", header: "start  end  frames")
        for shot in shots {
            let (start, end) = ((shot.start * 1e6).rounded() / 1e6, (shot.end * 1e6).rounded() / 1e6)
            try list.add(
                [
                    "start": .double(start), "end": .double(end), "first_frame": .int(shot.firstFrame),
                    "last_frame": .int(shot.lastFrame),
                ], text: "\(start)  \(end)  \(shot.firstFrame)–\(shot.lastFrame)")
        }
        try list.end()
        guard let damage else { return }
        try StandardOutput.flush()
        Console.say("\(video.shown): not all of it can be read: \(damage)")
        throw ExitStatus.skippedInputs
    }
}
