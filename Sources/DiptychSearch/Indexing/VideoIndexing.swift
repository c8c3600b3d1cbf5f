internal import Diptych
internal import DiptychBasics
internal import DiptychMedia
public import DiptychVideo
internal import Foundation

/// How videos are taken apart into moments.
public struct VideoIndexing: Sendable {
    /// Frames a second that are looked at.
    public var perSecond = 1.0
    /// No moment is shorter, in seconds, unless its shot is.
    public var minimumDuration = 2.0
    /// Moments that take longer are cut, in seconds.
    public var maximumDuration = 30.0
    /// How videos are read.
    public var options = VideoOptions()

    /// The defaults.
    public init() {}
}

/// Goes through one video and makes moments of it.
struct MomentReader: Sendable {
    typealias Moment = (part: AssetPart, embedding: Embedding)

    private let scan: VideoScan
    private let cutter: MomentCutter
    private let preprocessing: Preprocessing
    private let path: String
    private let model: any Embedder
    /// Frames whose moment is not certain yet.
    private var times: [Double] = []
    private var embeddings: [[Float]] = []
    /// Where the next moment begins.
    private var begin: Double
    private let isFromStart: Bool

    /// Frames that are decoded before they are embedded.
    private static let batch = 64
    /// The longest time between two looks at whether the run was cancelled, and between what is stored.
    private static let turn = Duration.seconds(5)

    /// Opens a video. Blocks.
    ///
    /// - Parameter start: the second from which on it is read.
    init(path: String, videos: VideoIndexing, model: any Embedder, from start: Double) throws {
        scan = try VideoScan(.file(path), options: videos.options, perSecond: videos.perSecond, from: start)
        func frames(_ seconds: Double) -> Int { Int(min(1e5, (seconds * videos.perSecond).rounded(.up))) }
        cutter = MomentCutter(fewest: frames(videos.minimumDuration), most: frames(videos.maximumDuration))
        (self.path, self.model, preprocessing) = (path, model, model.preprocessing)
        (begin, isFromStart) = (start, start == 0)
    }

    var facts: VideoFacts { scan.facts }
    var damage: String? { scan.damage }
    var isAtEnd: Bool { scan.isAtEnd && times.isEmpty }
    /// The second at which what was read ends.
    var end: Double { scan.end }

    /// Reads on for a while.
    ///
    /// - Returns: moments that are complete, in their order.
    /// - Throws: `VideoError` where nothing can be read, `ModelError`, `CancellationError`.
    mutating func next() async throws -> [Moment] {
        let (scan, preprocessing, path) = (scan, preprocessing, path)
        let started = ContinuousClock.now
        let read = try await WorkerThreads.shared.value { () throws -> [(time: Double, pixels: [Float])] in
            var frames: [(time: Double, pixels: [Float])] = []
            try scan.read(most: Self.batch, isEnough: { ContinuousClock.now - started > Self.turn }) { frame in
                let image = try frame.image()
                do throws(ImageError) { frames.append((frame.time, try preprocessing.pixels(of: image))) } catch {
                    throw error.naming(path)
                }
            }
            return frames
        }
        try Task.checkCancellation()
        var values: [[Float]] = []
        try await model.embedBatches(
            read.map(\.pixels), readingFrom: { _ in nil }, load: { LoadedInput(facts: (), pixels: $0) },
            { items in for item in items { values.append(try item.result.get().embedding?.values ?? []) } })
        times += read.map(\.time)
        embeddings += values
        return certainMoments()
    }

    /// Takes the moments that nothing later changes out of what was read.
    private mutating func certainMoments() -> [Moment] {
        var moments: [Moment] = []
        let (cuts, settled) = (scan.cuts(), scan.settledUntil)
        while let first = times.first {
            // A cut between two frames that were taken belongs to the second.
            let cut = cuts.first { $0 > max(begin, first) + 1e-6 }
            let count = cut.map { cut in times.firstIndex { $0 + 1e-6 >= cut } ?? times.count } ?? times.count
            let isWhole = cut != nil ? (times.last ?? 0) + 1e-6 >= (cut ?? 0) || scan.isAtEnd : scan.isAtEnd
            if isWhole {
                moments += take(count, until: cut ?? scan.end, isWhole: true)
            } else {
                // A shot that goes on: what is far enough behind is cut, but for the last two moments.
                let known = times.firstIndex { $0 > settled } ?? times.count
                guard known > cutter.most + cutter.most / 2 else { break }
                moments += take(known, until: times[known - 1], isWhole: false)
                break
            }
        }
        return moments
    }

    /// Makes moments of the first `count` frames.
    ///
    /// - Parameter isWhole: whether the shot ends with them; otherwise the last two moments stay.
    private mutating func take(_ count: Int, until end: Double, isWhole: Bool) -> [Moment] {
        guard count > 0 else {
            // A shot between two frames.
            begin = end
            return []
        }
        var beginnings = cutter.beginnings(Array(embeddings[..<count]))
        if !isWhole { beginnings.removeLast(min(1, beginnings.count)) }
        var moments: [Moment] = []
        for (place, first) in beginnings.enumerated() {
            let isLast = place + 1 == beginnings.count
            if isLast && !isWhole { break }
            let next = isLast ? count : beginnings[place + 1]
            let stop = isLast ? end : scan.strongestChange(after: times[next - 1], through: times[next])
            if let (best, mean) = MomentCutter.best(of: embeddings[first..<next]), stop > begin {
                let time = min(max(times[best], begin), stop)
                moments.append(
                    (.moment(start: begin, end: stop, best: time, isFrame: false), Embedding(values: mean)))
                moments.append(
                    (
                        .moment(start: begin, end: stop, best: time, isFrame: true),
                        Embedding(values: embeddings[best])
                    ))
            }
            begin = stop
        }
        let done = isWhole ? count : beginnings.last ?? 0
        times.removeFirst(done)
        embeddings.removeFirst(done)
        return moments
    }
}
