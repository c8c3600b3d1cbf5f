import DiptychBasics
import DiptychMedia

/// A further frame of a burst, as a hand-held camera takes it a moment later: a little of each edge is lost, light and colour
/// change by up to a tenth, and the sensor's noise is another.
struct BurstFrame {
    /// The separator between an image's path and a frame's number.
    static let mark = "#frame"

    private let seed: UInt64

    init(seed: UInt64) { self.seed = seed }

    /// The frame that follows from `picture`.
    func image(from image: Image) throws -> Image {
        var generator = SplitMix64(seed: seed)
        func share(_ most: Int) -> Int { most > 0 ? Int.random(in: 0...most, using: &generator) : 0 }
        let (left, top) = (share(image.width / 25), share(image.height / 25))
        let (columns, rows) = (
            image.width - left - share(image.width / 25), image.height - top - share(image.height / 25)
        )
        let gains = (0..<3).map { _ in Double.random(in: 0.95...1.05, using: &generator) }
        let light = Double.random(in: 0.95...1.05, using: &generator)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(columns * rows * 3)
        for row in top..<top + rows {
            let start = (row * image.width + left) * 3
            for index in 0..<columns * 3 {
                // The sum of two is nearly a sensor's noise, with a deviation of five levels.
                let noise = Double(
                    Int.random(in: -6...6, using: &generator) + Int.random(in: -6...6, using: &generator))
                let value = Double(image.bytes[start + index]) * gains[index % 3] * light + noise
                bytes.append(UInt8(max(0, min(255, value.rounded()))))
            }
        }
        return try Image(width: columns, height: rows, bytes: bytes)
    }
}
