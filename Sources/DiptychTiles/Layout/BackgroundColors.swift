/// What could be the colour between tiles: that of rows and columns which are almost one colour.
struct BackgroundColor: Hashable {
    let red: Int
    let green: Int
    let blue: Int

    /// The colours of a region's uniform rows and columns, those of most first.
    static func candidates(_ pixels: SheetPixels, in region: SheetRegion, tolerance: Int) -> [BackgroundColor] {
        var groups: [(color: BackgroundColor, count: Int)] = []
        func add(_ first: Int, _ stride: Int, _ count: Int) {
            guard let color = uniform(pixels, first, stride, count, tolerance) else { return }
            if let known = groups.firstIndex(where: { $0.color.distance(to: color) <= tolerance }) {
                groups[known].count += 1
            } else if groups.count < 40 {
                groups.append((color, 1))
            }
        }
        for row in region.top..<region.bottom { add(row * pixels.width + region.left, 1, region.width) }
        for column in region.left..<region.right {
            add(region.top * pixels.width + column, pixels.width, region.height)
        }
        return groups.sorted { $0.count > $1.count }.prefix(6).map(\.color)
    }

    /// The median colour of a line of pixels where nearly all are near it.
    private static func uniform(
        _ pixels: SheetPixels, _ first: Int, _ stride: Int, _ count: Int, _ tolerance: Int
    ) -> BackgroundColor? {
        let step = max(1, count / 160)
        var places: [Int] = []
        for index in Swift.stride(from: 0, to: count, by: step) { places.append((first + index * stride) * 3) }
        func median(_ channel: Int) -> Int {
            var counts = [UInt16](repeating: 0, count: 256)
            for place in places { counts[Int(pixels.bytes[place + channel])] += 1 }
            var left = places.count / 2
            for value in 0..<256 {
                left -= Int(counts[value])
                if left < 0 { return value }
            }
            return 255
        }
        let color = BackgroundColor(red: median(0), green: median(1), blue: median(2))
        let near = places.count { color.distance(pixels.bytes, $0) <= tolerance }
        return near * 100 >= places.count * 78 ? color : nil
    }

    func distance(to other: BackgroundColor) -> Int {
        max(abs(red - other.red), max(abs(green - other.green), abs(blue - other.blue)))
    }

    @inline(__always)
    func distance(_ bytes: [UInt8], _ at: Int) -> Int {
        max(
            abs(Int(bytes[at]) - red), max(abs(Int(bytes[at + 1]) - green), abs(Int(bytes[at + 2]) - blue)))
    }

    /// Which pixels are of another colour, as sums over rectangles.
    ///
    /// - Parameter isLit: Whether the light may be a fifth stronger or weaker in places, as in photographs.
    func others(_ pixels: SheetPixels, in region: SheetRegion, tolerance: Int, isLit: Bool) -> AreaSums {
        AreaSums(region) { x, y in
            let at = (y * pixels.width + x) * 3
            let difference = distance(pixels.bytes, at)
            guard isLit, difference > tolerance else { return difference > tolerance }
            let (r, g, b) = (Int(pixels.bytes[at]), Int(pixels.bytes[at + 1]), Int(pixels.bytes[at + 2]))
            let length = red * red + green * green + blue * blue
            guard length > 0 else { return true }
            // In 256ths.
            let light = min(max((r * red + g * green + b * blue) * 256 / length, 205), 307)
            let rest = max(
                abs(r - red * light / 256), max(abs(g - green * light / 256), abs(b - blue * light / 256)))
            return rest > tolerance
        }
    }
}

/// How many pixels of any rectangle have a property.
struct AreaSums {
    private let region: SheetRegion
    private let stride: Int
    private var sums: [Int32]

    init(_ region: SheetRegion, _ has: (_ x: Int, _ y: Int) -> Bool) {
        self.region = region
        stride = region.width + 1
        sums = [Int32](repeating: 0, count: stride * (region.height + 1))
        for y in 0..<region.height {
            var row: Int32 = 0
            for x in 0..<region.width {
                if has(region.left + x, region.top + y) { row += 1 }
                sums[(y + 1) * stride + x + 1] = sums[y * stride + x + 1] + row
            }
        }
    }

    /// The share of a rectangle's pixels, which is cut at the region's border; 0 where nothing is left.
    func share(_ part: SheetRegion) -> Double {
        let (left, right) = (max(part.left, region.left) - region.left, min(part.right, region.right) - region.left)
        let (top, bottom) = (max(part.top, region.top) - region.top, min(part.bottom, region.bottom) - region.top)
        guard left < right, top < bottom else { return 0 }
        let sum =
            sums[bottom * stride + right] - sums[top * stride + right] - sums[bottom * stride + left]
            + sums[top * stride + left]
        return Double(sum) / Double((right - left) * (bottom - top))
    }
}
