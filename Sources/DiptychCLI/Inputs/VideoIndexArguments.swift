import ArgumentParser
import DiptychSearch
import DiptychVideo
import Foundation

/// The options of indexing that say how videos are taken apart.
struct VideoIndexArguments: ParsableArguments {
    @Option(
        name: .customLong("per-second"), parsing: .unconditional,
        help: ArgumentHelp("How many frames of a video's second are looked at (default: 1).", valueName: "frames"))
    var perSecond = 1.0

    @Option(
        name: .customLong("min-duration"), parsing: .unconditional,
        help: ArgumentHelp(
            "No moment of a video is shorter than this, unless its shot is (default: 2).", valueName: "seconds"))
    var minimumDuration = 2.0

    func validate() throws {
        guard perSecond >= 0.01, perSecond <= 60 else {
            throw ValidationError("--per-second must be 0.01 to 60, not \(perSecond).")
        }
        guard minimumDuration >= 0, minimumDuration <= 3600 else {
            throw ValidationError("--min-duration must be 0 to 3600 seconds, not \(minimumDuration).")
        }
    }

    /// As the indexer takes them.
    var indexing: VideoIndexing {
        var videos = VideoIndexing()
        (videos.perSecond, videos.minimumDuration) = (perSecond, minimumDuration)
        videos.maximumDuration = max(videos.maximumDuration, 2 * minimumDuration)
        videos.options.threads = min(16, ProcessInfo.processInfo.activeProcessorCount)
        return videos
    }
}
