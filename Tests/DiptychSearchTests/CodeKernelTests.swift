import CKernels
import DiptychTestSupport
import Testing

/// The kernels of the codes against their scalar twins, and codes against arithmetic.
@Suite struct CodeKernelTests {
    static let sets = [DIPTYCH_ISA_AVX2, DIPTYCH_ISA_AVX512].filter { $0.rawValue <= diptych_detected_isa().rawValue }
    static let dimensions = [1, 15, 16, 17, 24, 100, 512, 768, 1000]

    /// Codes of unit vectors, as the encoder makes them.
    struct Coded {
        let dimension: Int
        let signs: [Float]
        let vectors: [[Float]]
        let centre: [Float]
        var blocks: [UInt8]
        var records: [UInt8]

        var rounds: Int { signs.count / dimension }

        init(dimension: Int, blocks count: Int, seed: UInt64, centred: Bool = true) {
            var generator = SeededGenerator(seed)
            self.dimension = dimension
            signs = (0..<4 * dimension).map { _ in Bool.random(using: &generator) ? 1 : -1 }
            vectors = (0..<16 * count).map { _ in generator.unitVector(dimension) }
            var centre =
                centred ? generator.unitVector(dimension).map { $0 / 2 } : [Float](repeating: 0, count: dimension)
            var blocks = [UInt8](repeating: 0, count: count * diptych_code_block_bytes(dimension))
            var records = [UInt8](repeating: 0, count: 16 * count * diptych_code_record_bytes(dimension))
            var scratch = [Float](repeating: 0, count: 4 * dimension)
            let all = vectors.flatMap { $0 }
            signs.withUnsafeBufferPointer { signs in
                var rotation = diptych_rotation(dimension: dimension, rounds: 4, signs: signs.baseAddress)
                diptych_rotate(&rotation, &centre)
                diptych_encode(2, &rotation, centre, all, count, &blocks, &records, &scratch)
            }
            (self.centre, self.blocks, self.records) = (centre, blocks, records)
        }

        func turned(_ vector: [Float]) -> [Float] {
            var result = vector
            signs.withUnsafeBufferPointer { signs in
                var rotation = diptych_rotation(dimension: dimension, rounds: 4, signs: signs.baseAddress)
                diptych_rotate(&rotation, &result)
            }
            return result
        }

        func record<T>(_ row: Int, _ offset: Int, as type: T.Type) -> T {
            records.withUnsafeBytes {
                $0.loadUnaligned(fromByteOffset: row * diptych_code_record_bytes(dimension) + offset, as: T.self)
            }
        }
    }

