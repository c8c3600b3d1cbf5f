internal import DiptychBasics
internal import DiptychMedia
internal import DiptychVideo
internal import Foundation

/// An endless set of sample videos that follows from one number: scenes in motion, with what is to be seen when.
///
/// ```swift
/// try await VideoSet(seed: 7).write(count: 50, to: "videos")   // video-000000.mp4 …, videos.jsonl
/// ```
///
/// Half of the moments begin with a cut, half with something that appears, vanishes, moves or changes its colour. Each second
/// video is a look-alike of the one before. The same seed gives the same scenes; the bytes also depend on the versions of librsvg
/// and FFmpeg.
public struct VideoSet: Sendable {
    /// The number that the set follows from.
    public let seed: UInt64

    /// A set of videos; sets of different seeds have nothing to do with each other.
    public init(seed: UInt64) { self.seed = seed }

    /// How many videos one call writes at most.
    public static let countLimit = 100_000
    /// The name of the file with the truth: a line a video.
    public static let truthName = "videos.jsonl"

    /// The name of the file of video `index`.
    public static func fileName(at index: Int) -> String {
        let digits = String(index)
        return "video-" + String(repeating: "0", count: max(0, 6 - digits.count)) + digits + ".mp4"
    }

    /// Draws the first `count` videos into a directory, which is made where it is missing, and their truth into `videos.jsonl`,
    /// which appears last.
    ///
    /// - Parameter progress: called with the number of videos done, from any thread.
    /// - Throws: `SamplesError`, `VideoError` where FFmpeg cannot encode, or `CancellationError`.
    public func write(
        count: Int, to directory: String, progress: @escaping @Sendable (Int) -> Void = { _ in }
    ) async throws {
        guard (1...Self.countLimit).contains(count) else {
            throw SamplesError.outOfRange(what: "number of videos", value: count, allowed: 1...Self.countLimit)
        }
        try FileSystem.makeDirectory(directory)
        try FileSystem.removeFile(directory + "/" + Self.truthName)
        var next = 0
        try await withThrowingTaskGroup(of: Void.self) { group in
            func add() {
                guard next < count else { return }
                let index = next
                next += 1
                group.addTask { try await WorkerThreads.shared.value { try write(index: index, to: directory) } }
            }
            for _ in 0..<max(1, ProcessInfo.processInfo.activeProcessorCount) { add() }
            var done = 0
            while try await group.next() != nil {
                try Task.checkCancellation()
                done += 1
                progress(done)
                add()
            }
        }
        let lines = (0..<count).map { truthLine(at: $0) + "\n" }
        try FileSystem.write(lines.joined(), to: directory + "/" + Self.truthName)
    }

    /// Draws video `index` into `directory`, which must exist. Blocks.
    public func write(index: Int, to directory: String) throws {
        let story = VideoStory(seed: seed, index: index)
        let canvas = VideoDrawing.canvas
        var options = VideoWriter.Options()
        (options.rate, options.keyInterval, options.settings) = (VideoStory.rate, 60, "crf=21:preset=veryfast")
        let writer = try VideoWriter(
            path: directory + "/" + Self.fileName(at: index), width: canvas.width, height: canvas.height,
            options: options)
        for shot in story.shots {
            var drawing = VideoDrawing(shot)
            for frame in 0..<shot.frames.reduce(0, +) { try writer.append(try drawing.frame(frame)) }
        }
        try writer.finish()
    }

    /// Our own words need no escaping.
    private func truthLine(at index: Int) -> String {
        let story = VideoStory(seed: seed, index: index)
        let moments = story.moments(seed: seed, index: index).map { moment in
            func seconds(_ frames: Int) -> String { "\(Double(frames) / Double(VideoStory.rate))" }
            return
                "{\"start\": \(seconds(moment.firstFrame)), \"end\": \(seconds(moment.firstFrame + moment.frameCount)), "
                + "\"begins\": \"\(moment.beginning.rawValue)\", "
                + "\"caption_en\": \"\(moment.captions.english)\", \"caption_zh\": \"\(moment.captions.chinese)\", "
                + "\"event_en\": \"\(moment.event.english)\", \"event_zh\": \"\(moment.event.chinese)\"}"
        }
        return "{\"file\": \"\(Self.fileName(at: index))\", \"moments\": [\(moments.joined(separator: ", "))]}"
    }
}
