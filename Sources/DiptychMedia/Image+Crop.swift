extension Image {
    /// A rectangle of the image. Its edges are rounded to whole pixels as Pillow's `Image.crop` rounds them, half to even, and it
    /// is at least one pixel wide and high.
    ///
    /// - Parameters:
    ///   - x: columns left of it.
    ///   - y: rows above it.
    ///   - width: its columns.
    ///   - height: its rows.
    /// - Throws: ``ImageError`` where it does not lie in the image.
    public func cropped(x: Double, y: Double, width: Double, height: Double) throws(ImageError) -> Image {
        let limit = Double(Swift.max(self.width, self.height))
        guard x >= 0, y >= 0, width > 0, height > 0, x + width <= limit, y + height <= limit else {
            throw outside(x, y, width, height)
        }
        let (left, top) = (Int(x.rounded(.toNearestOrEven)), Int(y.rounded(.toNearestOrEven)))
        let right = Swift.max(left + 1, Int((x + width).rounded(.toNearestOrEven)))
        let bottom = Swift.max(top + 1, Int((y + height).rounded(.toNearestOrEven)))
        guard right <= self.width, bottom <= self.height else { throw outside(x, y, width, height) }
        func rows(_ samples: [UInt8], _ each: Int) -> [UInt8] {
            var part: [UInt8] = []
            part.reserveCapacity((right - left) * (bottom - top) * each)
            for row in top..<bottom {
                let start = row * self.width
                part += samples[(start + left) * each..<(start + right) * each]
            }
            return part
        }
        return Image(
            uncheckedWidth: right - left, height: bottom - top, bytes: rows(bytes, 3),
            opacity: opacity.map { rows($0, 1) }, isIndexed: isIndexed)
    }

    private func outside(_ x: Double, _ y: Double, _ width: Double, _ height: Double) -> ImageError {
        ImageError(
            .invalidPixels, source: "image",
            reason:
                "the box [\(x), \(y), \(width), \(height)] does not lie in its \(self.width) × \(self.height) pixels")
    }
}
