internal import DiptychMedia

/// SplitMix64 (Steele, Lea and Flood, 2014), so that a seed means the same numbers everywhere.
public struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    /// Starts the sequence of `seed`.
    public init(_ seed: UInt64) { state = seed }

    /// The next number.
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// A vector of length 1 whose numbers are spread evenly over a cube.
    public mutating func unitVector(_ count: Int) -> [Float] {
        let values = (0..<count).map { _ in Double(Int64(bitPattern: next())) }
        let length = values.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return values.map { Float($0 / length) }
    }

    /// A PNG file of a few large coloured squares, another one each time.
    public mutating func png(width: Int = 24, height: Int = 20) throws -> [UInt8] {
        let colours = (0..<9).map { _ in next() }
        var bytes: [UInt8] = []
        for y in 0..<height {
            for x in 0..<width {
                let colour = colours[x * 3 / width + y * 3 / height * 3]
                bytes += [
                    UInt8(truncatingIfNeeded: colour), UInt8(truncatingIfNeeded: colour >> 8),
                    UInt8(truncatingIfNeeded: colour >> 16),
                ]
            }
        }
        return try Image(width: width, height: height, bytes: bytes).png()
    }
}
