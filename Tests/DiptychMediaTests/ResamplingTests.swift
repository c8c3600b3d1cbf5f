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
            let source = try Image.noise(seed: numbers[0], width: numbers[1], height: numbers[2])
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
            let source = try Image.noise(
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

    /// Rows that come a few at a time, as they lie in a file, give the bytes of the upright image that comes as a whole.
    @Test func rowsThatComeOneByOneGiveTheSame() throws {
        var random = SeededGenerator(state: 79)
        var compared = 0
        for round in 0..<600 {
            let longest = round % 10 == 0 ? 700 : 110
            let (width, height) = (
                Int.random(in: 1...longest, using: &random), Int.random(in: 1...longest, using: &random)
            )
            let lying = try Image.noise(seed: round, width: width, height: height).bytes
            let orientation = Int.random(in: 1...8, using: &random)
            let upright = Self.upright(lying, width: width, height: height, orientation)
            let turned = orientation >= 5
            let out = (width: Int.random(in: 1...90, using: &random), height: Int.random(in: 1...90, using: &random))
            let (x, y) = (Int.random(in: 0..<out.width, using: &random), Int.random(in: 0..<out.height, using: &random))
            var geometry = diptych_resize_geometry(
                in_width: turned ? height : width, in_height: turned ? width : height, box_x: 0, box_y: 0,
                box_width: Float(turned ? height : width), box_height: Float(turned ? width : height),
                out_width: out.width, out_height: out.height, crop_x: x, crop_y: y,
                crop_width: .random(in: 1...out.width - x, using: &random),
                crop_height: .random(in: 1...out.height - y, using: &random))
            if round.isMultiple(of: 3) {
                geometry.box_x = .random(in: -0.9...0.9, using: &random)
                geometry.box_width -= max(geometry.box_x, 0)
            }
            let filter = diptych_filter(UInt32.random(in: 1...5, using: &random))
            for instructions in Self.instructionSets {
                let count = geometry.crop_width * geometry.crop_height * 3
                var (whole, parts) = ([UInt8](repeating: 1, count: count), [UInt8](repeating: 2, count: count))
                #expect(diptych_resize_rgb8(upright, &whole, &geometry, filter, instructions) == DIPTYCH_RESIZE_DONE)
                var status = DIPTYCH_RESIZE_DONE
                guard
                    let stream = diptych_resize_begin(&geometry, Int32(orientation), filter, instructions, &status)
                else {
                    // Only where a side keeps its length.
                    let same = geometry.in_width == out.width || geometry.in_height == out.height
                    #expect(status == DIPTYCH_RESIZE_BAD_ARGUMENT && same)
                    continue
                }
                defer { diptych_resize_discard(stream) }
                var row = 0
                while true {
                    var room = 0
                    let space = diptych_resize_space(stream, &room)
                    guard room > 0, let space else { break }
                    let rows = Int.random(in: 1...room, using: &random)
                    for at in 0..<rows * width * 3 { space[at] = lying[row * width * 3 + at] }
                    #expect(diptych_resize_took(stream, room + 1) == DIPTYCH_RESIZE_BAD_ARGUMENT)
                    #expect(diptych_resize_took(stream, rows) == DIPTYCH_RESIZE_DONE)
                    row += rows
                    if row < height { #expect(diptych_resize_end(stream, &parts) == DIPTYCH_RESIZE_BAD_ARGUMENT) }
                }
                #expect(row == height)
                #expect(diptych_resize_end(stream, &parts) == DIPTYCH_RESIZE_DONE)
                #expect(parts == whole, "\(width) × \(height), \(orientation), to \(out), \(instructions.rawValue)")
                compared += 1
            }
        }
        #expect(compared > 500)
        var (geometry, status) = (diptych_resize_geometry(), DIPTYCH_RESIZE_DONE)
        #expect(diptych_resize_begin(&geometry, 1, DIPTYCH_FILTER_BICUBIC, DIPTYCH_ISA_SCALAR, &status) == nil)
        #expect(status == DIPTYCH_RESIZE_BAD_ARGUMENT)
    }

    /// The image as EXIF 2.32 says that a viewer shows it.
    private static func upright(_ lying: [UInt8], width: Int, height: Int, _ orientation: Int) -> [UInt8] {
        let turned = orientation >= 5
        var upright: [UInt8] = []
        for y in 0..<(turned ? width : height) {
            for x in 0..<(turned ? height : width) {
                // The row and column of what is shown at the top left and how the rest follows.
                let (column, row) =
                    switch orientation {
                    case 2: (width - 1 - x, y)
                    case 3: (width - 1 - x, height - 1 - y)
                    case 4: (x, height - 1 - y)
                    case 5: (y, x)
                    case 6: (y, height - 1 - x)
                    case 7: (width - 1 - y, height - 1 - x)
                    case 8: (width - 1 - y, x)
                    default: (x, y)
                    }
                let at = (row * width + column) * 3
                upright += lying[at..<at + 3]
            }
        }
        return upright
    }

    /// The kernel's bytes for a box of an image's columns, all of its rows.
    private static func resized(
        _ source: Image, x: Float, width: Float, to out: (width: Int, height: Int), filter: ResamplingFilter,
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
    /// that stay those of the input (a constant image keeps its colour).
    @Test func instructionSetsAgreeOnBoxes() throws {
        var random = SeededGenerator(state: 78)
        for round in 0..<300 {
            let (width, height) = (Int.random(in: 1...150, using: &random), Int.random(in: 1...20, using: &random))
            let source = try Image.noise(seed: round, width: width, height: height)
            let grey = try Image(
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
        let source = try Image.noise(seed: 1, width: 9, height: 4)
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
        let source = try Image.noise(seed: 1, width: 4, height: 4)
        for (width, height) in [(0, 4), (4, 0), (-1, 4), (1 << 25, 1), (1 << 24, 1 << 24), (Int.max, 2)] {
            #expect(throws: ImageError.self) { try source.resized(width: width, height: height) }
        }
    }
}

extension Image {
    static func noise(seed: Int, width: Int, height: Int) throws -> Image {
        var generator = SeededGenerator(state: UInt64(seed))
        return try Image(width: width, height: height, bytes: generator.bytes(width * height * 3))
    }
}

/// CRC-32 as in zlib.
func checksum(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(~UInt32(0)) { crc, byte in checksumTable[Int((crc ^ UInt32(byte)) & 0xFF)] ^ (crc >> 8) }
}

private let checksumTable: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { crc, _ in crc & 1 == 1 ? 0xEDB8_8320 ^ (crc >> 1) : crc >> 1 }
}
