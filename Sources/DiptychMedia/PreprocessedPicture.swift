public import CKernels

/// A picture file as a model sees it.
public struct PreprocessedPicture: Sendable {
    /// float32 in the layout [3, height, width] of ``size``.
    public let pixels: [Float]
    /// The size of what the model sees.
    public let size: Preprocessing.Size
    /// The size of the picture in its file, upright where the picture is read upright.
    public let fullSize: Preprocessing.Size
}

extension Preprocessing {
    /// Decodes a picture file and makes of it what the model sees.
    ///
    /// The same floats as ``pixels(of:instructions:)`` of ``PictureDecoder/decode(_:label:)``, sooner and in less memory: a
    /// picture is resampled row by row while it is decoded, and stands in memory as a whole only where its decoder wants that.
    ///
    /// - Parameters:
    ///   - bytes: A whole file in one of the formats of ``PictureFormat``.
    ///   - label: What messages call these bytes.
    ///   - options: How it is read; ``readingOptions(_:)`` is applied.
    ///   - instructions: The widest instruction set to use. All give the same floats.
    /// - Throws: ``PictureError`` when the bytes are no picture, damaged, beyond a limit, or too long and thin for the resize.
    public func preprocessed(
        _ bytes: [UInt8], label: String = "picture", options: PictureOptions = PictureOptions(),
        instructions: diptych_isa = diptych_detected_isa()
    ) throws(PictureError) -> PreprocessedPicture {
        let options = readingOptions(options)
        if filter != .nearest, resize != .none {
            let resized: (part: Picture, fullSize: Size)?
            do throws(PictureError) {
                resized = try PictureDecoder(options: options).resized(
                    bytes, label: label, filter: filter, isAsStored: convention == .torchvision,
                    instructions: instructions
                ) { full throws(PictureError) in
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
                return PreprocessedPicture(pixels: pixels, size: plan.size, fullSize: resized.fullSize)
            }
        }
        let picture = try PictureDecoder(options: options).decode(bytes, label: label)
        do throws(PictureError) {
            return PreprocessedPicture(
                pixels: try pixels(of: picture, instructions: instructions), size: outputSize(of: picture),
                fullSize: picture.fullSize)
        } catch { throw error.naming(label) }
    }
}
