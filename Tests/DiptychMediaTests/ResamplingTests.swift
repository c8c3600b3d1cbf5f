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
