internal import DiptychBasics
internal import DiptychMedia

/// Random changes of images: those of Chinese-CLIP's `--use-augment`, which are timm's `create_transform` with a scale of 0.9 to 1.
struct Augmentation: Sendable {
    /// What the draws of an image follow from, besides its number.
    let seed: UInt64

    /// The pixels of an image, changed.
    ///
    /// - Parameter index: the number of its pair.
    func pixels(of image: Image, index: Int, _ preprocessing: Preprocessing) throws -> [Float] {
        var draws = Draws(seed: seed, index: index)
        let box = draws.crop(width: image.width, height: image.height)
        var part = try image.cropped(
            x: Double(box.x), y: Double(box.y), width: Double(box.width), height: Double(box.height))
        if let size = preprocessing.fixedSize {
            part = try part.resized(width: size.width, height: size.height, filter: .bicubic)
        }
        if draws.unit() < 0.5 { part = try part.mirrored() }
        return try preprocessing.pixels(of: try draws.autoAugmented(part))
    }
}

/// Random numbers of one image.
struct Draws {
    private var random: SplitMix64

    init(seed: UInt64, index: Int) { random = SplitMix64(seed: seed, index: index, purpose: 0x617567) }

    /// From 0 on, below 1.
    mutating func unit() -> Double { Double(random.next() >> 11) * 0x1p-53 }
    /// Below `count`.
    mutating func below(_ count: Int) -> Int { min(count - 1, Int(unit() * Double(count))) }

    /// A box of 0.9 to 1 of the area and a ratio of sides of 3/4 to 4/3, else the middle (torchvision's `RandomResizedCrop`).
    mutating func crop(width: Int, height: Int) -> (x: Int, y: Int, width: Int, height: Int) {
        let area = Double(width) * Double(height)
        for _ in 0..<10 {
            let target = area * (0.9 + 0.1 * unit())
            let ratio = exponential(logarithm(0.75) + unit() * (logarithm(4.0 / 3) - logarithm(0.75)))
            let (w, h) = ((target * ratio).squareRoot().rounded(), (target / ratio).squareRoot().rounded())
            guard w >= 1, h >= 1, w <= Double(width), h <= Double(height) else { continue }
            let (cropWidth, cropHeight) = (Int(w), Int(h))
            return (below(width - cropWidth + 1), below(height - cropHeight + 1), cropWidth, cropHeight)
        }
        let ratio = Double(width) / Double(height)
        let (w, h) =
            ratio < 0.75
            ? (width, Int((Double(width) / 0.75).rounded()))
            : ratio > 4.0 / 3 ? (Int((Double(height) * 4 / 3).rounded()), height) : (width, height)
        let (cropWidth, cropHeight) = (max(1, min(w, width)), max(1, min(h, height)))
        return ((width - cropWidth) / 2, (height - cropHeight) / 2, cropWidth, cropHeight)
    }

    /// One of the policies of AutoAugment for ImageNet (Cubuk et al. 2018), as timm's `original` has them.
    mutating func autoAugmented(_ image: Image) throws -> Image {
        var image = image
        for change in Self.policies[below(Self.policies.count)] where unit() < change.probability {
            image = try self.change(change).applied(to: image)
        }
        return image
    }

    private enum Kind {
        case posterize, rotate, solarize, autoContrast, equalize, color, contrast, invert, sharpness, shear
    }

    private struct Change {
        let kind: Kind
        let probability: Double
        /// 0 to 10.
        let level: Double

        init(_ kind: Kind, _ probability: Double, _ level: Double) {
            (self.kind, self.probability, self.level) = (kind, probability, level)
        }
    }

    private mutating func change(_ change: Change) -> ImageChange {
        let share = change.level / 10
        let sign = unit() < 0.5 ? -1.0 : 1
        return switch change.kind {
        case .posterize: .posterize(bits: Int(share * 4) + 4)
        case .rotate: .rotate(sign * share * 30)
        case .solarize: .solarize(threshold: min(256, Int(share * 256)))
        case .autoContrast: .autoContrast
        case .equalize: .equalize
        case .color: .color(share * 1.8 + 0.1)
        case .contrast: .contrast(share * 1.8 + 0.1)
        case .invert: .invert
        case .sharpness: .sharpness(share * 1.8 + 0.1)
        case .shear: .shear(sign * share * 0.3)
        }
    }

    private static let policies: [[Change]] = [
        [Change(.posterize, 0.4, 8), Change(.rotate, 0.6, 9)],
        [Change(.solarize, 0.6, 5), Change(.autoContrast, 0.6, 5)],
        [Change(.equalize, 0.8, 8), Change(.equalize, 0.6, 3)],
        [Change(.posterize, 0.6, 7), Change(.posterize, 0.6, 6)],
        [Change(.equalize, 0.4, 7), Change(.solarize, 0.2, 4)],
        [Change(.equalize, 0.4, 4), Change(.rotate, 0.8, 8)],
        [Change(.solarize, 0.6, 3), Change(.equalize, 0.6, 7)],
        [Change(.posterize, 0.8, 5), Change(.equalize, 1, 2)],
        [Change(.rotate, 0.2, 3), Change(.solarize, 0.6, 8)],
        [Change(.equalize, 0.6, 8), Change(.posterize, 0.4, 6)],
        [Change(.rotate, 0.8, 8), Change(.color, 0.4, 0)],
        [Change(.rotate, 0.4, 9), Change(.equalize, 0.6, 2)],
        [Change(.equalize, 0, 7), Change(.equalize, 0.8, 8)],
        [Change(.invert, 0.6, 4), Change(.equalize, 1, 8)],
        [Change(.color, 0.6, 4), Change(.contrast, 1, 8)],
        [Change(.rotate, 0.8, 8), Change(.color, 1, 2)],
        [Change(.color, 0.8, 8), Change(.solarize, 0.8, 7)],
        [Change(.sharpness, 0.4, 7), Change(.invert, 0.6, 8)],
        [Change(.shear, 0.6, 5), Change(.equalize, 1, 9)],
        [Change(.color, 0.4, 0), Change(.equalize, 0.6, 3)],
        [Change(.equalize, 0.4, 7), Change(.solarize, 0.2, 4)],
        [Change(.solarize, 0.6, 5), Change(.autoContrast, 0.6, 5)],
        [Change(.invert, 0.6, 4), Change(.equalize, 1, 8)],
        [Change(.color, 0.6, 4), Change(.contrast, 1, 8)],
        [Change(.equalize, 0.8, 8), Change(.equalize, 0.6, 3)],
    ]
}
