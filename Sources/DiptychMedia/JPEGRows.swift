internal import CJPEG

/// The rows of a JPEG picture, decoded one after the other by libjpeg.
struct JPEGRows: ~Copyable {
    /// The columns that are decoded, as the picture lies in the file.
    let width: Int
    /// The rows that are decoded.
    let height: Int
    private let decoder: OpaquePointer
    private let label: String

    /// Begins to decode at 1/`shrink` of the size; nil for what does not become 8-bit RGB.
    ///
    /// - Parameter raw: The file, which must stay where it is. Its size has been checked.
    init?(_ raw: UnsafeRawBufferPointer, shrink: Int, label: String) throws(PictureError) {
        var reason = [CChar](repeating: 0, count: Int(DIPTYCH_JPEG_REASON))
        guard
            let decoder = diptych_jpeg_open(
                raw.baseAddress?.assumingMemoryBound(to: UInt8.self), raw.count, Int32(shrink), &reason)
        else {
            guard reason[0] != 0 else { return nil }
            throw Self.damaged(reason, label: label)
        }
        self.decoder = decoder
        self.label = label
        (width, height) = (diptych_jpeg_width(decoder), diptych_jpeg_height(decoder))
    }

    deinit { diptych_jpeg_close(decoder) }

    /// Decodes the next `count` rows to `out`, 3 bytes a pixel, without gaps.
    func read(_ count: Int, into out: UnsafeMutablePointer<UInt8>) throws(PictureError) {
        var reason = [CChar](repeating: 0, count: Int(DIPTYCH_JPEG_REASON))
        guard diptych_jpeg_read(decoder, out, count, &reason) == 0 else {
            throw Self.damaged(reason, label: label)
        }
    }

    /// Decodes all rows.
    consuming func everything() throws(PictureError) -> [UInt8] {
        var failure: PictureError?
        let pixels = [UInt8](unsafeUninitializedCapacity: width * height * 3) { out, count in
            do throws(PictureError) {
                if let start = out.baseAddress { try read(height, into: start) }
                count = width * height * 3
            } catch { failure = error }
        }
        if let failure { throw failure }
        return pixels
    }

    private static func damaged(_ reason: [CChar], label: String) -> PictureError {
        let said = String(decoding: reason.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let what = "its jpeg data are damaged or end too early"
        return PictureError(.damaged, source: label, reason: said.isEmpty ? what : "\(what) (\(said))")
    }
}
