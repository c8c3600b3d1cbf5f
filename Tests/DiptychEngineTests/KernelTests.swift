import CKernels
import Testing

/// Every vectorised kernel against its scalar twin.
@Suite struct KernelTests {
    /// The vectorised sets that this processor can run.
    static let sets = [DIPTYCH_ISA_AVX2, DIPTYCH_ISA_AVX512].filter { $0.rawValue <= diptych_detected_isa().rawValue }

    static func random(_ count: Int, seed: UInt64, scale: Float = 1) -> [Float] {
        var state = seed
        return (0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (Float(state >> 40) / Float(1 << 24) - 0.5) * 4 * scale
        }
    }

    static func worst(_ a: [Float], _ b: [Float]) -> Float { zip(a, b).map { abs($0 - $1) }.max() ?? 0 }

    @Test func theseTestsCompareSomething() {
        // On a processor without AVX2 there is only the scalar set, and nothing to compare it with.
        if diptych_detected_isa() != DIPTYCH_ISA_SCALAR { #expect(!Self.sets.isEmpty) }
    }

    @Test func narrowingIsBitIdenticalIncludingSpecialValues() {
        var source = Self.random(1003, seed: 1, scale: 1e3)
        source.replaceSubrange(
            0..<8, with: [.nan, .infinity, -.infinity, 0, -0.0, .leastNonzeroMagnitude, .greatestFiniteMagnitude, -1])
        var expected = [UInt16](repeating: 0, count: source.count)
        diptych_narrow_bf16(DIPTYCH_ISA_SCALAR, source, &expected, source.count)
        #expect(expected[0] & 0x7FFF > 0x7F80)  // NaN stays NaN
        #expect(expected[1] == 0x7F80)
        for set in Self.sets {
            var result = [UInt16](repeating: 0, count: source.count)
            diptych_narrow_bf16(set, source, &result, source.count)
            #expect(result == expected)
        }
    }

    @Test func wideningIsBitIdenticalForEveryHalf() {
        let source = (0...UInt16.max).map { $0 }
        for type in [DIPTYCH_BF16, DIPTYCH_F16] {
            var expected = [Float](repeating: 0, count: source.count)
            diptych_widen(DIPTYCH_ISA_SCALAR, type, source, &expected, source.count)
            for set in Self.sets {
                var result = [Float](repeating: 0, count: source.count)
                diptych_widen(set, type, source, &result, source.count)
                let differing = zip(result, expected).filter {
                    $0.bitPattern != $1.bitPattern && !($0.isNaN && $1.isNaN)
                }
                #expect(differing.isEmpty)
            }
        }
    }

    @Test(arguments: [1, 7, 16, 84, 100, 768, 1027])
    func layerNormAgrees(width: Int) {
        let rows = 37
        let input = Self.random(rows * width, seed: 2)
        let (gain, bias) = (Self.random(width, seed: 3), Self.random(width, seed: 4))
        var expected = [Float](repeating: 0, count: rows * width)
        diptych_layer_norm(
            DIPTYCH_ISA_SCALAR, 1, input, gain, bias, 1e-5, &expected, DIPTYCH_F32, rows, width)
        for set in Self.sets {
            var result = [Float](repeating: 0, count: rows * width)
            diptych_layer_norm(set, 2, input, gain, bias, 1e-5, &result, DIPTYCH_F32, rows, width)
            #expect(Self.worst(result, expected) < 2e-5)
        }
    }

    @Test(arguments: [(1, 8), (5, 20), (6, 64), (50, 64), (77, 64), (97, 80), (33, 84)], [false, true])
    func attentionAgrees(shape: (length: Int, width: Int), causal: Bool) {
        let heads = 3
        let offsets: [Int32] = [0, Int32(shape.length), Int32(shape.length) + 1, 2 * Int32(shape.length) + 1]
        let rows = Int(offsets[3])
        for type in [DIPTYCH_F32, DIPTYCH_BF16] {
            let values = Self.random(rows * 3 * heads * shape.width, seed: 5)
            var narrow = [UInt16](repeating: 0, count: values.count)
            diptych_narrow_bf16(DIPTYCH_ISA_SCALAR, values, &narrow, values.count)
            let share = (diptych_attention_scratch(shape.length, shape.width) + 63) / 64 * 64

            func run(_ set: diptych_isa, threads: Int32) -> [Float] {
                let scratch = UnsafeMutableRawPointer.allocate(byteCount: share * Int(threads), alignment: 64)
                defer { scratch.deallocate() }
                var result = [Float](repeating: 0, count: rows * heads * shape.width)
                var narrowResult = [UInt16](repeating: 0, count: result.count)
                if type == DIPTYCH_F32 {
                    diptych_attention(
                        set, threads, values, &result, type, offsets, 3, heads, shape.width, causal ? 1 : 0, scratch,
                        share)
                } else {
                    diptych_attention(
                        set, threads, narrow, &narrowResult, type, offsets, 3, heads, shape.width, causal ? 1 : 0,
                        scratch, share)
                    diptych_widen(DIPTYCH_ISA_SCALAR, DIPTYCH_BF16, narrowResult, &result, result.count)
                }
                return result
            }
            let expected = run(DIPTYCH_ISA_SCALAR, threads: 1)
            for set in Self.sets {
                #expect(Self.worst(run(set, threads: 2), expected) < (type == DIPTYCH_F32 ? 2e-5 : 2e-2))
            }
        }
    }

    @Test(arguments: [(1, 8), (5, 20), (50, 64), (197, 64), (33, 84)])
    func queryAttentionAgrees(shape: (length: Int, width: Int)) {
        let (heads, sequences) = (3, 2)
        let offsets: [Int32] = [0, Int32(shape.length), 2 * Int32(shape.length) + 1]
        let width = heads * shape.width
        for type in [DIPTYCH_F32, DIPTYCH_BF16] {
            let query = Self.random(sequences * width, seed: 8)
            let keysValues = Self.random(Int(offsets[2]) * 2 * width, seed: 9)
            var narrowQuery = [UInt16](repeating: 0, count: query.count)
            var narrowKeysValues = [UInt16](repeating: 0, count: keysValues.count)
            diptych_narrow_bf16(DIPTYCH_ISA_SCALAR, query, &narrowQuery, query.count)
            diptych_narrow_bf16(DIPTYCH_ISA_SCALAR, keysValues, &narrowKeysValues, keysValues.count)
            let share = (4 * (shape.length + 1 + shape.width) + 63) / 64 * 64

            func run(_ set: diptych_isa, threads: Int32) -> [Float] {
                let scratch = UnsafeMutableRawPointer.allocate(byteCount: share * Int(threads), alignment: 64)
                defer { scratch.deallocate() }
                var result = [Float](repeating: 0, count: query.count)
                var narrowResult = [UInt16](repeating: 0, count: query.count)
                if type == DIPTYCH_F32 {
                    diptych_query_attention(
                        set, threads, query, keysValues, &result, type, offsets, sequences, heads, shape.width, scratch,
                        share)
                } else {
                    diptych_query_attention(
                        set, threads, narrowQuery, narrowKeysValues, &narrowResult, type, offsets, sequences, heads,
                        shape.width, scratch, share)
                    diptych_widen(DIPTYCH_ISA_SCALAR, DIPTYCH_BF16, narrowResult, &result, result.count)
                }
                return result
            }
            let expected = run(DIPTYCH_ISA_SCALAR, threads: 1)
            #expect(expected.contains { abs($0) > 0.1 })
            for set in Self.sets {
                #expect(Self.worst(run(set, threads: 2), expected) < (type == DIPTYCH_F32 ? 2e-5 : 2e-2))
            }
        }
    }

    @Test(arguments: [1, 15, 64, 129, 512])
    func dotProductsAgree(width: Int) {
        let rows = 9
        let (query, matrix) = (Self.random(width, seed: 6), Self.random(rows * width, seed: 7))
        var expected = [Float](repeating: 0, count: rows)
        diptych_dot_rows(DIPTYCH_ISA_SCALAR, query, matrix, rows, width, &expected)
        for set in Self.sets {
            var result = [Float](repeating: 0, count: rows)
            diptych_dot_rows(set, query, matrix, rows, width, &result)
            #expect(Self.worst(result, expected) < 1e-3)
        }
    }
}
