internal import DiptychMedia

/// The pixels that a layout is found in: a sheet, made smaller where it is large.
struct SheetPixels {
    let width: Int
    let height: Int
    let bytes: [UInt8]
    /// How many pixels of the sheet one of these stands for, in each direction.
    let scale: Int

    private static let longestSide = 1400

    init(width: Int, height: Int, bytes: [UInt8], scale: Int = 1) {
        (self.width, self.height, self.bytes, self.scale) = (width, height, bytes, scale)
    }

    /// Averages squares of pixels where the sheet is large.
    init(_ image: Image) {
        let scale = (max(image.width, image.height) + Self.longestSide - 1) / Self.longestSide
        let (width, height) = (image.width / scale, image.height / scale)
        guard scale > 1, width > 0, height > 0 else {
            self.init(width: image.width, height: image.height, bytes: image.bytes)
            return
        }
        var bytes = [UInt8](repeating: 0, count: width * height * 3)
        for row in 0..<height {
            for column in 0..<width {
                for channel in 0..<3 {
                    var sum = 0
                    for y in row * scale..<(row + 1) * scale {
                        for x in column * scale..<(column + 1) * scale {
                            sum += Int(image.bytes[(y * image.width + x) * 3 + channel])
                        }
                    }
                    bytes[(row * width + column) * 3 + channel] = UInt8(sum / (scale * scale))
                }
            }
        }
        self.init(width: width, height: height, bytes: bytes, scale: scale)
    }

    /// The greatest difference between two pixels in a channel.
    @inline(__always)
    func difference(_ a: Int, _ b: Int) -> Int {
        let (i, j) = (a * 3, b * 3)
        let red = abs(Int(bytes[i]) - Int(bytes[j]))
        let green = abs(Int(bytes[i + 1]) - Int(bytes[j + 1]))
        return max(red, max(green, abs(Int(bytes[i + 2]) - Int(bytes[j + 2]))))
    }

    /// How far apart the darkest and the brightest parts are, without the extremes.
    var range: Int {
        var counts = [Int](repeating: 0, count: 256)
        var total = 0
        for pixel in stride(from: 0, to: width * height, by: 3) {
            counts[Int(bytes[pixel * 3 + 1])] += 1
            total += 1
        }
        func level(_ share: Double) -> Int {
            var left = Int(Double(total) * share)
            for (value, count) in counts.enumerated() {
                left -= count
                if left < 0 { return value }
            }
            return 255
        }
        return level(0.98) - level(0.02)
    }

    /// From which difference on two neighbours are an edge.
    var edge: Int { min(max(range / 8, 8), 24) }
}

/// A part of the pixels.
struct SheetRegion: Hashable {
    var left: Int
    var top: Int
    var right: Int
    var bottom: Int

    var width: Int { right - left }
    var height: Int { bottom - top }
    var area: Int { width * height }

    /// Whether it touches no side of another.
    func isInside(_ other: SheetRegion) -> Bool {
        left > other.left && top > other.top && right < other.right && bottom < other.bottom
    }

    /// Whether it is all of another below a header.
    func isFoot(of other: SheetRegion) -> Bool {
        left == other.left && top > other.top && right == other.right && bottom == other.bottom
    }

    /// The region without a border.
    func inset(by border: Int) -> SheetRegion {
        SheetRegion(left: left + border, top: top + border, right: right - border, bottom: bottom - border)
    }
}
