extension Image {
    /// The image turned upright.
    ///
    /// - Parameter orientation: The EXIF value; 1 and values outside 1 to 8 leave the image as it is.
    func oriented(_ orientation: Int) -> Image {
        guard (2...8).contains(orientation) else { return self }
        let turned = orientation >= 5
        let outWidth = turned ? height : width, outHeight = turned ? width : height
        // The output is filled row by row; the source starts at `origin` and moves by `step` for each pixel and by
        // `rowStep` for each row, all in pixels.
        let (right, down, last) = (1, width, width * height - 1)
        let (origin, step, rowStep) =
            switch orientation {
            case 2: (width - 1, -right, down)
            case 3: (last, -right, -down)
            case 4: (last - width + 1, right, -down)
            case 5: (0, down, right)
            case 6: (last - width + 1, -down, right)
            case 7: (last, -down, -right)
            default: (width - 1, down, -right)
            }
        let upright = [UInt8](unsafeUninitializedCapacity: bytes.count) { out, count in
            bytes.withUnsafeBufferPointer { source in
                var at = 0
                for y in 0..<outHeight {
                    var pixel = origin + y * rowStep
                    for _ in 0..<outWidth {
                        out[at] = source[pixel * 3]
                        out[at + 1] = source[pixel * 3 + 1]
                        out[at + 2] = source[pixel * 3 + 2]
                        at += 3
                        pixel += step
                    }
                }
            }
            count = bytes.count
        }
        let opacity = self.opacity.map { opacity in
            (0..<outHeight).flatMap { y in (0..<outWidth).map { opacity[origin + y * rowStep + $0 * step] } }
        }
        return Image(
            uncheckedWidth: outWidth, height: outHeight, bytes: upright, opacity: opacity, isIndexed: isIndexed,
            reduction: reduction?.oriented(orientation))
    }
}
