internal import CFFmpeg
public import DiptychMedia

/// What a video file is.
public struct VideoFacts: Sendable, Hashable {
    /// Columns as shown: turned as the file says, with square pixels.
    public let width: Int
    /// Rows as shown.
    public let height: Int
    /// The length in seconds that the file states, which need not be true; nil where it states none.
    public let statedDuration: Double?
    /// Frames a second on average, as the file states; nil where it states none.
    public let rate: Double?
    /// FFmpeg's name of the coding, such as `h264`.
    public let codec: String
    /// FFmpeg's name of the format, such as `matroska,webm`.
    public let format: String
}

/// One frame of a video.
public struct VideoFrame: Sendable {
    /// Its place among the frames in the order of showing, from 0.
    public let index: Int
    /// The second at which it begins.
    public let time: Double
    /// Its pixels as shown.
    public let image: Image
}

/// An open video: its frames by number or by time, exactly those that the program `ffmpeg` gives.
///
///     let video = try VideoFile(.file("holiday.mp4"))
///     let indices = VideoSampling.middles(of: try video.table().count, frames: 8)
///     try video.frames(at: indices) { print($0.time) }
///
/// Reading blocks. A video is used by one thread at a time and holds a few frames, however long it is.
public final class VideoFile {
    /// Where it comes from.
    public let source: VideoSource
    /// What it is.
    public let facts: VideoFacts
    /// Why not every frame could be read, once that is known.
    public internal(set) var damage: String?

    let decoder: VideoDecoder
    private let options: VideoOptions
    private var known: FrameTable?
    /// Whether nothing was decoded yet.
    var isAtStart = true

    /// Opens a video and reads its header.
    ///
    /// - Throws: ``VideoError`` naming the source.
    public init(_ source: VideoSource, options: VideoOptions = VideoOptions()) throws(VideoError) {
        self.source = source
        self.options = options
        decoder = try VideoDecoder(source, options)
        let facts = decoder.facts
        self.facts = VideoFacts(
            width: Int(facts.width), height: Int(facts.height),
            statedDuration: facts.duration > 0 ? facts.duration : nil, rate: facts.rate > 0 ? facts.rate : nil,
            codec: text(facts.codec), format: text(facts.format))
    }

    /// Which frames there are. The first call reads the file: its packets where they tell, otherwise all of its frames.
    ///
    /// - Throws: ``VideoError`` when it has none that can be decoded.
    public func table() throws(VideoError) -> FrameTable {
        if let known { return known }
        let table: FrameTable
        if let told = try packetTable() { table = told } else { table = try decodedTable() }
        known = table
        return table
    }

    /// Decodes the frames of these numbers and hands them out in ascending order, each once.
    ///
    /// Reads from key frame to key frame where others lie between. Frames that are damaged are left out, and ``damage`` says so.
    ///
    /// - Throws: ``VideoError`` for a number that no frame has, or whatever `body` throws.
    public func frames(at indices: [Int], _ body: (VideoFrame) throws -> Void) throws {
        let table = try table()
        let wanted = Set(indices).sorted()
        if let wrong = wanted.first(where: { $0 < 0 || $0 >= table.count }) {
            throw VideoError(
                .noSuchFrame, source: source.description,
                reason: "has no frame \(wrong): its frames are 0 to \(table.count - 1)")
        }
        var done = 0
        if !table.stamps.isEmpty { done = try framesByStamp(wanted, table, body) }
        guard done < wanted.count else { return }
        // The packets did not keep what they promised: frames are counted from the first.
        var rest = wanted[done...]
        try eachFrame { frame in
            guard let next = rest.first else { return false }
            if frame.index == next {
                rest = rest.dropFirst()
                try body(frame.frame())
            }
            return !rest.isEmpty
        }
        if let missing = rest.first {
            damage = damage ?? "frame \(missing) and \(rest.count - 1) more cannot be decoded"
        }
    }

    /// The frame that is shown from about `time` on: the first that does not begin before half a frame ahead of it, the last where
    /// there is none. Reads no more than from the key frame before.
    ///
    /// - Throws: ``VideoError`` where no frame can be decoded there.
    public func frame(at time: Double) throws(VideoError) -> VideoFrame {
        let wanted = max(0, time) - 0.5 / (facts.rate ?? 25)
        let stamp = (max(0, time) / max(decoder.facts.unit, 1e-12)).rounded(.down)
        let target = (Int64(exactly: stamp) ?? 0).addingReportingOverflow(decoder.facts.origin).partialValue
        if time > 0 { try decoder.seek(to: target) } else if !isAtStart { try decoder.seek(to: nil) }
        isAtStart = false
        var last: VideoFrame?
        while true {
            guard case .frame(let stamp) = try decoder.nextFrame(wanted: nil) else { break }
            let begin = stamp.map(seconds) ?? 0
            if begin >= wanted {
                return VideoFrame(
                    index: 0, time: begin, image: try decoder.image(width: facts.width, height: facts.height))
            }
            // Behind the end, the last frame is the nearest.
            if let duration = facts.statedDuration, begin > duration - 2 / (facts.rate ?? 25) {
                last = VideoFrame(
                    index: 0, time: begin, image: try decoder.image(width: facts.width, height: facts.height))
            }
        }
        guard let last else {
            throw VideoError(.noSuchFrame, source: source.description, reason: "has no frame at \(time) s")
        }
        return last
    }

