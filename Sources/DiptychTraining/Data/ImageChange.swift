package import DiptychMedia
internal import Foundation

/// A change of an image as Pillow makes it: what policies of augmentation are made of.
package enum ImageChange: Sendable, Hashable {
    /// The `bits` highest bits of each sample (`ImageOps.posterize`).
    case posterize(bits: Int)
    /// Samples from `threshold` on, inverted (`ImageOps.solarize`).
    case solarize(threshold: Int)
    /// Each channel stretched to the whole range (`ImageOps.autocontrast`).
    case autoContrast
    /// Each channel's histogram made even (`ImageOps.equalize`).
    case equalize
    /// Each sample inverted (`ImageOps.invert`).
    case invert
    /// Between grey, 0, and the image, 1, or beyond (`ImageEnhance.Color`).
    case color(Double)
    /// Between its mean brightness, 0, and the image, 1, or beyond (`ImageEnhance.Contrast`).
    case contrast(Double)
    /// Between a smoothed image, 0, and the image, 1, or beyond (`ImageEnhance.Sharpness`).
    case sharpness(Double)
    /// Turned by degrees against the clock about its middle, bicubic.
    case rotate(Double)
    /// Columns moved by a share of their row, bicubic.
    case shear(Double)

    /// The mean of CLIP's images, which fills corners.
    private static let fill: [UInt8] = [123, 117, 104]

    /// The image, changed: of the same size.
    package func applied(to image: Image) throws -> Image {
        let bytes = image.bytes
        switch self {
        case .posterize(let bits):
            let mask = UInt8(truncatingIfNeeded: 0xFF << (8 - max(1, min(8, bits))))
            return try image.with(bytes.map { $0 & mask })
        case .solarize(let threshold): return try image.with(bytes.map { Int($0) < threshold ? $0 : 255 - $0 })
        case .invert: return try image.with(bytes.map { 255 - $0 })
        case .autoContrast: return try image.mapped(Self.stretched)
        case .equalize: return try image.mapped(Self.even)
        case .color(let factor): return try image.blended(with: image.grey.flatMap { [$0, $0, $0] }, factor)
        case .contrast(let factor):
            let grey = image.grey
            let mean = grey.reduce(0) { $0 + Double($1) } / Double(grey.count)
            return try image.blended(with: [UInt8](repeating: UInt8(mean + 0.5), count: bytes.count), factor)
        case .sharpness(let factor): return try image.blended(with: image.smoothed, factor)
        case .rotate(let degrees):
            let angle = -degrees * Double.pi / 180
            func rounded(_ value: Double) -> Double { (value * 1e15).rounded(.toNearestOrEven) / 1e15 }
            let (a, b, d, e) = (rounded(cos(angle)), rounded(sin(angle)), rounded(-sin(angle)), rounded(cos(angle)))
            let (x, y) = (Double(image.width) / 2, Double(image.height) / 2)
            return try image.transformed([a, b, x - a * x - b * y, d, e, y - d * x - e * y], fill: Self.fill)
        case .shear(let factor): return try image.transformed([1, factor, 0, 0, 1, 0], fill: Self.fill)
        }
    }

    private static func stretched(_ histogram: [Int]) -> [UInt8]? {
        guard let low = histogram.firstIndex(where: { $0 > 0 }), let high = histogram.lastIndex(where: { $0 > 0 }),
            high > low
        else { return nil }
        let scale = 255 / Double(high - low)
        return (0..<256).map {
            UInt8(max(0, min(255, (Double($0) * scale - Double(low) * scale).rounded(.towardZero))))
        }
    }

    private static func even(_ histogram: [Int]) -> [UInt8]? {
        let used = histogram.filter { $0 > 0 }
        guard used.count > 1, let last = used.last else { return nil }
        let step = (used.reduce(0, +) - last) / 255
        guard step > 0 else { return nil }
        var sum = step / 2
        return histogram.map { count in
            defer { sum += count }
            return UInt8(min(255, sum / step))
        }
    }
}

extension Image {
    fileprivate func with(_ bytes: [UInt8]) throws -> Image { try Image(width: width, height: height, bytes: bytes) }

    /// Left and right exchanged.
    package func mirrored() throws -> Image {
        var result = bytes
        for row in 0..<height {
            for column in 0..<width {
                for channel in 0..<3 {
                    result[(row * width + column) * 3 + channel] =
                        bytes[(row * width + width - 1 - column) * 3 + channel]
                }
            }
        }
        return try with(result)
    }

