internal import CVips

extension Image {
    /// The image as a JPEG file's bytes.
    ///
    /// - Parameter quality: 1 to 100.
    /// - Throws: ``ImageError`` when libvips cannot encode it (JPEG sides end at 65,535).
    public func jpeg(quality: Int = 85) throws(ImageError) -> [UInt8] {
        let quality = Int32(min(max(quality, 1), 100))
        return try encoded("JPEG") { image, bytes, count in
            diptych_vips_save_jpeg_buffer(image, bytes, count, quality)
        }
    }

    /// The image as a PNG file's bytes.
    ///
    /// - Throws: ``ImageError`` when libvips cannot encode it.
    public func png() throws(ImageError) -> [UInt8] {
        try encoded("PNG") { image, bytes, count in diptych_vips_save_png_buffer(image, bytes, count) }
    }

    /// Writes the image as a JPEG file, as a whole or not at all.
    ///
    /// - Parameters:
    ///   - path: The file; an existing one is replaced.
    ///   - quality: 1 to 100.
    /// - Throws: ``ImageError`` when it cannot be encoded or written.
    public func writeJPEG(to path: String, quality: Int = 85) throws(ImageError) {
        try writeFile(jpeg(quality: quality), to: path)
    }

    /// Writes the image as a PNG file, as a whole or not at all.
    ///
    /// - Parameter path: The file; an existing one is replaced.
    /// - Throws: ``ImageError`` when it cannot be encoded or written.
    public func writePNG(to path: String) throws(ImageError) {
        try writeFile(png(), to: path)
    }

    private func encoded(
        _ format: String,
        by save: (
            UnsafeMutablePointer<VipsImage>, UnsafeMutablePointer<UnsafeMutableRawPointer?>, UnsafeMutablePointer<Int>
        ) -> Int32
    ) throws(ImageError) -> [UInt8] {
        try Vips.start("image")
        var failure: ImageError?
        let file = bytes.withUnsafeBytes { raw -> [UInt8] in
            let errors = Vips.ErrorScope()
            defer { errors.end() }
            var saved: UnsafeMutableRawPointer?
            var count = 0
            // Beyond the longest side of libvips it would take another size, and save that.
            if width <= Int(VIPS_MAX_COORD), height <= Int(VIPS_MAX_COORD),
                let image = diptych_vips_wrap_rgb(raw.baseAddress, raw.count, Int32(width), Int32(height))
            {
                defer { diptych_vips_release(image) }
                if save(image, &saved, &count) == 0, let saved {
                    defer { g_free(saved) }
                    return Array(UnsafeRawBufferPointer(start: saved, count: count))
                }
            }
            failure = ImageError(
                .unsupported, source: "image",
                reason:
                    "\(width) × \(height) pixels cannot be saved as \(format) (\(errors.detail() ?? "libvips failed"))")
            return []
        }
        if let failure { throw failure }
        return file
    }
}

/// Images that this project draws itself, as SVG documents.
package enum SVGImage {
    /// Renders an SVG document on white. The document must be ours: libvips reads user's SVG never.
    ///
    /// - Throws: ``ImageError`` when it cannot be rendered.
    package static func render(svg: String) throws(ImageError) -> Image {
        try Vips.start("drawing")
        let document = Array(svg.utf8)
        let outcome = document.withUnsafeBytes { raw in
            Result { () throws(ImageError) in try render(raw) }
        }
        return try outcome.get()
    }

    private static func render(_ document: UnsafeRawBufferPointer) throws(ImageError) -> Image {
        let errors = Vips.ErrorScope()
        defer { errors.end() }
        func failed() -> ImageError {
            ImageError(.damaged, source: "drawing", reason: errors.detail() ?? "libvips cannot render this SVG")
        }
        var rendered: UnsafeMutablePointer<VipsImage>?
        guard diptych_vips_render_svg(document.baseAddress, document.count, &rendered) == 0, let rendered else {
            throw failed()
        }
        defer { diptych_vips_release(rendered) }
        var flat: UnsafeMutablePointer<VipsImage>?
        guard diptych_vips_flatten_white(rendered, &flat) == 0, let flat else { throw failed() }
        defer { diptych_vips_release(flat) }
        let width = Int(vips_image_get_width(flat)), height = Int(vips_image_get_height(flat))
        guard let region = vips_region_new(flat), vips_image_get_bands(flat) == 3,
            vips_image_get_format(flat) == VIPS_FORMAT_UCHAR
        else { throw failed() }
        defer { diptych_vips_release(region) }
        var status: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: width * height * 3) { out, count in
            status = diptych_vips_copy_rows(region, 0, Int32(height), out.baseAddress)
            count = status == 0 ? width * height * 3 : 0
        }
        guard status == 0 else { throw failed() }
        return Image(uncheckedWidth: width, height: height, bytes: bytes)
    }
}
