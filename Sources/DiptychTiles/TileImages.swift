public import DiptychMedia

extension TileLayout {
    /// Some of the tiles as images: straightened where the sheet is askew, and with their contrast restored where the sheet has
    /// little.
    ///
    /// - Parameter range: which of ``boxes``.
    /// - Throws: `ImageError` where a box is outside the sheet.
    public func images(of sheet: Image, _ range: Range<Int>) throws(ImageError) -> [Image] {
        let levels = ContrastLevels(of: sheet)
        var images: [Image] = []
        for index in range {
            let image: Image
            if let upright {
                let tile = upright.tile(index, of: sheet.bytes, width: sheet.width, height: sheet.height)
                image = try Image(width: tile.width, height: tile.height, bytes: tile.bytes)
            } else {
                let box = boxes[index]
                image = try sheet.cropped(
                    x: Double(box.x), y: Double(box.y), width: Double(box.width), height: Double(box.height))
            }
            images.append(try levels?.stretched(image) ?? image)
        }
        return images
    }
}

/// The darkest and the brightest of a sheet of little contrast.
private struct ContrastLevels {
    let low: Int
    let high: Int

    /// Sheets whose levels are further apart stay as they are.
    private static let enough = 150

    /// nil where the contrast is fine, or there is next to none.
    init?(of sheet: Image) {
        var counts = [Int](repeating: 0, count: 256)
        let step = max(1, sheet.bytes.count / 3_000_000) * 3 + 1
        var total = 0
        for index in stride(from: 0, to: sheet.bytes.count, by: step) {
            counts[Int(sheet.bytes[index])] += 1
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
        (low, high) = (level(0.002), level(0.998))
        guard high - low < Self.enough, high - low >= 24 else { return nil }
    }

    func stretched(_ image: Image) throws(ImageError) -> Image {
        let table = (0..<256).map { UInt8(min(max(($0 - low) * 255 / (high - low), 0), 255)) }
        return try Image(width: image.width, height: image.height, bytes: image.bytes.map { table[Int($0)] })
    }
}
