public import CKernels

/// The filters of a resize. The raw values are Pillow's, which `preprocessor_config.json` uses too.
public enum ResamplingFilter: Int, Sendable, Hashable, Codable, CaseIterable {
    /// The nearest pixel.
    case nearest = 0
    /// Lanczos, three lobes.
    case lanczos = 1
    /// The triangle filter.
    case bilinear = 2
    /// Keys' cubic with a = -0.5.
    case bicubic = 3
    /// The mean of the covered pixels.
    case box = 4
    /// A triangle under a Hamming window.
    case hamming = 5
}

extension Image {
    /// The part of a resized image that is wanted, in pixels of the resized image.
    struct Crop {
        var x: Int
        var y: Int
        var width: Int
        var height: Int
    }

    /// The image resampled to another size, equal to Pillow 13's `Image.resize` in every byte.
    ///
    /// An image that was decoded at a fraction of its size becomes what the whole would become, in the same places.
    ///
    /// - Parameters:
    ///   - width: Columns of the result, 1 to 16,777,216.
    ///   - height: Rows of the result, 1 to 16,777,216.
    ///   - filter: The filter; when shrinking, it widens to cover all source pixels.
    ///   - instructions: The widest instruction set to use. All give the same bytes.
    /// - Throws: ``ImageError`` when a side is out of range or memory runs out.
    public func resized(
        width: Int, height: Int, filter: ResamplingFilter = .bicubic,
        instructions: diptych_isa = diptych_detected_isa()
    ) throws(ImageError) -> Image {
        let whole = Crop(x: 0, y: 0, width: width, height: height)
        return try resized(width: width, height: height, keeping: whole, filter: filter, instructions: instructions)
    }

    /// Resizes and crops at once: only the pixels that the crop keeps are computed, and equal those of a full resize.
    func resized(
        width: Int, height: Int, keeping crop: Crop, filter: ResamplingFilter, instructions: diptych_isa
    ) throws(ImageError) -> Image {
        let target = Target(width: width, height: height, crop: crop)
        var geometry = try Frame(width: self.width, height: self.height, reduction: reduction).geometry(to: target)
        let pixels = crop.width * crop.height
        // A wider set than the processor has would stop the process.
        let usable = diptych_isa(min(instructions.rawValue, diptych_detected_isa().rawValue))
        var status = DIPTYCH_RESIZE_DONE
        let resized = [UInt8](unsafeUninitializedCapacity: pixels * 3) { out, count in
            status = bytes.withUnsafeBufferPointer { source in
                diptych_resize_rgb8(
                    source.baseAddress, out.baseAddress, &geometry, diptych_filter(UInt32(filter.rawValue)),
                    usable)
            }
            count = status == DIPTYCH_RESIZE_DONE ? pixels * 3 : 0
        }
        guard status == DIPTYCH_RESIZE_DONE else {
            throw target.noMemory
        }
        return Image(uncheckedWidth: crop.width, height: crop.height, bytes: resized)
    }
}
