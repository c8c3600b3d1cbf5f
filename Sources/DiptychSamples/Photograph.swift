internal import DiptychBasics
import DiptychMedia

/// What a camera adds to a scene: uneven light, a slight blur, sensor noise and JPEG compression.
struct Photograph {
    /// How much brighter the light gets from the left to the right edge, and from top to bottom, as a share.
    var lightX: Double
    var lightY: Double
    var exposure: Double
    /// The weight of each neighbour in the 3 × 3 blur, 0 to 0.25; the middle weighs the rest.
    var blur: Double
    /// The largest change that noise makes to a channel, in 8-bit steps; the sum of two uniform draws.
    var noise: Double
    /// The JPEG quality.
    var quality: Int

    init(using random: inout SplitMix64) {
        lightX = random.between(-0.12, 0.12)
        lightY = random.between(-0.12, 0.12)
        exposure = random.between(0.92, 1.06)
        blur = random.chance(0.5) ? random.between(0.05, 0.22) : 0
        noise = random.between(2, 22)
        quality = 68 + random.below(27)
    }

    /// The drawing as this camera would have taken it.
    func taken(of drawing: Image, using random: inout SplitMix64) throws(ImageError) -> Image {
        let (width, height) = (drawing.width, drawing.height)
        var bytes = drawing.bytes
        if blur > 0 { soften(&bytes, stride: width * 3, height: height) }
        let columns = (0..<width).map { column in exposure + lightX * (Double(column) / Double(width) - 0.5) }
        var state = random
        // In 8.8 fixed point: the two bytes of a deviation sum to -255 ... 255, so times `noise` it is noise · 256.
        let strength = Int32(noise)
        bytes.withUnsafeMutableBufferPointer { bytes in
            var offset = 0
            for row in 0..<height {
                let shift = lightY * (Double(row) / Double(height) - 0.5)
                for column in 0..<width {
                    let light = Int32((columns[column] + shift) * 256)
                    let word = state.next()
                    for channel in 0..<3 {
                        let draws = word >> (UInt64(channel) * 16)
                        let deviation = Int32(draws & 0xFF) + Int32((draws >> 8) & 0xFF) - 255
                        let value = (Int32(bytes[offset]) * light + deviation * strength + 128) >> 8
                        bytes[offset] = UInt8(min(max(value, 0), 255))
                        offset += 1
                    }
                }
            }
        }
        random = state
        return try Image(width: width, height: height, bytes: bytes)
    }

    /// A separable three-tap blur, rows then columns; edges keep their own value for what lies outside.
    private func soften(_ bytes: inout [UInt8], stride: Int, height: Int) {
        let side = Int32(blur * 256)
        let middle = 256 - 2 * side
        var rows = bytes
        bytes.withUnsafeMutableBufferPointer { bytes in
            rows.withUnsafeMutableBufferPointer { rows in
                for row in 0..<height {
                    let start = row * stride
                    for column in 0..<stride {
                        let before = column >= 3 ? column - 3 : column
                        let after = column < stride - 3 ? column + 3 : column
                        let sum = Int32(bytes[start + before]) + Int32(bytes[start + after])
                        rows[start + column] = UInt8((sum * side + Int32(bytes[start + column]) * middle + 128) >> 8)
                    }
                }
                for row in 0..<height {
                    let start = row * stride
                    let before = row > 0 ? start - stride : start
                    let after = row < height - 1 ? start + stride : start
                    for column in 0..<stride {
                        let sum = Int32(rows[before + column]) + Int32(rows[after + column])
                        bytes[start + column] = UInt8((sum * side + Int32(rows[start + column]) * middle + 128) >> 8)
                    }
                }
            }
        }
    }
}
