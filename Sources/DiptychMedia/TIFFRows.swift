internal import CTIFF

/// The rows of a TIFF image in YCbCr, decoded by libtiff.
final class TIFFRows: ImageRows {
    let width: Int
    let height: Int
    let hasOpacity = false
    private let decoder: OpaquePointer
    private let label: String

    /// Reads the header.
    ///
    /// - Parameter raw: The file, which must stay where it is.
    init(_ raw: UnsafeRawBufferPointer, label: String) throws(ImageError) {
        var reason = [CChar](repeating: 0, count: Int(DIPTYCH_TIFF_REASON))
        guard
            let decoder = diptych_tiff_open(
                raw.baseAddress?.assumingMemoryBound(to: UInt8.self), raw.count, &reason)
        else { throw Self.damaged(reason, label: label, "its TIFF header cannot be read") }
        self.decoder = decoder
        self.label = label
        (width, height) = (diptych_tiff_width(decoder), diptych_tiff_height(decoder))
    }

    deinit { diptych_tiff_close(decoder) }

    func read(
        _ count: Int, into out: UnsafeMutablePointer<UInt8>, opacity: UnsafeMutablePointer<UInt8>?
    ) throws(ImageError) {
        var reason = [CChar](repeating: 0, count: Int(DIPTYCH_TIFF_REASON))
        guard diptych_tiff_read(decoder, out, count, &reason) == 0 else {
            throw Self.damaged(reason, label: label, "its TIFF data are damaged or end too early")
        }
    }

    private static func damaged(_ reason: [CChar], label: String, _ what: String) -> ImageError {
        let said = String(decoding: reason.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return ImageError(.damaged, source: label, reason: said.isEmpty ? what : "\(what) (\(said))")
    }
}
