internal import CFFmpeg
public import DiptychMedia

/// One pass over a video: frames at a regular rate, and where shots begin, in memory that hardly grows with the length.
///
/// Reading blocks. A scan is used by one thread at a time; which one may change between two calls.
public final class VideoScan: @unchecked Sendable {
    /// A frame that was taken.
    public struct Frame {
        /// The second at which it begins.
        public let time: Double
        private let frame: DecodedFrame

        init(time: Double, frame: DecodedFrame) { (self.time, self.frame) = (time, frame) }

        /// Its pixels as shown.
        ///
        /// - Throws: ``VideoError`` where they cannot be converted.
        public func image() throws(VideoError) -> Image { try frame.frame().image }
    }

    /// What the video is.
    public var facts: VideoFacts { file.facts }
    /// Why not all of it could be read, where that is known by now.
    public var damage: String? { file.damage }
    /// Whether all of it has been read.
    public private(set) var isAtEnd = false
    /// The second at which the last frame that was read ends.
    public private(set) var end: Double

    private let file: VideoFile
    private let step: Double
    private let start: Double
    private let maximumFrames: Int
    /// The time from which on the next frame is taken.
    private var target: Double
    private var detector = ShotDetector()
    private var cells = [UInt8](repeating: 0, count: FrameCells.count)
    /// When each frame since the start begins.
    private var times: [Double] = []

    /// A cut is certain once so many frames follow it: those that the slowest dissolve is judged by.
    private static let settled = 130

    /// Opens a video.
    ///
    /// - Parameters:
    ///   - perSecond: how many frames a second are taken, each the first from its time on.
    ///   - start: the second from which on it is read.
    /// - Throws: ``VideoError`` naming the source.
    public init(
        _ source: VideoSource, options: VideoOptions = VideoOptions(), perSecond: Double, from start: Double = 0
    ) throws(VideoError) {
        file = try VideoFile(source, options: options)
        step = 1 / min(1000, max(1e-3, perSecond))
        self.start = start
        maximumFrames = options.maximumFrames
        (target, end) = (start, start)
        guard start > 0 else { return }
        let facts = file.decoder.facts
        let stamp = (start / max(facts.unit, 1e-12)).rounded(.down)
        try file.decoder.seek(to: (Int64(exactly: stamp) ?? 0).addingReportingOverflow(facts.origin).partialValue)
        file.isAtStart = false
    }

    /// Reads on and hands out the frames that are taken, until `most` of them were or `isEnough` says so.
    ///
    /// A file that breaks off gives the frames before, and ``damage`` says why.
    ///
    /// - Throws: ``VideoError`` where not a single frame can be decoded, or whatever `body` throws.
    public func read(most: Int, isEnough: () -> Bool = { false }, _ body: (Frame) throws -> Void) throws {
        var taken = 0
        while !isAtEnd, taken < most, !isEnough() {
            let decoded: VideoDecoder.Step
            do throws(VideoError) { decoded = try file.decoder.nextFrame(wanted: nil) } catch {
                file.isAtStart = false
                guard !times.isEmpty || start > 0 else { throw error }
                file.damage = error.reason
                isAtEnd = true
                break
            }
            file.isAtStart = false
            guard case .frame(let stamp) = decoded else {
                isAtEnd = true
                break
            }
            let length = 1 / (facts.rate ?? 25)
            let time = stamp.map(file.seconds) ?? (times.isEmpty ? start : end)
            // What lies between the key frame and the start is known, and time does not go back.
            guard time >= start - 1e-6, time >= (times.last ?? -1) else { continue }
            guard times.count < maximumFrames else {
                file.damage = "it has more than \(maximumFrames) frames; the rest is left out"
                isAtEnd = true
                break
            }
            let frame = DecodedFrame(index: times.count, time: time, facts: facts, decoder: file.decoder)
            try file.decoder.cells(columns: FrameCells.columns, rows: FrameCells.rows, into: &cells)
            detector.add(FrameCells(cells))
            times.append(time)
            end = time + length
            if time + 1e-6 >= target {
                try body(Frame(time: time, frame: frame))
                taken += 1
                target = ((time + 1e-6) / step).rounded(.down) * step + step
            }
        }
        guard isAtEnd else { return }
        if times.isEmpty, start == 0 {
            throw VideoError(
                .notDecodable, source: file.source.description, reason: "not a single frame can be decoded")
        }
        if file.decoder.damages > 0 { file.damage = file.damage ?? "\(file.decoder.damages) parts of it are damaged" }
    }

    /// The seconds at which shots begin, ascending, without the first: those that no later frame changes.
    public func cuts() -> [Double] {
        var copy = detector
        let boundaries = copy.finish()
        let last = isAtEnd ? times.count : times.count - Self.settled
        return boundaries.filter { $0 < last }.map { times[$0] }
    }

    /// Until when ``cuts()`` knows all.
    public var settledUntil: Double {
        isAtEnd ? end : times.count > Self.settled ? times[times.count - Self.settled] : start
    }

    /// The beginning of the frame behind `first` and up to `last` that differs most from the one before it.
    public func strongestChange(after first: Double, through last: Double) -> Double {
        let table = FrameTable(times: times)
        let (low, high) = (table.index(at: first) + 1, table.index(at: last))
        guard low < high, high < times.count else { return last }
        return times[(low...high).max { detector.changes[$0] < detector.changes[$1] } ?? high]
    }
}