    /// Each channel through the table that `table` makes of its histogram, or as it is.
    fileprivate func mapped(_ table: ([Int]) -> [UInt8]?) throws -> Image {
        var result = bytes
        for channel in 0..<3 {
            var histogram = [Int](repeating: 0, count: 256)
            for place in stride(from: channel, to: bytes.count, by: 3) { histogram[Int(bytes[place])] += 1 }
            guard let table = table(histogram) else { continue }
            for place in stride(from: channel, to: bytes.count, by: 3) { result[place] = table[Int(bytes[place])] }
        }
        return try with(result)
    }

    /// The brightness of each pixel, as Pillow's mode L has it (ITU-R 601-2).
    fileprivate var grey: [UInt8] {
        stride(from: 0, to: bytes.count, by: 3).map { place in
            let (red, green, blue) = (Int(bytes[place]), Int(bytes[place + 1]), Int(bytes[place + 2]))
            return UInt8((red * 19_595 + green * 38_470 + blue * 7471 + 0x8000) >> 16)
        }
    }

    /// other + factor · (image − other), as `Image.blend` rounds it.
    fileprivate func blended(with other: [UInt8], _ factor: Double) throws -> Image {
        let factor = Float(factor)
        return try with(
            zip(other, bytes).map { other, own in
                let value = Float(other) + factor * Float(Int(own) - Int(other))
                return value <= 0 ? 0 : value >= 255 ? 255 : UInt8(value)
            })
    }

    /// Through Pillow's `ImageFilter.SMOOTH`; the outermost pixels stay.
    fileprivate var smoothed: [UInt8] {
        var result = bytes
        guard width > 2, height > 2 else { return result }
        let kernel: [Float] = [1, 1, 1, 1, 5, 1, 1, 1, 1].map { $0 / 13 }
        for row in 1..<(height - 1) {
            for column in 1..<(width - 1) {
                for channel in 0..<3 {
                    var sum: Float = 0.5
                    for (place, weight) in kernel.enumerated() {
                        let (y, x) = (row + 1 - place / 3, column + place % 3 - 1)
                        sum += weight * Float(bytes[(y * width + x) * 3 + channel])
                    }
                    result[(row * width + column) * 3 + channel] = UInt8(max(0, min(255, sum)))
                }
            }
        }
        return result
    }

    /// The image behind an affine map of the result's places, interpolated as Pillow's `Image.transform` does by BICUBIC.
    fileprivate func transformed(_ matrix: [Double], fill: [UInt8]) throws -> Image {
        var result = [UInt8](repeating: 0, count: bytes.count)
        func clamped(_ value: Int, _ count: Int) -> Int { max(0, min(count - 1, value)) }
        func cubic(_ v: (Double, Double, Double, Double), _ d: Double) -> Double {
            let (p1, p2) = (v.1, -v.0 + v.2)
            let (p3, p4) = (2 * (v.0 - v.1) + v.2 - v.3, -v.0 + v.1 - v.2 + v.3)
            return p1 + d * (p2 + d * (p3 + d * p4))
        }
        for row in 0..<height {
            for column in 0..<width {
                let (x, y) = (Double(column) + 0.5, Double(row) + 0.5)
                let (sourceX, sourceY) = (
                    matrix[0] * x + matrix[1] * y + matrix[2], matrix[3] * x + matrix[4] * y + matrix[5]
                )
                let target = (row * width + column) * 3
                guard sourceX >= 0, sourceX < Double(width), sourceY >= 0, sourceY < Double(height) else {
                    result.replaceSubrange(target..<(target + 3), with: fill)
                    continue
                }
                let (left, top) = ((sourceX - 0.5).rounded(.down), (sourceY - 0.5).rounded(.down))
                let (dx, dy) = (sourceX - 0.5 - left, sourceY - 0.5 - top)
                let (first, line) = (Int(left) - 1, Int(top) - 1)
                for channel in 0..<3 {
                    func sample(_ i: Int, _ j: Int) -> Double {
                        Double(bytes[(clamped(line + j, height) * width + clamped(first + i, width)) * 3 + channel])
                    }
                    func across(_ j: Int) -> Double {
                        cubic((sample(0, j), sample(1, j), sample(2, j), sample(3, j)), dx)
                    }
                    let value = cubic((across(0), across(1), across(2), across(3)), dy)
                    result[target + channel] = value <= 0 ? 0 : value >= 255 ? 255 : UInt8(value)
                }
            }
        }
        return try with(result)
    }
}
