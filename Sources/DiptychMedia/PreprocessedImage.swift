public import CKernels

/// An image file as a model sees it.
public struct PreprocessedImage: Sendable {
    /// float32 in the layout [3, height, width] of ``size``.
    public let pixels: [Float]
    /// The size of what the model sees.
    public let size: Preprocessing.Size
    /// The size of the image in its file, upright where the image is read upright.
    public let fullSize: Preprocessing.Size
}

extension Preprocessing {
    /// Decodes an image file and makes of it what the model sees.
    ///
    /// The same floats as ``pixels(of:instructions:)`` of ``ImageDecoder/decode(_:label:)``, sooner and in less memory: a
    /// image is resampled row by row while it is decoded, and stands in memory as a whole only where its decoder wants that.
    ///
    /// - Parameters:
    ///   - bytes: A whole file in one of the formats of ``ImageFormat``.
    ///   - label: What messages call these bytes.
    ///   - options: How it is read; ``readingOptions(_:)`` is applied.
    ///   - instructions: The widest instruction set to use. All give the same floats.
    /// - Throws: ``ImageError`` when the bytes are no image, damaged, beyond a limit, or too long and thin for the resize.
    public func preprocessed(
        _ bytes: [UInt8], label: String = "image", options: ImageOptions = ImageOptions(),
        instructions: diptych_isa = diptych_detected_isa()
    ) throws(ImageError) -> PreprocessedImage {
        let options = readingOptions(options)
        if filter != .nearest, resize != .none {
            let resized: (part: Image, fullSize: Size)?
            do throws(ImageError) {
                resized = try ImageDecoder(options: options).resized(
                    bytes, label: label, filter: filter, isAsStored: convention == .torchvision,
                    instructions: instructions
                ) { full throws(ImageError) in
                    _ = try checkedSize(of: full)
                    return plan(full).target
                }
            } catch { throw error.naming(label) }
            if let resized {
                let plan = plan(resized.fullSize), count = plan.size.width * plan.size.height * 3
                let pixels = [Float](unsafeUninitializedCapacity: count) { buffer, filled in
                    write(resized.part, plan, into: UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
                    filled = count
                }
                return PreprocessedImage(pixels: pixels, size: plan.size, fullSize: resized.fullSize)
            }
        }
        let image = try ImageDecoder(options: options).decode(bytes, label: label)
        do throws(ImageError) {
            return PreprocessedImage(
                pixels: try pixels(of: image, instructions: instructions), size: outputSize(of: image),
                fullSize: image.fullSize)
        } catch { throw error.naming(label) }
    }
}

extension Preprocessing {
    /// What the model sees of an image that is decoded already.
    ///
    /// - Throws: ``ImageError`` when it is too long and thin for the resize.
    package func preprocessed(_ image: Image) throws(ImageError) -> PreprocessedImage {
        PreprocessedImage(pixels: try pixels(of: image), size: outputSize(of: image), fullSize: image.fullSize)
    }
}
