internal import CKernels

extension Image {
    /// Resizes the image as Pillow resizes what the file holds, before any conversion to RGB: indexed colours by the nearest
    /// pixel, and colours with opacity premultiplied. The result is opaque RGB, as `convert("RGB")` then gives it.
    func resizedAsStored(
        width: Int, height: Int, keeping crop: Crop, filter: ResamplingFilter, instructions: diptych_isa
    ) throws(ImageError) -> Image {
        let filter = isIndexed ? .nearest : filter
        // Pillow leaves a picture of the wanted size alone, and a nearest pixel needs no premultiplication.
        guard let opacity, filter != .nearest, width != self.width || height != self.height else {
            return try resized(width: width, height: height, keeping: crop, filter: filter, instructions: instructions)
        }
        func resize(_ bytes: [UInt8]) throws(ImageError) -> Image {
            try Image(uncheckedWidth: self.width, height: self.height, bytes: bytes).resized(
                width: width, height: height, keeping: crop, filter: filter, instructions: instructions)
        }
        var colours = bytes
        for pixel in opacity.indices {
            for at in pixel * 3..<pixel * 3 + 3 { colours[at] = Self.scaled(bytes[at], by: opacity[pixel]) }
        }
        // The kernel has three channels; opacity fills them all.
        let thinned = try resize(colours), solid = try resize(opacity.flatMap { [$0, $0, $0] })
        var restored = thinned.bytes
        for at in restored.indices {
            let opacity = Int(solid.bytes[at])
            if opacity != 0, opacity != 255 { restored[at] = UInt8(min(255, 255 * Int(restored[at]) / opacity)) }
        }
        return Image(uncheckedWidth: thinned.width, height: thinned.height, bytes: restored)
    }

    /// `sample · opacity / 255`, rounded as Pillow rounds it.
    private static func scaled(_ sample: UInt8, by opacity: UInt8) -> UInt8 {
        let rounded = Int(sample) * Int(opacity) + 128
        return UInt8(((rounded >> 8) + rounded) >> 8)
    }
}
