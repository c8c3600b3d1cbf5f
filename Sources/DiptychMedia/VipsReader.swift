internal import CKernels
internal import CVips
internal import Synchronization

/// Decodes the formats that libvips reads. Pixels come out as the format's own library gives them; every conversion to
/// RGB is ours (``SampleLayout``), because libvips' conversions differ from Pillow's.
struct VipsReader {
    let format: PictureFormat
    let label: String
    let options: PictureOptions

    func picture(_ bytes: [UInt8]) throws(PictureError) -> Picture {
        try reading(bytes) { opened, raw, errors throws(PictureError) in
            if opened.isPlainJPEG, let jpeg = try JPEGRows(raw, shrink: opened.factor, label: label) {
                return opened.picture(try jpeg.everything()).oriented(opened.orientation)
            }
            return try picture(
                opened, errors, isIndexed: StoredMode.isIndexed(bytes, format: format),
                hasOpacity: StoredMode.hasOpacity(bytes, format: format))
        }
    }

    /// A JPEG picture resampled while it is decoded, so that it is never in memory as a whole: what ``picture(_:)`` and
    /// ``Picture/resized(width:height:keeping:filter:instructions:)`` would give of it. Nil where only these can do it.
    ///
    /// - Parameter plan: What becomes of an upright picture of this size.
    func resized(
        _ bytes: [UInt8], filter: ResamplingFilter, instructions: diptych_isa,
        to plan: (Preprocessing.Size) throws(PictureError) -> Picture.Target
    ) throws(PictureError) -> (part: Picture, fullSize: Preprocessing.Size)? {
        guard format == .jpeg else { return nil }
        return try reading(bytes) { opened, raw, _ throws(PictureError) in
            guard opened.isPlainJPEG else { return nil }
            let fullSize = opened.uprightSize
            let target = try plan(fullSize)
            guard
                let stream = try opened.frame.stream(
                    to: target, orientation: opened.orientation, filter: filter, instructions: instructions),
                let jpeg = try JPEGRows(raw, shrink: opened.factor, label: label)
            else { return nil }
            return (try stream.picture(of: jpeg), fullSize)
        }
    }

    /// What a header says, of a picture whose size has been allowed.
    private struct Opened {
        let image: UnsafeMutablePointer<VipsImage>
        let layout: SampleLayout
        /// What will be decoded, as it lies in the file.
        let width: Int
        let height: Int
        let full: Preprocessing.Size
        let factor: Int
        let orientation: Int
        let isPlainJPEG: Bool

        private var reduction: Picture.Reduction? {
            factor == 1 ? nil : Picture.Reduction(width: full.width, height: full.height, factor: factor)
        }

        func picture(_ pixels: [UInt8], opacity: [UInt8]? = nil, isIndexed: Bool = false) -> Picture {
            Picture(
                uncheckedWidth: width, height: height, bytes: pixels, opacity: opacity, isIndexed: isIndexed,
                reduction: reduction)
        }

        private var isTurned: Bool { (5...8).contains(orientation) }

        /// The size of the whole picture, upright.
        var uprightSize: Preprocessing.Size {
            isTurned ? Preprocessing.Size(width: full.height, height: full.width) : full
        }

        /// The upright picture without its pixels.
        var frame: Picture.Frame {
            Picture.Frame(
                width: isTurned ? height : width, height: isTurned ? width : height,
                reduction: (2...8).contains(orientation) ? reduction?.oriented(orientation) : reduction)
        }
    }

    /// Opens a file, and checks its size before anything of that size is allocated.
    private func reading<T>(
        _ bytes: [UInt8],
        _ body: (Opened, UnsafeRawBufferPointer, Vips.ErrorScope) throws(PictureError) -> T
    ) throws(PictureError) -> T {
        try Vips.start(label)
        if format == .webp { try checkCanvas(bytes) }
        let bytes = format == .png ? PNGTexts.left(of: bytes) : bytes
        return try bytes.withUnsafeBytes { raw in
            Result { () throws(PictureError) in try opened(raw, body) }
        }.get()
    }

