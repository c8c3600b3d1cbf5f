/// What a machine can do at most: the limits that the time of an operation is compared with (Williams et al. 2009).
///
/// An operation takes at least the longest of three times: its FLOPs at the speed of a large matrix product; the bytes
/// that must come from memory at memory's bandwidth; the other bytes at the bandwidth of the nearest cache that holds them.
/// Weights come from memory, unless those of the whole pass fit into the last cache. Activations come from the cache that
/// the operation before left them in, unless they are more than the last cache holds.
public struct Roofline: Sendable {
    /// What keeps an operation from being faster.
    public enum Limit: String, Sendable, CaseIterable {
        /// The multipliers.
        case compute
        /// The way to memory.
        case memory
        /// The way to a cache.
        case cache
    }

    /// The speed of the fastest large matrix product.
    public let flopsPerSecond: Double
    /// The caches, nearest first.
    public let caches: [MemoryBandwidth]
    /// The memory behind them.
    public let memory: MemoryBandwidth

    /// Joins what was measured.
    public init(flopsPerSecond: Double, caches: [MemoryBandwidth], memory: MemoryBandwidth) {
        self.flopsPerSecond = flopsPerSecond
        self.caches = caches
        self.memory = memory
    }

    /// Whether weights of so many bytes stay in the last cache from one pass to the next.
    public func keeps(weights: Double) -> Bool { weights <= Double(caches.last?.capacity ?? 0) }

    /// The bytes of an operation that come from memory, and those that a cache has.
    public func traffic(of cost: OperationCost, keepsWeights: Bool) -> (memory: Double, cache: Double) {
        let activations = cost.bytes - cost.weightBytes
        let isLarge = activations > Double(caches.last?.capacity ?? 0)
        let memory = (keepsWeights ? 0 : cost.weightBytes) + (isLarge ? activations : 0)
        return (memory, cost.bytes - memory)
    }

    /// The shortest time in which the operation can be done, in seconds, and what sets it.
    ///
    /// - Parameter keepsWeights: whether ``keeps(weights:)`` holds for all weights of the pass.
    public func bound(of cost: OperationCost, keepsWeights: Bool) -> (seconds: Double, limit: Limit) {
        let traffic = traffic(of: cost, keepsWeights: keepsWeights)
        let nearest = caches.first { Double($0.capacity ?? 0) >= traffic.cache } ?? caches.last
        let times: [(seconds: Double, limit: Limit)] = [
            (cost.flops / flopsPerSecond, .compute), (traffic.memory / memory.best, .memory),
            (nearest.map { traffic.cache / $0.best } ?? 0, .cache),
        ]
        return times.max { $0.seconds < $1.seconds } ?? (0, .compute)
    }
}
