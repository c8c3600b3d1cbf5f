internal import CKernels
internal import Foundation

/// How fast all threads together move bytes between the cores and one level of the memory.
///
/// A byte that is written counts once, as in McCalpin's STREAM; that a store first reads the line is the level's affair.
public struct MemoryBandwidth: Sendable {
    /// "L2", "L3", or "memory".
    public let level: String
    /// What the level holds for these threads; nil for memory.
    public let capacity: Int?
    /// The bytes that were gone through to measure it.
    public let buffer: Int
    /// Bytes a second of a sum over one array.
    public let read: Double
    /// Bytes a second of a copy, both arrays counted.
    public let copy: Double
    /// Bytes a second of a = b + 3 · c, all arrays counted.
    public let triad: Double

    /// The highest of the three, which no operation should pass.
    public var best: Double { max(read, copy, triad) }

    /// Joins what was measured or is known; rates are bytes a second.
    public init(level: String, capacity: Int?, buffer: Int, read: Double, copy: Double, triad: Double) {
        self.level = level
        self.capacity = capacity
        self.buffer = buffer
        self.read = read
        self.copy = copy
        self.triad = triad
    }
}

extension MemoryBandwidth {
    /// The passes over a buffer, of which the fastest counts.
    private static let passes = 5
    /// The bytes that a pass moves at least: enough that starting the threads is lost in it.
    private static let passBytes = 64 << 20

    /// Measures the caches that `threads` threads can use, nearest first, and the memory behind them.
    ///
    /// Memory is measured over four times what the last cache holds, at least 256 MiB, so that hardly any of it is
    /// found there; a cache over a part of itself that exceeds the caches before it.
    public static func measure(
        threads: Int, instructions: InstructionSet
    ) -> (caches: [MemoryBandwidth], memory: MemoryBandwidth) {
        let threads = max(1, threads)
        let levels = CacheLevel.detected(threads: threads)
        let last = levels.last?.bytes ?? 0
        let available = Int(ProcessInfo.processInfo.physicalMemory / 4)
        let size = min(max(256 << 20, 4 * last), max(64 << 20, available)) / (3 * 4096) * (3 * 4096)
        let block = Memory.allocate(size)
        defer { block.deallocate() }
        let words = block.assumingMemoryBound(to: UInt32.self)
        diptych_stream(instructions.kernels, Int32(threads), DIPTYCH_STREAM_FILL, words, nil, nil, size / 4, 1)

        func level(_ name: String, capacity: Int?, buffer: Int) -> MemoryBandwidth {
            let buffer = buffer / 12288 * 12288
            func rate(_ pattern: diptych_stream_pattern, _ arrays: Int) -> Double {
                let count = buffer / 4 / arrays
                let repeats = max(1, passBytes / buffer)
                var best = Double.infinity
                for _ in 0...passes {
                    let start = ContinuousClock.now
                    diptych_stream(
                        instructions.kernels, Int32(threads), pattern, words, words + (arrays - 1) * count,
                        words + (arrays > 2 ? count : 0), count, repeats)
                    best = min(best, (ContinuousClock.now - start) / .seconds(1))
                }
                return Double(count * arrays * 4 * repeats) / best
            }
            return MemoryBandwidth(
                level: name, capacity: capacity, buffer: buffer, read: rate(DIPTYCH_STREAM_READ, 1),
                copy: rate(DIPTYCH_STREAM_COPY, 2), triad: rate(DIPTYCH_STREAM_TRIAD, 3))
        }

        var caches: [MemoryBandwidth] = []
        var inner = 0
        for cache in levels where cache.bytes > 2 * inner {
            let buffer = max(min(2 * inner, cache.bytes * 3 / 4), inner == 0 ? cache.bytes / 2 : cache.bytes / 4)
            caches.append(level("L\(cache.level)", capacity: cache.bytes, buffer: min(buffer, size)))
            inner = cache.bytes
        }
        return (caches, level("memory", capacity: nil, buffer: size))
    }

    /// The seconds that starting and joining `threads` threads takes, until all are there: the median of several
    /// rounds.
    public static func teamStart(threads: Int) -> Double {
        let repeats = 200
        let times = (0..<15).map { _ in
            let start = ContinuousClock.now
            diptych_team_start(Int32(threads), repeats)
            return (ContinuousClock.now - start) / .seconds(1) / Double(repeats)
        }
        return times.sorted()[times.count / 2]
    }
}
