internal import CVips
internal import Synchronization

/// The rows of an image that libvips decodes. Pixels come out as the format's own library gives them; every conversion to RGB
/// is ours (``SampleLayout``), because libvips' conversions differ from Pillow's.
final class VipsRows: ImageRows {
    let width: Int
    let height: Int
    let hasOpacity: Bool
    private let image: UnsafeMutablePointer<VipsImage>
    private let region: UnsafeMutablePointer<VipsRegion>
    private let layout: SampleLayout
    private let errors: Vips.ErrorScope
    private let format: ImageFormat
    private let label: String
    private let options: ImageOptions
    private var strip: [UInt8] = []
    private var next = 0

    /// Reads the header, and checks the size in it before anything of that size is allocated.
    ///
    /// - Parameters:
    ///   - raw: The file, which must stay where it is.
    ///   - opacityIndex: The sample that holds the opacity, where the file says so.
    ///   - hasOpacity: Whether the file holds one for each pixel, and not a colour that counts as transparent.
    init(
        _ raw: UnsafeRawBufferPointer, format: ImageFormat, label: String, options: ImageOptions,
        opacityIndex: Int?? = nil, hasOpacity: Bool = true
    ) throws(ImageError) {
        try Vips.start(label)
        if format == .webp { try Self.checkCanvas(raw, label: label, options: options) }
        if format == .jxl, !Vips.readsJXL {
            throw ImageError(
                .unsupported, source: label,
                reason: "JPEG XL is not read by this system's libvips; install one that has libjxl, or save it as PNG")
        }
        let errors = Vips.ErrorScope()
        guard let image = Vips.open(raw, format, isTolerant: options.isTolerant) else {
            defer { errors.end() }
            throw Self.damaged(
                "its \(format.rawValue) header cannot be read", errors, label: label,
                hint: format == .png ? options.tolerantHint : "")
        }
        let (width, height) = (Int(vips_image_get_width(image)), Int(vips_image_get_height(image)))
        do throws(ImageError) {
            try options.check(width: width, height: height, label: label, format: format)
            guard let layout = SampleLayout(image: image, opacityIndex: opacityIndex) else {
                throw ImageError(
                    .unsupported, source: label,
                    reason:
                        "\(format.rawValue) in this colour space or sample type is not read; save it as 8-bit RGB")
            }
            guard let region = vips_region_new(image) else {
                throw ImageError(.unsupported, source: label, reason: "libvips has no memory for it")
            }
            (self.image, self.region, self.layout, self.errors) = (image, region, layout, errors)
        } catch {
            diptych_vips_release(image)
            errors.end()
            throw error
        }
        (self.width, self.height) = (width, height)
        (self.format, self.label, self.options) = (format, label, options)
        self.hasOpacity = hasOpacity && layout.opacityIndex != nil
    }

    deinit {
        diptych_vips_release(region)
        diptych_vips_release(image)
        errors.end()
    }

    func read(
        _ count: Int, into out: UnsafeMutablePointer<UInt8>, opacity: UnsafeMutablePointer<UInt8>?
    ) throws(ImageError) {
        if layout.isPlain {
            try copy(count, to: out)
            return
        }
        // Few rows at a time: samples may take eight times what comes out.
        let step = min(count, 64), rowBytes = width * layout.bytesPerPixel
        if strip.count < step * rowBytes { strip = [UInt8](repeating: 0, count: step * rowBytes) }
        var failure: ImageError?
        strip.withUnsafeMutableBufferPointer { strip in
            guard let samples = strip.baseAddress else { return }
            do throws(ImageError) {
                for top in stride(from: 0, to: count, by: step) {
                    let rows = min(step, count - top)
                    try copy(rows, to: samples)
                    layout.convert(
                        samples, pixels: rows * width, alpha: options.alpha, into: out + top * width * 3,
                        opacity: opacity.map { $0 + top * width })
                }
            } catch { failure = error }
        }
        if let failure { throw failure }
    }

    private func copy(_ count: Int, to out: UnsafeMutablePointer<UInt8>) throws(ImageError) {
        guard diptych_vips_copy_rows(region, Int32(next), Int32(count), out) == 0 else {
            let what = "its \(format.rawValue) data are damaged or end too early"
            throw Self.damaged(what, errors, label: label, hint: format == .png ? options.tolerantHint : "")
        }
        next += count
    }

    /// libvips allocates an animation's canvas while it reads the header, so its size is checked before: 24 bits each,
    /// less one, in the VP8X chunk that animations begin with.
    private static func checkCanvas(
        _ raw: UnsafeRawBufferPointer, label: String, options: ImageOptions
    ) throws(ImageError) {
        guard raw.count >= 30, raw[12..<16].elementsEqual("VP8X".utf8) else { return }
        func side(_ at: Int) -> Int { Int(raw[at]) | Int(raw[at + 1]) << 8 | Int(raw[at + 2]) << 16 }
        try options.check(width: side(24) + 1, height: side(27) + 1, label: label, format: .webp)
    }

    private static func damaged(
        _ what: String, _ errors: Vips.ErrorScope, label: String, hint: String = ""
    ) -> ImageError {
        ImageError(.damaged, source: label, reason: (errors.detail().map { "\(what) (\($0))" } ?? what) + hint)
    }
}

/// libvips' global state.
enum Vips {
    private static let startStatus = diptych_vips_start()

    /// Initialises libvips, once.
    static func start(_ label: String) throws(ImageError) {
        guard startStatus == 0 else {
            throw ImageError(.unsupported, source: label, reason: "libvips could not start; check its installation")
        }
    }

    /// Reads the header; nil when it cannot be read, and for what libvips is not used for. The caller releases the result.
    ///
    /// - Parameter isTolerant: Whether data that end too early are filled up.
    static func open(
        _ raw: UnsafeRawBufferPointer, _ format: ImageFormat, isTolerant: Bool = false
    ) -> UnsafeMutablePointer<VipsImage>? {
        let failure = isTolerant ? VIPS_FAIL_ON_NONE : VIPS_FAIL_ON_TRUNCATED
        return switch format {
        case .png: diptych_vips_open_png(raw.baseAddress, raw.count, failure)
        case .webp: diptych_vips_open_webp(raw.baseAddress, raw.count, failure)
        case .tiff: diptych_vips_open_tiff(raw.baseAddress, raw.count, failure)
        case .heic, .avif: diptych_vips_open_heif(raw.baseAddress, raw.count, failure)
        case .jxl: diptych_vips_open_jxl(raw.baseAddress, raw.count, failure)
        case .jpeg, .gif, .bmp, .pnm: nil
        }
    }

    /// Whether this libvips has a decoder of JPEG XL.
    static let readsJXL: Bool = startStatus == 0 && diptych_vips_has("jxlload_buffer") != 0

    private struct Users {
        var now = 0
        var mixed = false
    }

    private static let users = Mutex(Users())

    /// The time of one use of libvips. Its error text is one buffer for the whole process, so it is only believed
    /// when nobody else used the library meanwhile.
    struct ErrorScope {
        init() {
            Vips.users.withLock { users in
                if users.now == 0 {
                    vips_error_clear()
                    users.mixed = false
                } else {
                    users.mixed = true
                }
                users.now += 1
            }
        }

        func end() {
            Vips.users.withLock { $0.now -= 1 }
        }

        /// libvips' own first words about a failure, where they are certainly about this one.
        func detail() -> String? {
            Vips.users.withLock { users in
                guard !users.mixed, let buffer = vips_error_buffer_copy() else { return nil }
                defer { g_free(buffer) }
                return String(cString: buffer).split(separator: "\n").first.map(String.init)
            }
        }
    }
}
