internal import CVips

/// How the samples of a decoded row become RGB. The formulas are those of Pillow's conversions.
enum SampleLayout {
    case grey(channels: Int)
    case rgb(channels: Int)
    case cmyk(channels: Int)
    case grey16(channels: Int)
    case rgb16(channels: Int)

    init?(image: UnsafeMutablePointer<VipsImage>) {
        let channels = Int(vips_image_get_bands(image))
        // Lab and other colour spaces would pass for RGB by their number of channels.
        let known = [
            VIPS_INTERPRETATION_B_W, VIPS_INTERPRETATION_RGB, VIPS_INTERPRETATION_sRGB, VIPS_INTERPRETATION_CMYK,
            VIPS_INTERPRETATION_GREY16, VIPS_INTERPRETATION_RGB16, VIPS_INTERPRETATION_MULTIBAND,
        ]
        guard vips_image_get_coding(image) == VIPS_CODING_NONE,
            known.contains(vips_image_get_interpretation(image))
        else { return nil }
        let isCMYK = vips_image_get_interpretation(image) == VIPS_INTERPRETATION_CMYK
        switch (vips_image_get_format(image), channels) {
        case (VIPS_FORMAT_UCHAR, 1...2): self = .grey(channels: channels)
        case (VIPS_FORMAT_UCHAR, 4...5) where isCMYK: self = .cmyk(channels: channels)
        case (VIPS_FORMAT_UCHAR, 3...4): self = .rgb(channels: channels)
        case (VIPS_FORMAT_USHORT, 1...2): self = .grey16(channels: channels)
        case (VIPS_FORMAT_USHORT, 3...4) where !isCMYK: self = .rgb16(channels: channels)
        default: return nil
        }
    }

    /// Whether the last channel is the opacity.
    var hasAlpha: Bool {
        switch self {
        case .grey(let channels), .grey16(let channels): channels == 2
        case .rgb(let channels), .rgb16(let channels): channels == 4
        case .cmyk: false
        }
    }

    private var bytesPerPixel: Int {
        switch self {
        case .grey(let channels), .rgb(let channels), .cmyk(let channels): channels
        case .grey16(let channels), .rgb16(let channels): channels * 2
        }
    }

    /// Decodes and converts every row, a few at a time, and notes each pixel's opacity where that is wanted. False when the
    /// data end too early.
    func copyRows(
        of region: UnsafeMutablePointer<VipsRegion>, width: Int, height: Int, alpha: PictureOptions.Alpha,
        into out: UnsafeMutableBufferPointer<UInt8>, opacity: inout [UInt8]?
    ) -> Bool {
        let stripRows = 64, rowBytes = width * 3
        guard let start = out.baseAddress else { return false }
        if case .rgb(channels: 3) = self {
            for top in stride(from: 0, to: height, by: stripRows) {
                let rows = min(stripRows, height - top)
                guard diptych_vips_copy_rows(region, Int32(top), Int32(rows), start + top * rowBytes) == 0 else {
                    return false
                }
            }
            return true
        }
        let strip = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: width * stripRows * bytesPerPixel)
        defer { strip.deallocate() }
        for top in stride(from: 0, to: height, by: stripRows) {
            let rows = min(stripRows, height - top)
            guard diptych_vips_copy_rows(region, Int32(top), Int32(rows), strip.baseAddress) == 0 else { return false }
            let target = UnsafeMutableBufferPointer(rebasing: out[(top * rowBytes)..<((top + rows) * rowBytes)])
            convert(UnsafeBufferPointer(strip), pixels: rows * width, alpha: alpha, into: target)
            if opacity != nil {
                // The opacity is the last sample; of two bytes the high one stands second.
                for pixel in 0..<rows * width {
                    opacity?[top * width + pixel] = strip[(pixel + 1) * bytesPerPixel - 1]
                }
            }
        }
        return true
    }

    private func convert(
        _ samples: UnsafeBufferPointer<UInt8>, pixels: Int, alpha: PictureOptions.Alpha,
        into out: UnsafeMutableBufferPointer<UInt8>
    ) {
        let step = bytesPerPixel
        // A 16-bit sample is cut to its high byte, which on this little-endian host stands second.
        let high: Int
        let green: Int
        let blue: Int
        var alphaAt: Int?
        switch self {
        case .grey(let channels): (high, green, blue, alphaAt) = (0, 0, 0, channels == 2 ? 1 : nil)
        case .rgb(let channels): (high, green, blue, alphaAt) = (0, 1, 2, channels == 4 ? 3 : nil)
        case .grey16(let channels): (high, green, blue, alphaAt) = (1, 1, 1, channels == 2 ? 3 : nil)
        case .rgb16(let channels): (high, green, blue, alphaAt) = (1, 3, 5, channels == 4 ? 7 : nil)
        case .cmyk:
            for pixel in 0..<pixels {
                let at = pixel * step
                let light = 255 - Int(samples[at + 3])
                for channel in 0..<3 {
                    out[pixel * 3 + channel] = UInt8(
                        max(0, light - dividedBy255(Int(samples[at + channel]) * light)))
                }
            }
            return
        }
        for pixel in 0..<pixels {
            let at = pixel * step
            out[pixel * 3] = samples[at + high]
            out[pixel * 3 + 1] = samples[at + green]
            out[pixel * 3 + 2] = samples[at + blue]
        }
        guard alpha == .onWhite, let alphaAt else { return }
        for pixel in 0..<pixels {
            let opacity = samples[pixel * step + alphaAt]
            for channel in pixel * 3..<pixel * 3 + 3 { out[channel] = onWhite(out[channel], opacity: opacity) }
        }
    }
}

/// `value / 255`, rounded, as Pillow computes it.
private func dividedBy255(_ value: Int) -> Int {
    let rounded = value + 128
    return ((rounded >> 8) + rounded) >> 8
}

/// A sample laid on white, as Pillow's `alpha_composite` computes it: seven extra bits, rounded once.
func onWhite(_ sample: UInt8, opacity: UInt8) -> UInt8 {
    guard opacity > 0 else { return 255 }
    let weight = Int(opacity) << 7, rest = (255 << 7) - weight
    let sum = Int(sample) * weight + 255 * rest + (128 << 7)
    return UInt8(truncatingIfNeeded: (((sum >> 8) + sum) >> 8) >> 7)
}