    /// Decodes all frames in the order of showing until `body` returns false.
    ///
    /// - Throws: ``VideoError`` when not a single frame can be decoded, or whatever `body` throws.
    public func eachFrame(_ body: (DecodedFrame) throws -> Bool) throws {
        try restart()
        var (index, last) = (0, 0.0)
        while index < options.maximumFrames {
            let step: VideoDecoder.Step
            do throws(VideoError) { step = try decoder.nextFrame(wanted: nil) } catch {
                guard index > 0 else { throw error }
                damage = error.reason
                return
            }
            guard case .frame(let stamp) = step else { break }
            let time = stamp.map(seconds) ?? (index == 0 ? 0 : last + 1 / (facts.rate ?? 25))
            last = time
            guard try body(DecodedFrame(index: index, time: time, facts: facts, decoder: decoder)) else { return }
            index += 1
        }
        if index == options.maximumFrames { damage = "it has more than \(index) frames; the rest is left out" }
        if index == 0 {
            throw VideoError(.notDecodable, source: source.description, reason: "not a single frame can be decoded")
        }
        if decoder.damages > 0 { damage = damage ?? "\(decoder.damages) parts of it are damaged" }
    }

    /// The second that a stamp of the file means.
    func seconds(_ stamp: Int64) -> Double {
        Double(stamp &- decoder.facts.origin) * decoder.facts.unit
    }

    private func restart() throws(VideoError) {
        if !isAtStart { try decoder.seek(to: nil) }
        isAtStart = false
    }

    /// The table of what packets say; nil where they do not tell.
    private func packetTable() throws(VideoError) -> FrameTable? {
        guard decoder.facts.packets_are_frames else { return nil }
        try restart()
        var packets: [VideoDecoder.Packet] = []
        do throws(VideoError) {
            while let packet = try decoder.nextPacket() {
                guard packets.count < options.maximumFrames else { return nil }
                packets.append(packet)
            }
        } catch {
            damage = error.reason
        }
        return FrameTable(packets: packets, time: seconds)
    }

    private func decodedTable() throws(VideoError) -> FrameTable {
        var times: [Double] = []
        do {
            try eachFrame {
                times.append($0.time)
                return true
            }
        } catch {
            throw error as? VideoError
                ?? VideoError(.notDecodable, source: source.description, reason: "\(error)")
        }
        return FrameTable(times: times, stamps: [], keys: [])
    }

    /// Hands out frames by their stamps, as long as decoding gives them.
    ///
    /// - Returns: how many of `wanted` are done.
    private func framesByStamp(
        _ wanted: [Int], _ table: FrameTable, _ body: (VideoFrame) throws -> Void
    ) throws -> Int {
        /// A jump costs what the decoder has under way.
        let worthwhile = 4 + options.threads
        let stamps = wanted.map { table.stamps[$0] }
        var position: Int?  // the last frame that was decoded
        for (number, index) in wanted.enumerated() {
            let target = stamps[number]
            guard let key = table.keys.last(notAbove: target) else { return number }
            let keyIndex = table.stamps.first(notBelow: key)
            if position.map({ keyIndex - $0 > worthwhile }) ?? true {
                do throws(VideoError) {
                    if keyIndex > worthwhile { try decoder.seek(to: key) } else { try restart() }
                } catch { return number }
                isAtStart = false
            }
            search: while true {
                let step: VideoDecoder.Step
                do throws(VideoError) { step = try decoder.nextFrame(wanted: stamps) } catch { return number }
                guard case .frame(let found?) = step, found <= target else { return number }
                if found == target { break search }
            }
            position = index
            try body(
                VideoFrame(
                    index: index, time: table.times[index],
                    image: decoder.image(width: facts.width, height: facts.height)))
        }
        return wanted.count
    }
}

/// The frame that was decoded last, while the next is not.
public struct DecodedFrame {
    /// Its place among the frames, from 0.
    public let index: Int
    /// The second at which it begins.
    public let time: Double
    let facts: VideoFacts
    let decoder: VideoDecoder

    /// The frame with its pixels as shown.
    ///
    /// - Throws: ``VideoError`` where they cannot be converted.
    public func frame() throws(VideoError) -> VideoFrame {
        VideoFrame(index: index, time: time, image: try decoder.image(width: facts.width, height: facts.height))
    }
}

extension Array where Element == Int64 {
    /// The number of elements below `value`, where the array is ascending.
    func first(notBelow value: Int64) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = low + (high - low) / 2
            if self[middle] < value { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The highest element that is not above `value`, where the array is ascending.
    func last(notAbove value: Int64) -> Int64? {
        let next = value == .max ? count : first(notBelow: value + 1)
        return next > 0 ? self[next - 1] : nil
    }
}
