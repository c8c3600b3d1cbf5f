import CKernels
import DiptychMedia
import Testing

struct ResamplingTests {
    private static let instructionSets = [DIPTYCH_ISA_SCALAR, DIPTYCH_ISA_AVX2, DIPTYCH_ISA_AVX512]
        .filter { $0.rawValue <= diptych_detected_isa().rawValue }

    @Test func equalsPillowInEveryByte() throws {
        let cases = try Fixture.table("Resampling/cases.tsv")
        let whole = try Fixture.bytes("Resampling/whole.bin")
        #expect(cases.count > 250)
        for row in cases {
            let numbers = row.compactMap { Int($0) }
            try #require(numbers.count == 8)
            let filter = try #require(ResamplingFilter(rawValue: numbers[5]))
            let source = try Picture.noise(seed: numbers[0], width: numbers[1], height: numbers[2])
            for instructions in Self.instructionSets {
                let result = try source.resized(
                    width: numbers[3], height: numbers[4], filter: filter, instructions: instructions)
                #expect(
                    Int(checksum(result.bytes)) == numbers[6],
                    "\(row.joined(separator: " ")) with instruction set \(instructions.rawValue)")
                if numbers[7] >= 0 {
                    #expect(result.bytes == Array(whole[numbers[7]..<numbers[7] + result.bytes.count]))
                }
            }
        }
    }

    @Test func instructionSetsAgreeOnRandomSizes() throws {
        var random = SeededGenerator(state: 77)
        for round in 0..<300 {
            let longest = round % 10 == 0 ? 900 : 120
            let source = try Picture.noise(
                seed: round, width: .random(in: 1...longest, using: &random),
                height: .random(in: 1...90, using: &random))
            let width = Int.random(in: 1...200, using: &random), height = Int.random(in: 1...120, using: &random)
            let filter = try #require(ResamplingFilter.allCases.randomElement(using: &random))
            let scalar = try source.resized(
                width: width, height: height, filter: filter, instructions: DIPTYCH_ISA_SCALAR)
            for instructions in Self.instructionSets.dropFirst() {
                let vectorised = try source.resized(
                    width: width, height: height, filter: filter, instructions: instructions)
                #expect(
                    vectorised == scalar,
                    "\(source.width) × \(source.height) to \(width) × \(height), \(filter), \(instructions.rawValue)")
            }
        }
    }

    /// The kernel's bytes for a box of a picture's columns, all of its rows.
    private static func resized(
        _ source: Picture, x: Float, width: Float, to out: (width: Int, height: Int), filter: ResamplingFilter,
        instructions: diptych_isa
    ) -> [UInt8]? {
        var geometry = diptych_resize_geometry(
            in_width: source.width, in_height: source.height, box_x: x, box_y: 0, box_width: width,
            box_height: Float(source.height), out_width: out.width, out_height: out.height, crop_x: 0, crop_y: 0,
            crop_width: out.width, crop_height: out.height)
        var result = [UInt8](repeating: 1, count: out.width * out.height * 3)
        let status = diptych_resize_rgb8(
            source.bytes, &result, &geometry, diptych_filter(UInt32(filter.rawValue)), instructions)
        return status == DIPTYCH_RESIZE_DONE ? result : nil
    }

    /// Boxes with fractions, also less than a pixel beyond the input: equal bytes from every instruction set, and samples
    /// that stay those of the input (a constant picture keeps its colour).
    @Test func instructionSetsAgreeOnBoxes() throws {
        var random = SeededGenerator(state: 78)
        for round in 0..<300 {
            let (width, height) = (Int.random(in: 1...150, using: &random), Int.random(in: 1...20, using: &random))
            let source = try Picture.noise(seed: round, width: width, height: height)
            let grey = try Picture(
                width: width, height: height, bytes: [UInt8](repeating: 77, count: width * height * 3))
            let start = Float.random(in: -0.99...0.9, using: &random)
            let end = Float(width) + .random(in: 0...0.99, using: &random)
            let out = (width: Int.random(in: 1...40, using: &random), height: Int.random(in: 1...9, using: &random))
            let filter = try #require(ResamplingFilter.allCases.randomElement(using: &random))
            let results = Self.instructionSets.map {
                Self.resized(source, x: start, width: end - start, to: out, filter: filter, instructions: $0)
            }
            #expect(results.allSatisfy { $0 != nil && $0 == results[0] }, "round \(round), \(filter)")
            // Where the box shrinks no output lies outside the input, so nothing is missing from its weights.
            if width >= 2 * out.width {
                let flat = Self.resized(
                    grey, x: start, width: end - start, to: out, filter: filter, instructions: DIPTYCH_ISA_SCALAR)
                #expect(flat?.allSatisfy { $0 == 77 } == true, "round \(round), \(filter)")
            }
        }
    }

    @Test func refusesBoxesElsewhere() throws {
        let source = try Picture.noise(seed: 1, width: 9, height: 4)
        for (x, width) in [(-1, 9), (0, 10), (1.5, 8.5), (0, 0), (0, -3), (.nan, 9), (0, .nan), (0, .infinity)]
            as [(Float, Float)]
        {
            for filter in [ResamplingFilter.nearest, .bicubic] {
                let result = Self.resized(
                    source, x: x, width: width, to: (3, 3), filter: filter, instructions: DIPTYCH_ISA_SCALAR)
                #expect(result == nil, "\(x), \(width)")
            }
        }
    }

    @Test func refusesImpossibleSizes() throws {
        let source = try Picture.noise(seed: 1, width: 4, height: 4)
        for (width, height) in [(0, 4), (4, 0), (-1, 4), (1 << 25, 1), (1 << 24, 1 << 24), (Int.max, 2)] {
            #expect(throws: PictureError.self) { try source.resized(width: width, height: height) }
        }
    }
}

extension Picture {
    static func noise(seed: Int, width: Int, height: Int) throws -> Picture {
        var generator = SeededGenerator(state: UInt64(seed))
        return try Picture(width: width, height: height, bytes: generator.bytes(width * height * 3))
    }
}

/// CRC-32 as in zlib.
func checksum(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(~UInt32(0)) { crc, byte in checksumTable[Int((crc ^ UInt32(byte)) & 0xFF)] ^ (crc >> 8) }
}

private let checksumTable: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { crc, _ in crc & 1 == 1 ? 0xEDB8_8320 ^ (crc >> 1) : crc >> 1 }
}
