internal import CJPEG

/// The rows of a JPEG image, decoded by libjpeg.
final class JPEGRows: ImageRows {
    private(set) var width: Int
    private(set) var height: Int
    let hasOpacity = false
    private let decoder: OpaquePointer
    private let label: String
    private let options: ImageOptions

    /// Reads the header.
    ///
    /// - Parameter raw: The file, which must stay where it is.
    private init(_ raw: UnsafeRawBufferPointer, label: String, options: ImageOptions) throws(ImageError) {
        var reason = [CChar](repeating: 0, count: Int(DIPTYCH_JPEG_REASON))
        guard
            let decoder = diptych_jpeg_open(
                raw.baseAddress?.assumingMemoryBound(to: UInt8.self), raw.count, options.isTolerant, &reason)
        else { throw Self.damaged(reason, label: label, options, "its JPEG header cannot be read") }
        self.decoder = decoder
        self.label = label
        self.options = options
        (width, height) = (diptych_jpeg_width(decoder), diptych_jpeg_height(decoder))
    }

    deinit { diptych_jpeg_close(decoder) }

    /// Reads the header, and begins to decode at what the options make of its size.
    static func open(
        _ raw: UnsafeRawBufferPointer, orientation: Int, label: String, options: ImageOptions
    ) throws(ImageError) -> OpenedImage {
        let rows = try JPEGRows(raw, label: label, options: options)
        let full = Preprocessing.Size(width: rows.width, height: rows.height)
        try options.check(width: full.width, height: full.height, label: label, format: .jpeg)
        let factor = options.reduction(width: full.width, height: full.height, isTurned: orientation >= 5)
        try rows.start(factor)
        return OpenedImage(rows: rows, full: full, factor: factor, orientation: orientation)
    }

    private func start(_ factor: Int) throws(ImageError) {
        var reason = [CChar](repeating: 0, count: Int(DIPTYCH_JPEG_REASON))
        guard diptych_jpeg_start(decoder, Int32(factor), &reason) == 0 else {
            guard reason[0] != 0 else {
                throw ImageError(
                    .unsupported, source: label,
                    reason: "JPEG with neither 1, 3 nor 4 components is not read; save it as 8-bit RGB")
            }
            throw Self.damaged(reason, label: label, options)
        }
        (width, height) = (diptych_jpeg_width(decoder), diptych_jpeg_height(decoder))
    }

    func read(
        _ count: Int, into out: UnsafeMutablePointer<UInt8>, opacity: UnsafeMutablePointer<UInt8>?
    ) throws(ImageError) {
        var reason = [CChar](repeating: 0, count: Int(DIPTYCH_JPEG_REASON))
        guard diptych_jpeg_read(decoder, out, count, &reason) == 0 else {
            throw Self.damaged(reason, label: label, options)
        }
    }

    private static func damaged(
        _ reason: [CChar], label: String, _ options: ImageOptions,
        _ what: String = "its JPEG data are damaged or end too early"
    ) -> ImageError {
        let said = String(decoding: reason.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let line = said.isEmpty ? what : "\(what) (\(said))"
        return ImageError(.damaged, source: label, reason: line + options.tolerantHint)
    }
}
