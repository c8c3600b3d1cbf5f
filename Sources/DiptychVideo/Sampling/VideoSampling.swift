/// Which frames of a video stand for it.
public enum VideoSampling {
    /// The middle frame of each of `frames` equal parts, as ViCLIP's evaluation and VideoChat-Flash choose them. A video with
    /// fewer frames gives all of them, the last one repeated.
    ///
    /// Source: OpenGVLab/InternVideo, `get_frame_indices` with the rule "middle": edges floor(linspace(0, n, frames + 1)) and
    /// (edge + next edge − 1) // 2.
    public static func middles(of count: Int, frames: Int) -> [Int] {
        guard count > 0, frames > 0 else { return [] }
        let parts = min(count, frames)
        // numpy's linspace multiplies by the step, and sets the last value.
        let step = Double(count) / Double(parts)
        let edges = (0...parts).map { $0 == parts ? count : Int((Double($0) * step).rounded(.down)) }
        let indices = zip(edges, edges.dropFirst()).map { ($0 + $1 - 1) / 2 }
        return indices + [Int](repeating: indices[parts - 1], count: frames - parts)
    }

    /// The frames 0, s, 2 s, … with s = count / frames rounded down, as ViCLIP's demo takes them: the end of a video is not
    /// seen. nil where there are fewer than `frames`, which the demo refuses.
    ///
    /// Source: OpenGVLab/InternVideo, `frames2tensor`.
    public static func steps(of count: Int, frames: Int) -> [Int]? {
        guard frames > 0, count >= frames else { return nil }
        let step = count / frames
        return (0..<frames).map { $0 * step }
    }

    /// How many frames VideoChat-Flash takes: one a second in whole groups, within bounds of which the lower one counts last.
    ///
    /// Source: OpenGVLab/VideoChat-Flash, the rule `dynamic_fps1`.
    public static func videoChatFlashCount(
        of count: Int, rate: Double, maximum: Int, minimum: Int = 64, group: Int = 8
    ) -> Int {
        guard count > 0, rate > 0, group > 0 else { return 0 }
        let least = minimum > count ? count / group * group : minimum
        let seconds = min(Double(count) / rate, Double(Int32.max))
        var frames = group * Int((seconds / Double(group)).rounded(.down))
        if frames == 0 { frames = group }
        if maximum > 0 { frames = min(frames, maximum) }
        return max(frames, least)
    }

    /// The frames that VideoChat-Flash takes: the middles of as many parts as ``videoChatFlashCount(of:rate:maximum:minimum:group:)``
    /// says.
    public static func videoChatFlash(
        of count: Int, rate: Double, maximum: Int, minimum: Int = 64, group: Int = 8
    ) -> [Int] {
        middles(
            of: count,
            frames: videoChatFlashCount(of: count, rate: rate, maximum: maximum, minimum: minimum, group: group))
    }

    /// The frames that are shown at 0, 1 / rate, 2 / rate, … seconds after the first one, each once.
    public static func regular(_ table: FrameTable, rate: Double) -> [Int] {
        guard rate > 0, let first = table.times.first, let last = table.times.last else { return [] }
        var indices: [Int] = []
        var step = 0
        while true {
            let time = first + Double(step) / rate
            guard time <= last + 1e-6 else { return indices }
            let index = table.index(at: time)
            if index == indices.last {
                // A rate above the video's own gives every frame; the next time that is worth a look is its next frame's.
                guard index + 1 < table.count else { return indices }
                step = max(step + 1, Int(((table.times[index + 1] - first) * rate - 1e-6).rounded(.down)))
            } else {
                indices.append(index)
                step += 1
            }
        }
    }
}
