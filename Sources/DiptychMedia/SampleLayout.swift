internal import CVips

/// How the samples of a decoded row become RGB. The formulas are those of Pillow's conversions.
struct SampleLayout {
    private enum Colour { case grey, rgb, ink }

    private let colour: Colour
    private let channels: Int
    /// The sample that holds the opacity.
    let opacityIndex: Int?
    private let sampleBytes: Int

    /// Nil for samples that have no agreed meaning as RGB.
    ///
    /// - Parameter opacityIndex: Where the opacity stands, where the file says so; by default it is the last sample of 2 or 4.
    init?(image: UnsafeMutablePointer<VipsImage>, opacityIndex: Int?? = nil) {
        channels = Int(vips_image_get_bands(image))
        // Lab and other colour spaces would pass for RGB by their number of channels.
        let known = [
            VIPS_INTERPRETATION_B_W, VIPS_INTERPRETATION_RGB, VIPS_INTERPRETATION_sRGB, VIPS_INTERPRETATION_CMYK,
            VIPS_INTERPRETATION_GREY16, VIPS_INTERPRETATION_RGB16, VIPS_INTERPRETATION_MULTIBAND,
        ]
        let interpretation = vips_image_get_interpretation(image)
        guard vips_image_get_coding(image) == VIPS_CODING_NONE, known.contains(interpretation) else { return nil }
        switch vips_image_get_format(image) {
        case VIPS_FORMAT_UCHAR: sampleBytes = 1
        case VIPS_FORMAT_USHORT: sampleBytes = 2
        default: return nil
        }
        let isGrey = interpretation == VIPS_INTERPRETATION_B_W || interpretation == VIPS_INTERPRETATION_GREY16
        switch channels {
        case 1...2: colour = .grey
        case 3... where isGrey: colour = .grey
        case 4... where interpretation == VIPS_INTERPRETATION_CMYK: colour = .ink
        case 3...: colour = .rgb
        default: return nil
        }
        let count = channels
        let index = opacityIndex ?? (colour == .ink || count % 2 != 0 ? nil : count - 1)
        guard index.map({ $0 < count }) ?? true, opacityIndex != nil || count <= 5 else { return nil }
        self.opacityIndex = index
    }

    /// The samples are RGB as they are.
    var isPlain: Bool { colour == .rgb && channels == 3 && sampleBytes == 1 }

    var bytesPerPixel: Int { channels * sampleBytes }

    /// Converts samples, and notes each pixel's opacity where that is wanted.
    func convert(
        _ samples: UnsafePointer<UInt8>, pixels: Int, alpha: ImageOptions.Alpha,
        into out: UnsafeMutablePointer<UInt8>, opacity: UnsafeMutablePointer<UInt8>?
    ) {
        // A 16-bit sample is cut to its high byte, which on this little-endian host stands second.
        let step = bytesPerPixel, high = sampleBytes - 1
        if colour == .ink {
            for pixel in 0..<pixels {
                let at = pixel * step + high
                let light = 255 - Int(samples[at + 3 * sampleBytes])
                for channel in 0..<3 {
                    out[pixel * 3 + channel] = UInt8(
                        max(0, light - dividedBy255(Int(samples[at + channel * sampleBytes]) * light)))
                }
            }
            return
        }
        let (green, blue) = colour == .grey ? (high, high) : (high + sampleBytes, high + 2 * sampleBytes)
        for pixel in 0..<pixels {
            let at = pixel * step
            out[pixel * 3] = samples[at + high]
            out[pixel * 3 + 1] = samples[at + green]
            out[pixel * 3 + 2] = samples[at + blue]
        }
        guard let opacityIndex else { return }
        let opacityAt = opacityIndex * sampleBytes + high
        if let opacity { for pixel in 0..<pixels { opacity[pixel] = samples[pixel * step + opacityAt] } }
        guard alpha == .onWhite else { return }
        for pixel in 0..<pixels {
            let opacity = samples[pixel * step + opacityAt]
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
