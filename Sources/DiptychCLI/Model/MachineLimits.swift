import Diptych
import DiptychEngine

/// The roofline of this machine at the precision, threads and instructions of an engine.
enum MachineLimits {
    /// Measures matrix products, caches and memory, one after the other.
    static func measure(_ engine: EngineDescription) throws -> Roofline {
        let flops = try MatrixPeak.measure(engine)
        let (caches, memory) = MemoryBandwidth.measure(threads: engine.threads, instructions: engine.instructions)
        return Roofline(flopsPerSecond: flops, caches: caches, memory: memory)
    }
}
