extension Image {
    /// The image resized as OpenCV's `resize` does by default: bilinear between pixel centres, without smoothing before an image
    /// shrinks, in fixed point of 11 bits.
    ///
    /// - Parameters:
    ///   - width: 1 to 16,384.
    ///   - height: 1 to 16,384.
    public func resizedAsOpenCV(width: Int, height: Int) -> Image {
        precondition((1...16_384).contains(width) && (1...16_384).contains(height), "a side of 1 to 16384 pixels")
        guard width != self.width || height != self.height else { return self }
        let across = LinearTaps(from: self.width, to: width), down = LinearTaps(from: self.height, to: height)
        var (upper, lower) = ([Int32](repeating: 0, count: 3 * width), [Int32](repeating: 0, count: 3 * width))
        let resized = bytes.withUnsafeBufferPointer { source in
            [UInt8](unsafeUninitializedCapacity: 3 * width * height) { out, count in
                func fill(_ row: inout [Int32], _ y: Int) {
                    let start = y * self.width * 3
                    for x in 0..<width {
                        let (a, b) = (start + 3 * across.first[x], start + 3 * across.second[x])
                        let (u, v) = (across.weight[x].0, across.weight[x].1)
                        for c in 0..<3 { row[3 * x + c] = Int32(source[a + c]) * u + Int32(source[b + c]) * v }
                    }
                }
                for y in 0..<height {
                    fill(&upper, down.first[y])
                    fill(&lower, down.second[y])
                    let (u, v) = down.weight[y]
                    for i in 0..<3 * width {
                        let sum = ((u * (upper[i] >> 4)) >> 16) + ((v * (lower[i] >> 4)) >> 16)
                        out[y * 3 * width + i] = UInt8(clamping: (sum + 2) >> 2)
                    }
                }
                count = 3 * width * height
            }
        }
        return Image(uncheckedWidth: width, height: height, bytes: resized)
    }
}

/// The two samples that each new one lies between, and their shares of 2,048.
private struct LinearTaps {
    var first: [Int] = []
    var second: [Int] = []
    var weight: [(Int32, Int32)] = []

    init(from old: Int, to new: Int) {
        let scale = Double(old) / Double(new)
        for i in 0..<new {
            let place = Float((Double(i) + 0.5) * scale - 0.5)
            var index = Int(place.rounded(.down))
            var share = place - Float(index)
            if index < 0 { (index, share) = (0, 0) }
            if index >= old - 1 { (index, share) = (old - 1, 0) }
            first.append(index)
            second.append(min(index + 1, old - 1))
            weight.append(
                (Int32(((1 - share) * 2048).rounded(.toNearestOrEven)), Int32((share * 2048).rounded(.toNearestOrEven)))
            )
        }
    }
}
