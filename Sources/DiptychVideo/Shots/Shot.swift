/// Frames between two cuts.
public struct Shot: Sendable, Hashable {
    /// The second at which its first frame begins.
    public let start: Double
    /// The second at which its last frame ends.
    public let end: Double
    /// The number of its first frame.
    public let firstFrame: Int
    /// The number of its last frame.
    public let lastFrame: Int

    /// The shots between boundaries, each the number of a shot's first frame.
    static func between(_ boundaries: [Int], _ times: [Double], rate: Double?) -> [Shot] {
        guard let first = times.first, let last = times.last else { return [] }
        // The last frame lasts as long as the file's rate says, else as long as frames did on average.
        let length = rate.map { 1 / $0 } ?? (times.count > 1 ? (last - first) / Double(times.count - 1) : 0.04)
        let starts = [0] + boundaries.filter { $0 > 0 && $0 < times.count }
        return starts.indices.map { i in
            let next = i + 1 < starts.count ? starts[i + 1] : times.count
            return Shot(
                start: times[starts[i]], end: next < times.count ? times[next] : last + length, firstFrame: starts[i],
                lastFrame: next - 1)
        }
    }
}

extension VideoFile {
    /// The shots of the video, one after the other: every frame is in one of them. Reads all of it, once.
    ///
    /// - Throws: ``VideoError`` when not a single frame can be decoded, or whatever `check` throws, which is called with each frame.
    public func shots(check: () throws -> Void = {}) throws -> [Shot] {
        var detector = ShotDetector()
        var times: [Double] = []
        var cells = [UInt8](repeating: 0, count: FrameCells.count)
        try eachFrame { frame in
            try check()
            try frame.decoder.cells(columns: FrameCells.columns, rows: FrameCells.rows, into: &cells)
            detector.add(FrameCells(cells))
            times.append(frame.time)
            return true
        }
        return Shot.between(detector.finish(), times, rate: facts.rate)
    }
}
