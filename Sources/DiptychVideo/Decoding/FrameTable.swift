/// When each frame of a video is shown.
///
/// A frame's number is its place in this table: the order in which FFmpeg shows frames, from 0.
public struct FrameTable: Sendable, Equatable {
    /// The second at which each frame begins, counted from the beginning of the file.
    public let times: [Double]
    /// Time stamps of the file, where every frame has its own; empty where frames can only be counted.
    let stamps: [Int64]
    /// Stamps at which decoding can begin, ascending.
    let keys: [Int64]

    init(times: [Double], stamps: [Int64], keys: [Int64]) {
        (self.times, self.stamps, self.keys) = (times, stamps, keys)
    }

    /// A table of frames that begin at `times`, ascending.
    public init(times: [Double]) { self.init(times: times, stamps: [], keys: []) }

    /// The number of frames.
    public var count: Int { times.count }

    /// The number of the frame that is shown at `time`: the last that begins by then, the first before any does.
    public func index(at time: Double) -> Int {
        var (low, high) = (0, times.count)
        while low < high {
            let middle = low + (high - low) / 2
            // Times in decimals are not exactly those of the file's clock.
            if times[middle] <= time + 1e-6 { low = middle + 1 } else { high = middle }
        }
        return max(0, low - 1)
    }
}

extension FrameTable {
    /// Made of what packets say, where that is certain: each frame has one packet with its own time, and the first can be
    /// decoded; otherwise nil.
    init?(packets: [VideoDecoder.Packet], time: (Int64) -> Double) {
        var stamps: [Int64] = []
        var keys: [Int64] = []
        stamps.reserveCapacity(packets.count)
        for packet in packets {
            guard let stamp = packet.stamp else { return nil }
            if packet.isKey { keys.append(stamp) }
            if !packet.isDropped { stamps.append(stamp) }
        }
        guard let first = packets.first, first.isKey, !stamps.isEmpty else { return nil }
        stamps.sort()
        keys.sort()
        // Frames that are shown before the first key frame depend on others that are not there.
        guard keys[0] <= stamps[0], zip(stamps, stamps.dropFirst()).allSatisfy({ $0 < $1 }) else { return nil }
        self.init(times: stamps.map(time), stamps: stamps, keys: keys)
    }
}
