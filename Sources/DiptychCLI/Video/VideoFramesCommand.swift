import ArgumentParser
import Diptych
import DiptychMedia
import DiptychVideo
import Foundation

struct VideoFramesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "frames",
        abstract: "List frames of a video, or write them as PNG files.",
        discussion: """
            A frame's number is its place in the order of showing, from 0; its time is the second at which it begins. Frames \
            are exactly those of the program ffmpeg, turned as the file says and with square pixels. A file that is damaged gives \
            the frames that can be read; the exit status is 3 then.

            Example: diptych video frames holiday.mp4 --count 8 --format json
            """)

    /// How --count frames are chosen.
    enum Sampling: String, ExpressibleByArgument, CaseIterable {
        case middle
        case viclip
        case videochatFlash = "videochat-flash"
    }

    @Argument(help: ArgumentHelp("A file, a URL, or - for bytes on standard input.", valueName: "video"))
    var video: String

    @Option(parsing: .unconditional, help: "How many frames.")
    var count: Int?

    @Option(
        help: """
            How --count chooses: middle, the middle frames of equal parts; viclip, as ViCLIP's demo does from the start on; \
            videochat-flash, as VideoChat-Flash does with that maximum.
            """)
    var sampling = Sampling.middle

    @Option(parsing: .unconditional, help: "The frames that are shown at each 1/F second, each once.")
    var fps: Double?

    @Option(
        name: .customLong("index"), parsing: .unconditionalSingleValue,
        help: "The frame of this number; may be given many times.")
    var indices: [Int] = []

    @Option(
        name: .customLong("time"), parsing: .unconditionalSingleValue,
        help: "The frame that is shown at this second; may be given many times.")
    var times: [Double] = []

    @Option(name: .shortAndLong, help: "A directory for PNG files, which is made where it is missing.")
    var output: String?

    @OptionGroup var reading: VideoArguments
    @OptionGroup var formatting: FormatArguments

    func validate() throws {
        try VideoInput.validate([video])
        let ways = [count != nil, fps != nil, !indices.isEmpty, !times.isEmpty].count(where: { $0 })
        guard ways == 1 else { throw ValidationError("give one of --count, --fps, --index and --time.") }
        if let count, !(1...1_000_000).contains(count) {
            throw ValidationError("--count must be 1 to 1000000, not \(count).")
        }
        if let fps, !(fps > 0 && fps <= 1000) {
            throw ValidationError("--fps must be more than 0 and at most 1000, not \(fps).")
        }
        if let wrong = indices.first(where: { $0 < 0 }) {
            throw ValidationError("--index must be 0 or more, not \(wrong).")
        }
        if let wrong = times.first(where: { !$0.isFinite }) {
            throw ValidationError("--time \(wrong) is not a number of seconds.")
        }
        if count == nil, sampling != .middle { throw ValidationError("--sampling goes with --count.") }
        if output == "" { throw ValidationError("--output is empty.") }
    }

    func run() async throws {
        let damage = try await VideoInput(name: video).read(reading.options) { [self] file in
            var list = ResultList(formatting.chosen, name: "frames")
            let table = try file.table()
            let chosen = try chosen(table, file)
            if let output {
                try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: true)
                var files: [Int: String] = [:]
                try file.frames(at: chosen) { frame in
                    try Task.checkCancellation()
                    let path = (output as NSString).appendingPathComponent(Self.fileName(frame.index))
                    try frame.image.writePNG(to: path)
                    files[frame.index] = path
                }
                for index in chosen {
                    if let path = files[index] { try Self.add(index, table.times[index], path, to: &list) }
                }
            } else {
                for index in chosen { try Self.add(index, table.times[index], nil, to: &list) }
            }
            try list.end()
            return file.damage
        }
        guard let damage else { return }
        try StandardOutput.flush()
        Console.say("\(video.shown): not all of it can be read: \(damage)")
        throw ExitStatus.skippedInputs
    }

    private func chosen(_ table: FrameTable, _ file: VideoFile) throws -> [Int] {
        if let count {
            switch sampling {
            case .middle: return VideoSampling.middles(of: table.count, frames: count)
            case .viclip:
                guard let steps = VideoSampling.steps(of: table.count, frames: count) else {
                    throw Failure("\(video): has \(table.count) frames; the rule viclip needs \(count)")
                }
                return steps
            case .videochatFlash:
                return VideoSampling.videoChatFlash(of: table.count, rate: file.facts.rate ?? 25, maximum: count)
            }
        }
        if let fps { return VideoSampling.regular(table, rate: fps) }
        if let wrong = indices.first(where: { $0 >= table.count }) {
            throw Failure("\(video): has no frame \(wrong): its frames are 0 to \(table.count - 1)")
        }
        return indices + times.map(table.index)
    }

    private static func add(_ index: Int, _ time: Double, _ path: String?, to list: inout ResultList) throws {
        let seconds = (time * 1e6).rounded() / 1e6
        var members: [(String, JSON)] = [("index", .int(index)), ("time", .double(seconds))]
        if let path { members.append(("file", .string(path))) }
        try list.add(.object(members), text: "\(index)  \(seconds) s" + (path.map { "  \($0.shown)" } ?? ""))
    }

    /// Names that a listing shows in the order of the frames.
    private static func fileName(_ index: Int) -> String {
        let digits = String(index)
        return "frame-" + String(repeating: "0", count: max(0, 8 - digits.count)) + digits + ".png"
    }
}
