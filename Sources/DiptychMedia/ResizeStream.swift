internal import CKernels

extension Image {
    /// What a resize makes of an image: its size, and the part of that which is wanted.
    struct Target {
        var width: Int
        var height: Int
        var crop: Crop
    }

    /// An upright image without its pixels.
    struct Frame {
        let width: Int
        let height: Int
        let reduction: Reduction?

        /// The numbers of a resize.
        ///
        /// - Throws: ``ImageError`` when a side is out of range or the result too large.
        func geometry(to target: Target) throws(ImageError) -> diptych_resize_geometry {
            let sides = 1...Int(clamping: UInt64(1) << 24), crop = target.crop
            let (pixels, overflow) = crop.width.multipliedReportingOverflow(by: crop.height)
            guard sides.contains(target.width), sides.contains(target.height), sides.contains(width),
                sides.contains(height), crop.x >= 0, crop.y >= 0, crop.width > 0, crop.height > 0,
                crop.x <= target.width - crop.width, crop.y <= target.height - crop.height, !overflow,
                pixels <= 1 << 28
            else {
                throw ImageError(
                    .invalidPixels, source: "image",
                    reason: "\(width) × \(height) cannot be resized to \(target.width) × \(target.height)")
            }
            let box = reduction?.box(width: width, height: height) ?? Box(width: width, height: height)
            return diptych_resize_geometry(
                in_width: width, in_height: height, box_x: box.x, box_y: box.y, box_width: box.width,
                box_height: box.height, out_width: target.width, out_height: target.height, crop_x: crop.x,
                crop_y: crop.y, crop_width: crop.width, crop_height: crop.height)
        }

        /// Begins to resample rows as they come, which may lie turned or mirrored; nil for what needs the whole image.
        func stream(
            to target: Target, orientation: Int, filter: ResamplingFilter, instructions: diptych_isa
        ) throws(ImageError) -> ResizeStream? {
            var geometry = try geometry(to: target)
            var status = DIPTYCH_RESIZE_DONE
            let usable = diptych_isa(min(instructions.rawValue, diptych_detected_isa().rawValue))
            let upright = (1...8).contains(orientation) ? orientation : 1
            guard
                let stream = diptych_resize_begin(
                    &geometry, Int32(upright), diptych_filter(UInt32(filter.rawValue)), usable, &status)
            else {
                guard status == DIPTYCH_RESIZE_OUT_OF_MEMORY else { return nil }
                throw target.noMemory
            }
            return ResizeStream(stream: stream, target: target)
        }
    }
}

extension Image.Target {
    /// What is thrown where memory runs out.
    var noMemory: ImageError {
        ImageError(.invalidPixels, source: "image", reason: "no memory to resize it to \(width) × \(height)")
    }
}

/// A resize under way, to which rows are given as they are decoded.
struct ResizeStream: ~Copyable {
    private let stream: OpaquePointer
    private let target: Image.Target

    fileprivate init(stream: OpaquePointer, target: Image.Target) {
        (self.stream, self.target) = (stream, target)
    }

    deinit { diptych_resize_discard(stream) }

    /// Decodes all rows and gives the resized, upright crop.
    consuming func image(of rows: any ImageRows) throws(ImageError) -> Image {
        while true {
            var count = 0
            guard let space = diptych_resize_space(stream, &count), count > 0 else { break }
            try rows.read(count, into: space, opacity: nil)
            guard diptych_resize_took(stream, count) == DIPTYCH_RESIZE_DONE else { throw target.noMemory }
        }
        let crop = target.crop, bytes = crop.width * crop.height * 3
        var isDone = false
        let pixels = [UInt8](unsafeUninitializedCapacity: bytes) { out, count in
            isDone = out.baseAddress.map { diptych_resize_end(stream, $0) == DIPTYCH_RESIZE_DONE } ?? false
            count = isDone ? bytes : 0
        }
        guard isDone else { throw target.noMemory }
        return Image(uncheckedWidth: crop.width, height: crop.height, bytes: pixels)
    }
}
