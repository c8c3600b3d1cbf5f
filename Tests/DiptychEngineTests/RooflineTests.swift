import CKernels
import DiptychEngine
import Testing

/// The limits that operations are compared with.
@Suite struct RooflineTests {
    static func level(_ name: String, _ capacity: Int?, _ rate: Double) -> MemoryBandwidth {
        MemoryBandwidth(level: name, capacity: capacity, buffer: 0, read: rate, copy: rate / 2, triad: rate / 4)
    }

    /// 1,000 FLOP/s; caches of 100 and 1,000 bytes at 80 and 40 bytes/s; memory at 10 bytes/s.
    static let roofline = Roofline(
        flopsPerSecond: 1000, caches: [level("L2", 100, 80), level("L3", 1000, 40)], memory: level("memory", nil, 10))

    @Test(arguments: [
        // Multiplication takes 5 s, weights 4 s, activations 1 s.
        (5000.0, 80.0, 40.0, 5.0, Roofline.Limit.compute),
        // Weights take 8 s.
        (5000, 120, 80, 8, .memory),
        // 800 bytes of activations are in the second cache: 20 s.
        (5000, 810, 10, 20, .cache),
        // 80 bytes are in the first: 1 s.
        (500, 80, 0, 1, .cache),
        // More than the last cache holds comes from memory.
        (5000, 1300, 100, 130, .memory),
        (0, 0, 0, 0, .compute),
    ])
    func theLongestTimeBinds(
        flops: Double, bytes: Double, weights: Double, seconds: Double, limit: Roofline.Limit
    ) {
        let cost = OperationCost(label: "", flops: flops, bytes: bytes, weightBytes: weights)
        let bound = Self.roofline.bound(of: cost, keepsWeights: false)
        #expect(bound.seconds == seconds)
        if seconds > 0 { #expect(bound.limit == limit) }
    }

    @Test func weightsThatStayInTheCacheDoNotComeFromMemory() {
        #expect(Self.roofline.keeps(weights: 1000) && !Self.roofline.keeps(weights: 1001))
        let cost = OperationCost(label: "", flops: 0, bytes: 400, weightBytes: 400)
        #expect(Self.roofline.bound(of: cost, keepsWeights: false).seconds == 40)
        let kept = Self.roofline.bound(of: cost, keepsWeights: true)
        #expect(kept.seconds == 10 && kept.limit == .cache)
    }

    @Test func withoutCachesEverythingIsMemoryOrCompute() {
        let bare = Roofline(flopsPerSecond: 1000, caches: [], memory: Self.level("memory", nil, 10))
        let bound = bare.bound(
            of: OperationCost(label: "", flops: 1000, bytes: 40, weightBytes: 20), keepsWeights: false)
        #expect(bound.seconds == 4 && bound.limit == .memory)
    }

    @Test(arguments: [1, 15, 16, 31, 64, 100, 1000, 4099], [1, 2])
    func everyStreamDoesWhatItSays(count: Int, threads: Int) {
        // Small whole numbers, so that sums are exact whether or not they are fused.
        let b = (0..<count).map { Float($0 % 97).bitPattern }
        let c = (0..<count).map { Float($0 % 13).bitPattern }
        let triad: [UInt32] = (0..<count).map { Float($0 % 97 + 3 * ($0 % 13)).bitPattern } + [0]
        let ones = [UInt32](repeating: Float(1).bitPattern, count: count) + [0]
        let sets = [DIPTYCH_ISA_SCALAR, DIPTYCH_ISA_AVX2, DIPTYCH_ISA_AVX512]
        for set in sets where set.rawValue <= diptych_detected_isa().rawValue {
            var a = [UInt32](repeating: 0, count: count + 1)
            let run = { (pattern: diptych_stream_pattern, a: inout [UInt32]) in
                diptych_stream(set, Int32(threads), pattern, &a, b, c, count, 2)
            }
            #expect(run(DIPTYCH_STREAM_FILL, &a) == 0)
            #expect(a == ones)
            #expect(run(DIPTYCH_STREAM_COPY, &a) == 0)
            #expect(a == b + [0])
            #expect(run(DIPTYCH_STREAM_READ, &a) == b.reduce(0, &+))
            #expect(run(DIPTYCH_STREAM_TRIAD, &a) == 0)
            #expect(a == triad)
        }
    }

    @Test func bandwidthsAreMeasuredWithTheirCapacities() {
        let (caches, memory) = MemoryBandwidth.measure(threads: 1, instructions: .detected)
        for level in caches + [memory] {
            #expect(level.read > 1e8 && level.copy > 1e8 && level.triad > 1e8)
            #expect(level.best >= level.read && level.best >= level.triad)
        }
        #expect(memory.capacity == nil && memory.buffer >= 64 << 20)
        for (inner, outer) in zip(caches, caches.dropFirst()) {
            #expect((inner.capacity ?? 0) < outer.buffer && outer.buffer <= (outer.capacity ?? 0))
        }
        #expect(MemoryBandwidth.teamStart(threads: 2) > 0)
    }
}