    private func opened<T>(
        _ raw: UnsafeRawBufferPointer,
        _ body: (Opened, UnsafeRawBufferPointer, Vips.ErrorScope) throws(PictureError) -> T
    ) throws(PictureError) -> T {
        let errors = Vips.ErrorScope()
        defer { errors.end() }
        let whole = try open(raw, shrink: 1, errors)
        var opened = [whole]
        defer { for image in opened { diptych_vips_release(image) } }
        let full = Preprocessing.Size(
            width: Int(vips_image_get_width(whole)), height: Int(vips_image_get_height(whole)))
        try options.check(width: full.width, height: full.height, label: label, format: format)

        let orientation = options.appliesOrientation ? Int(vips_image_get_orientation(whole)) : 1
        let factor =
            format == .jpeg
            ? options.reduction(width: full.width, height: full.height, isTurned: orientation >= 5) : 1
        // Only headers have been read so far, so opening once more costs little.
        let image = factor == 1 ? whole : try open(raw, shrink: factor, errors)
        if factor > 1 { opened.append(image) }
        let width = Int(vips_image_get_width(image)), height = Int(vips_image_get_height(image))
        // libjpeg rounds sides up, libvips down: of the last pixels only a part would lie in the picture.
        guard width > 0, height > 0, abs(width * factor - full.width) < factor,
            abs(height * factor - full.height) < factor
        else {
            throw PictureError(
                .unsupported, source: label,
                reason: "libvips cannot decode it at 1/\(factor) of its size; decode exactly")
        }
        guard let layout = SampleLayout(image: image) else {
            throw PictureError(
                .unsupported, source: label,
                reason: "\(format.rawValue) in this colour space or sample type is not read; save it as 8-bit RGB")
        }
        var isPlainJPEG = false
        if format == .jpeg, case .rgb(channels: 3) = layout {
            isPlainJPEG = width == max(1, full.width / factor) && height == max(1, full.height / factor)
        }
        return try body(
            Opened(
                image: image, layout: layout, width: width, height: height, full: full, factor: factor,
                orientation: orientation, isPlainJPEG: isPlainJPEG), raw, errors)
    }

    /// The pixels as libvips decodes them.
    private func picture(
        _ opened: Opened, _ errors: Vips.ErrorScope, isIndexed: Bool, hasOpacity: Bool
    ) throws(PictureError) -> Picture {
        let (width, height, layout) = (opened.width, opened.height, opened.layout)
        guard let region = vips_region_new(opened.image) else {
            throw damaged("libvips could not begin to decode it", errors)
        }
        defer { diptych_vips_release(region) }

        var complete = true
        // Pillow ignores the opacity of a table's colours when it converts.
        var opacity =
            options.alpha == .kept && hasOpacity && layout.hasAlpha && !isIndexed
            ? [UInt8](repeating: 255, count: width * height) : nil
        let pixels = [UInt8](unsafeUninitializedCapacity: width * height * 3) { out, count in
            complete = layout.copyRows(
                of: region, width: width, height: height, alpha: options.alpha, into: out, opacity: &opacity)
            count = complete ? width * height * 3 : 0
        }
        guard complete else { throw damaged("its \(format.rawValue) data are damaged or end too early", errors) }
        return opened.picture(pixels, opacity: opacity, isIndexed: isIndexed).oriented(opened.orientation)
    }

    /// Reads the header. A JPEG picture's sides are divided by `shrink`.
    private func open(
        _ raw: UnsafeRawBufferPointer, shrink: Int, _ errors: Vips.ErrorScope
    ) throws(PictureError) -> UnsafeMutablePointer<VipsImage> {
        guard let opened = Vips.open(raw, format, shrink: shrink) else {
            throw damaged("its \(format.rawValue) header cannot be read", errors)
        }
        return opened
    }

    /// libvips allocates an animation's canvas while it reads the header, so its size is checked before: 24 bits each,
    /// less one, in the VP8X chunk that animations begin with.
    private func checkCanvas(_ bytes: [UInt8]) throws(PictureError) {
        guard bytes.count >= 30, bytes[12..<16].elementsEqual(Array("VP8X".utf8)) else { return }
        func side(_ at: Int) -> Int { Int(bytes[at]) | Int(bytes[at + 1]) << 8 | Int(bytes[at + 2]) << 16 }
        try options.check(width: side(24) + 1, height: side(27) + 1, label: label, format: format)
    }

    private func damaged(_ what: String, _ errors: Vips.ErrorScope) -> PictureError {
        PictureError(.damaged, source: label, reason: errors.detail().map { "\(what) (\($0))" } ?? what)
    }
}

/// libvips' global state.
enum Vips {
    private static let startStatus = diptych_vips_start()

    /// Initialises libvips, once.
    static func start(_ label: String) throws(PictureError) {
        guard startStatus == 0 else {
            throw PictureError(.unsupported, source: label, reason: "libvips could not start; check its installation")
        }
    }

    /// Reads the header; nil when it cannot be read, and for what libvips is not used for. The caller releases the result.
    ///
    /// - Parameter shrink: 1, 2, 4 or 8: what a JPEG picture's sides are divided by.
    static func open(
        _ raw: UnsafeRawBufferPointer, _ format: PictureFormat, shrink: Int = 1
    ) -> UnsafeMutablePointer<VipsImage>? {
        switch format {
        case .jpeg: diptych_vips_open_jpeg(raw.baseAddress, raw.count, Int32(shrink))
        case .png: diptych_vips_open_png(raw.baseAddress, raw.count)
        case .webp: diptych_vips_open_webp(raw.baseAddress, raw.count)
        case .tiff: diptych_vips_open_tiff(raw.baseAddress, raw.count)
        case .heic, .avif: diptych_vips_open_heif(raw.baseAddress, raw.count)
        case .gif, .bmp: nil
        }
    }

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
