import CVips
import Foundation

/// An 8-bit sRGB picture in memory: rows from the top, three bytes a pixel.
struct Pixels: Equatable {
    var width: Int
    var height: Int
    var bytes: [UInt8]
}

/// Turns SVG documents that this module wrote into pixels, and pixels into files, through libvips.
enum SVGRenderer {
    /// libvips is started once; every picture is rendered on its caller's thread, and nothing is cached.
    private static let isReady: Bool = {
        guard vips_init("diptych") == 0 else { return false }
        vips_concurrency_set(1)
        vips_cache_set_max(0)
        return true
    }()

    /// Renders a document on white.
    static func render(_ document: String) throws(PicturesError) -> Pixels {
        guard isReady else { throw .rendering(reason: "libvips does not start: \(reason())") }
        var source: UnsafeMutablePointer<VipsImage>?
        var flat: UnsafeMutablePointer<VipsImage>?
        defer {
            release(flat)
            release(source)
        }
        var text = document
        // The loader is lazy and reads the text again when pixels are asked for: all happens while it is borrowed.
        let bytes: [UInt8]? = text.withUTF8 { utf8 in
            guard diptych_vips_render_svg(utf8.baseAddress, utf8.count, &source) == 0,
                diptych_vips_flatten_white(source, &flat) == 0
            else { return nil }
            var size = 0
            guard let memory = vips_image_write_to_memory(flat, &size) else { return nil }
            defer { g_free(memory) }
            return [UInt8](UnsafeRawBufferPointer(start: memory, count: size))
        }
        guard let bytes, let flat else { throw .rendering(reason: reason()) }
        let width = Int(vips_image_get_width(flat))
        let height = Int(vips_image_get_height(flat))
        guard bytes.count == width * height * 3 else {
            throw .rendering(reason: "\(bytes.count) bytes for \(width) × \(height) pixels in sRGB")
        }
        return Pixels(width: width, height: height, bytes: bytes)
    }

    /// Writes a JPEG, or a PNG where `quality` is nil, replacing a file of that name.
    static func save(_ pixels: Pixels, to path: String, quality: Int?) throws(PicturesError) {
        guard isReady else { throw .rendering(reason: "libvips does not start: \(reason())") }
        let status: Int32? = pixels.bytes.withUnsafeBytes { bytes in
            guard
                let image = vips_image_new_from_memory(
                    bytes.baseAddress, bytes.count, Int32(pixels.width), Int32(pixels.height), 3, VIPS_FORMAT_UCHAR)
            else { return nil }
            defer { release(image) }
            // Pixels from memory carry no meaning of their own: without this a PNG would be written as multiband.
            image.pointee.Type = VIPS_INTERPRETATION_sRGB
            return quality.map { diptych_vips_save_jpeg(image, path, Int32($0)) } ?? diptych_vips_save_png(image, path)
        }
        guard status == 0 else {
            // A part of a picture must not look like one.
            unlink(path)
            throw .unwritable(path: path, reason: reason().replacingOccurrences(of: path + ": ", with: ""))
        }
    }

    private static func release(_ image: UnsafeMutablePointer<VipsImage>?) {
        if let image { g_object_unref(image) }
    }

    /// libvips' last message in one line.
    private static func reason() -> String {
        guard let buffer = vips_error_buffer_copy() else { return "no reason given" }
        defer { g_free(buffer) }
        let text = String(cString: buffer).split(whereSeparator: \.isNewline).joined(separator: "; ")
        return text.isEmpty ? "no reason given" : text
    }
}