    static func dot(_ a: [Float], _ b: [Float]) -> Double { zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) } }

    @Test(arguments: dimensions) func turningKeepsInnerProducts(dimension: Int) {
        let coded = Coded(dimension: dimension, blocks: 1, seed: 1)
        let turned = coded.vectors.map(coded.turned)
        for (a, b) in zip(coded.vectors.indices, coded.vectors.indices.dropFirst()) {
            #expect(abs(Self.dot(coded.vectors[a], coded.vectors[b]) - Self.dot(turned[a], turned[b])) < 1e-5)
            #expect(abs(Self.dot(turned[a], turned[a]) - 1) < 1e-5)
        }
        // It also spreads: what lay on one axis lies on all of them.
        guard dimension >= 24 else { return }
        let axis = coded.turned([1] + [Float](repeating: 0, count: dimension - 1))
        #expect(axis.allSatisfy { abs($0) < 0.6 })
        #expect(axis.count { $0 != 0 } > dimension / 2)
    }

    @Test(arguments: dimensions) func recordsBoundTheInnerProduct(dimension: Int) {
        let coded = Coded(dimension: dimension, blocks: 3, seed: 2)
        var generator = SeededGenerator(3)
        let padded = (dimension + 15) / 16 * 16
        for _ in 0..<20 {
            let query = generator.unitVector(dimension)
            let turned = coded.turned(query)
            let wide = turned + [Float](repeating: 0, count: padded - dimension)
            var scores = [Float](repeating: 0, count: coded.vectors.count)
            diptych_score_records(DIPTYCH_ISA_SCALAR, dimension, wide, coded.records, scores.count, &scores)
            let offset = Self.dot(turned, coded.centre)
            for (row, vector) in coded.vectors.enumerated() {
                let error = abs(Self.dot(query, vector) - offset - Double(scores[row]))
                #expect(error <= Double(coded.record(row, 4, as: Float.self)))
                #expect(coded.record(row, 4, as: Float.self) < 0.03)
            }
            for set in Self.sets {
                var others = [Float](repeating: 0, count: scores.count)
                diptych_score_records(set, dimension, wide, coded.records, others.count, &others)
                #expect(zip(scores, others).allSatisfy { abs($0 - $1) < 2e-6 })
            }
        }
    }

    /// The 2-bit level of a coordinate, by the description of the format.
    static func level(_ blocks: [UInt8], _ dimension: Int, row: Int, _ i: Int) -> Int {
        let at = row / 16 * diptych_code_block_bytes(dimension) + 4 * (16 * (1 + i / 16) + row % 16)
        let word = blocks.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: at, as: UInt32.self) }
        return Int(word >> UInt32(8 * (i % 4) + 2 * (i % 16 / 4)) & 3)
    }

    static func factor(_ blocks: [UInt8], _ dimension: Int, row: Int) -> Float {
        let at = row / 16 * diptych_code_block_bytes(dimension) + 4 * (row % 16)
        return blocks.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: at, as: Float.self) }
    }

    @Test func firstPassCodesAreAsDescribed() {
        let coded = Coded(dimension: 100, blocks: 2, seed: 4)
        for (row, vector) in coded.vectors.enumerated() {
            let y = zip(coded.turned(vector), coded.centre).map { $0 - $1 }
            let step = (Self.dot(y, y) / 100).squareRoot()
            var along = 0.0
            for (i, value) in y.enumerated() {
                let expected = Double(value) >= step ? 3 : value >= 0 ? 2 : Double(value) >= -step ? 1 : 0
                #expect(Self.level(coded.blocks, 100, row: row, i) == expected)
                along += Double(value) * (Double(expected) - 1.5)
            }
            let factor = Self.factor(coded.blocks, 100, row: row)
            #expect(abs(Double(factor) - Self.dot(y, y) / along) < 1e-5)
        }
    }

    @Test func estimatesAreUnbiasedAndAsGoodAsSaid() {
        let coded = Coded(dimension: 512, blocks: 64, seed: 5)
        var generator = SeededGenerator(6)
        var (sum, square, count) = (0.0, 0.0, 0.0)
        for _ in 0..<20 {
            let query = generator.unitVector(512)
            let turned = coded.turned(query)
            for (row, vector) in coded.vectors.enumerated() {
                var part = 0.0
                for i in 0..<512 {
                    part += Double(turned[i]) * (Double(Self.level(coded.blocks, 512, row: row, i)) - 1.5)
                }
                let factor = Double(Self.factor(coded.blocks, 512, row: row))
                let error = Self.dot(turned, coded.centre) + factor * part - Self.dot(query, vector)
                // In standard deviations of the model.
                let deviations = error / (Double(DIPTYCH_CODE_ERROR) * factor)
                sum += deviations
                square += deviations * deviations
                count += 1
            }
        }
        #expect(abs(sum / count) < 0.05)
        #expect((0.85...1.1).contains((square / count).squareRoot()))
    }

    /// What a scan of a chunk keeps, sorted.
    static func scan(
        _ set: diptych_isa, _ coded: Coded, queries: Int, masks: [UInt16]?, keep: Int, threads: Int32 = 1
    ) -> [[UInt64]] {
        var generator = SeededGenerator(7)
        let (dimension, padded) = (coded.dimension, (coded.dimension + 15) / 16 * 16)
        let digits = (0..<queries).flatMap { _ in
            (0..<padded).map { $0 < dimension ? Int8.random(in: -127...127, using: &generator) : 0 }
        }
        let offsets = (0..<queries).map { Float($0) / 10 }
        let capacity = keep + 16
        let keys = UnsafeMutablePointer<UInt64>.allocate(capacity: capacity * queries * Int(threads))
        defer { keys.deallocate() }
        var lists = (0..<queries * Int(threads)).map {
            diptych_code_list(
                keys: keys + $0 * capacity, count: 0, capacity: capacity, keep: keep, threshold: -.infinity)
        }
        digits.withUnsafeBufferPointer { digits in
            let all = (0..<queries).map {
                diptych_code_query(digits: digits.baseAddress! + $0 * padded, scale: 0.001, bias: Float($0) / 7)
            }
            coded.blocks.withUnsafeBytes { blocks in
                offsets.withUnsafeBufferPointer { offsets in
                    (masks ?? []).withUnsafeBufferPointer { masks in
                        // Two chunks: the second one begins at block 2.
                        let bytes = diptych_code_block_bytes(dimension)
                        let count = blocks.count / bytes
                        let chunks = [(0, 2), (2, count - 2)].map { first, count in
                            diptych_code_chunk(
                                blocks: blocks.baseAddress! + first * bytes, count: count,
                                masks: masks.isEmpty ? nil : masks.baseAddress! + first, first: UInt32(16 * first),
                                offsets: offsets.baseAddress)
                        }
                        diptych_scan_codes(set, threads, dimension, chunks, 2, all, queries, &lists)
                    }
                }
            }
        }
        return (0..<queries).map { query in
            let all = (0..<Int(threads)).flatMap { thread in
                let list = lists[thread * queries + query]
                return Array(UnsafeBufferPointer(start: list.keys, count: list.count))
            }
            return Array(all.sorted(by: >).prefix(keep))
        }
    }

    @Test(arguments: dimensions) func scansAreBitIdentical(dimension: Int) {
        let coded = Coded(dimension: dimension, blocks: 9, seed: 8)
        var generator = SeededGenerator(9)
        let masks = (0..<9).map { $0 == 4 ? 0 : UInt16.random(in: 0...UInt16.max, using: &generator) }
        for queries in [1, 2, 3, 4, 7, 8, 9, 13] {
            for (keep, mask) in [(1, nil), (10, nil), (10, masks), (1000, nil), (1000, masks)] {
                let expected = Self.scan(DIPTYCH_ISA_SCALAR, coded, queries: queries, masks: mask, keep: keep)
                let wanted = mask.map { $0.reduce(0) { $0 + $1.nonzeroBitCount } } ?? 144
                #expect(expected.allSatisfy { $0.count == min(keep, wanted) })
                for set in Self.sets {
                    for threads: Int32 in [1, 2] {
                        let found = Self.scan(
                            set, coded, queries: queries, masks: mask, keep: keep, threads: threads)
                        #expect(found == expected, "\(set) \(queries) \(keep) \(threads)")
                    }
                }
            }
        }
    }

    @Test func theScalarScanIsTheFormula() {
        let coded = Coded(dimension: 40, blocks: 3, seed: 10)
        var generator = SeededGenerator(7)
        let digits = (0..<48).map { $0 < 40 ? Int8.random(in: -127...127, using: &generator) : 0 }
        let found = Self.scan(DIPTYCH_ISA_SCALAR, coded, queries: 1, masks: nil, keep: 48)[0]
        #expect(Set(found.map { diptych_code_key_number($0) }) == Set(0..<48))
        for key in found {
            let row = Int(diptych_code_key_number(key))
            let sum = (0..<40).reduce(0) { $0 + Self.level(coded.blocks, 40, row: row, $1) * Int(digits[$1]) }
            let expected = Double(Self.factor(coded.blocks, 40, row: row)) * 0.001 * Double(sum)
            #expect(abs(Double(diptych_code_key_estimate(key)) - expected) < 1e-5)
        }
    }

    @Test func keysOrderAsNumbersDo() {
        let values: [Float] = [-.infinity, -3, -1e-30, 0, 1e-38, 0.5, 0.5000001, 7, .infinity]
        let keys = values.map { diptych_code_key($0, 5) }
        #expect(keys == keys.sorted())
        #expect(keys.map { diptych_code_key_estimate($0) } == values)
        #expect(diptych_code_key(1, 3) > diptych_code_key(1, 4))
        #expect(diptych_code_key_number(diptych_code_key(-2, 4_000_000_000)) == 4_000_000_000)
    }

    @Test func trimmingKeepsWhatSortingKeeps() {
        var generator = SeededGenerator(11)
        for count in [1, 2, 3, 10, 100, 1000] {
            for _ in 0..<50 {
                // Few different estimates, so that many are equal.
                let keys = (0..<count).map {
                    diptych_code_key(Float(Int.random(in: 0...(count % 7 + 1), using: &generator)), UInt32($0))
                }.shuffled(using: &generator)
                let keep = Int.random(in: 1...count, using: &generator)
                var copy = keys
                let kept = copy.withUnsafeMutableBufferPointer { buffer in
                    var list = diptych_code_list(
                        keys: buffer.baseAddress, count: count, capacity: count, keep: keep, threshold: -.infinity)
                    diptych_code_list_trim(&list)
                    return Array(buffer.prefix(list.count)).sorted(by: >)
                }
                #expect(kept == Array(keys.sorted(by: >).prefix(keep)))
            }
        }
    }

    @Test func vectorsThatAreNotFiniteBoundNothing() {
        for bad: Float in [.nan, .infinity, -.infinity, 3e38] {
            var coded = Coded(dimension: 32, blocks: 1, seed: 12)
            var values = coded.vectors.flatMap { $0 }
            values[5 * 32 + 3] = bad
            var scratch = [Float](repeating: 0, count: 64)
            coded.signs.withUnsafeBufferPointer { signs in
                var rotation = diptych_rotation(dimension: 32, rounds: 4, signs: signs.baseAddress)
                var (blocks, records) = (coded.blocks, coded.records)
                diptych_encode(1, &rotation, coded.centre, values, 1, &blocks, &records, &scratch)
                (coded.blocks, coded.records) = (blocks, records)
            }
            #expect(coded.record(5, 4, as: Float.self) == .infinity)
            #expect(coded.record(4, 4, as: Float.self) < 0.1 && coded.record(6, 4, as: Float.self) < 0.1)
        }
    }
}
