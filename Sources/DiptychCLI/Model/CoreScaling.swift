import Diptych
import DiptychEngine

/// How a pass would scale to more cores, from what was measured on these.
///
/// An operation's time grows and shrinks with its bound on the roofline, so that it keeps the share of the limit that it
/// has here; what starting the threads takes stays. The multipliers and the bandwidth of caches grow with the cores; memory's
/// bandwidth and the last cache are what they are said to be, and shared by all. Operations that run on
/// one thread stay as slow.
struct CoreScaling {
    /// Operations at the threads that were measured, the slowest first.
    let operations: [OperationProfile]
    /// Labels of the operations that the engine does on one thread, for they move little.
    static let serial: Set<String> = ["token embedding", "pooling", "query", "mean and positions"]
    /// The roofline of `threads` threads.
    let roofline: Roofline
    let threads: Int
    /// What starting the threads takes in each operation, in seconds.
    let teamStart: Double
    /// Bytes a second of the machine's memory.
    let memory: Double
    /// The bytes that the machine's last cache holds.
    let lastCache: Double

    /// The seconds of one pass over `factor` times the measured batch, on `cores` cores, while `neighbours` other groups
    /// do the same and take their shares of the memory's bandwidth and of the last cache.
    func seconds(cores: Int, factor: Double = 1, neighbours: Int = 0) -> Double {
        let groups = Double(neighbours + 1)
        let here = Double(threads)
        let weights = operations.reduce(0) { $0 + $1.weightBytes }
        let keepsHere = roofline.keeps(weights: weights)
        // One copy of the weights serves all groups, where the cache holds it; activations are each group's own.
        let keeps = weights <= lastCache
        return operations.reduce(0) { sum, operation in
            if Self.serial.contains(operation.label) { return sum + operation.seconds * factor }
            let start = min(teamStart * Double(operation.calls), operation.seconds)
            let before = operation.costs.reduce(0) { $0 + roofline.bound(of: $1, keepsWeights: keepsHere).seconds }
            guard before > 0 else { return sum + operation.seconds }
            let after = operation.costs.reduce(0) { sum, cost in
                let activations = (cost.bytes - cost.weightBytes) * factor
                let stays = activations <= lastCache / groups
                let far = (keeps ? 0 : cost.weightBytes) + (stays ? 0 : activations)
                let near = cost.weightBytes + activations - far
                let cache = roofline.caches.first {
                    Double($0.capacity ?? 0) * Double(cores) / here >= near
                }
                let nearRate = (cache ?? roofline.caches.last).map { $0.best * Double(cores) / here }
                return sum
                    + max(
                        cost.flops * factor / (roofline.flopsPerSecond * Double(cores) / here),
                        far / (memory / groups), nearRate.map { near / $0 } ?? 0)
            }
            return sum + start + (operation.seconds - start) * after / before
        }
    }
}
