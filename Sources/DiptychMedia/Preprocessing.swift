/// How a model wants its images: resize, crop, rescale and normalise, in this order.
///
/// The semantics are those of transformers' `CLIPImageProcessorPil` (version 5.23): the same sizes, crops, padding and
/// bytes after the resize, and the same float32 operations after it. Read one from a model's `preprocessor_config.json`
/// with ``init(huggingFace:source:)``.
public struct Preprocessing: Sendable, Hashable {
    /// Columns and rows.
    public struct Size: Sendable, Hashable, Codable {
        /// Columns.
        public var width: Int
        /// Rows.
        public var height: Int

        /// A size.
        public init(width: Int, height: Int) {
            self.width = width
            self.height = height
        }
    }

    /// The size to which an image is resampled.
    public enum Resize: Sendable, Hashable, Codable {
        /// The image keeps its size.
        case none
        /// The shorter side gets this length, the longer one follows, cut to whole pixels.
        case shortestEdge(Int)
        /// Both sides are set, whatever the image's proportions.
        case squash(Size)
    }

    /// One value a channel.
    public struct Channels: Sendable, Hashable, Codable {
        /// The value of the red channel.
        public var red: Double
        /// The value of the green channel.
        public var green: Double
        /// The value of the blue channel.
        public var blue: Double

        /// Three values.
        public init(_ red: Double, _ green: Double, _ blue: Double) {
            (self.red, self.green, self.blue) = (red, green, blue)
        }

        var values: [Double] { [red, green, blue] }

        /// The mean of the images that CLIP was trained on.
        public static let clipMean = Channels(0.48145466, 0.4578275, 0.40821073)
        /// The standard deviation of the images that CLIP was trained on.
        public static let clipStd = Channels(0.26862954, 0.26130258, 0.27577711)
        /// The mean of ImageNet's images, by which torchvision's models were trained.
        public static let imageNetMean = Channels(0.485, 0.456, 0.406)
        /// The standard deviation of ImageNet's images.
        public static let imageNetStd = Channels(0.229, 0.224, 0.225)
        /// One half, mean and standard deviation of SigLIP and others.
        public static let half = Channels(0.5, 0.5, 0.5)
    }

    /// What is subtracted from and divides every sample, after rescaling.
    public struct Normalization: Sendable, Hashable, Codable {
        /// The mean.
        public var mean: Channels
        /// The standard deviation.
        public var std: Channels

        /// A mean and a standard deviation.
        public init(mean: Channels, std: Channels) {
            self.mean = mean
            self.std = std
        }

        /// Stores of earlier versions hold the longer name.
        private enum CodingKeys: String, CodingKey {
            case mean
            case std = "deviation"
        }
    }

    /// Whose code is followed where projects do the same steps in different ways.
    public enum Convention: String, Sendable, Hashable, Codable {
        /// transformers': images become RGB first, and a crop's odd pixel stays at the right and bottom.
        case transformers
        /// torchvision's, as OpenAI, open_clip and Chinese-CLIP use it: images are resampled as their files hold them,
        /// with premultiplied alpha or by the nearest entry of a colour table, and become RGB afterwards; the offset of a
        /// crop is rounded half to even.
        case torchvision
        /// torchvision's on images that were made RGB before anything else, as its datasets load them: only a crop's offset and the
        /// rounding of samples are its own.
        case torchvisionRGB
    }

    /// Whose code is followed.
    public let convention: Convention
    /// The size to which an image is resampled.
    public let resize: Resize
    /// The filter of the resize.
    public let filter: ResamplingFilter
    /// The centre that is cut out; where the image is smaller, black surrounds it.
    public let crop: Size?
    /// What every sample is multiplied by; `nil` leaves 0 to 255.
    public let rescaleFactor: Double?
    /// The normalisation, if any.
    public let normalization: Normalization?

    /// Preprocessing from explicit values.
    ///
    /// - Throws: ``PreprocessingError`` when a size is not between 1 and 16,384, a value is not finite, or a
    ///   standard deviation is 0.
    public init(
        resize: Resize, filter: ResamplingFilter = .bicubic, crop: Size?, rescaleFactor: Double? = 1.0 / 255.0,
        normalization: Normalization?, convention: Convention = .transformers
    ) throws(PreprocessingError) {
        self.convention = convention
        self.resize = resize
        self.filter = filter
        self.crop = crop
        self.rescaleFactor = rescaleFactor
        self.normalization = normalization
        try validate(source: "preprocessing")
    }

    /// The usual preprocessing of CLIP-like models.
    ///
    /// - Parameters:
    ///   - size: The side of the square that the model sees.
    ///   - squash: `true` resizes both sides to `size`; `false` resizes the shorter side and cuts out the centre.
    ///   - mean: What is subtracted from samples between 0 and 1.
    ///   - std: What divides them.
    ///   - filter: The filter of the resize.
    ///   - convention: Whose code is followed.
    public init(
        size: Int, squash: Bool = false, mean: Channels = .clipMean, std: Channels = .clipStd,
        filter: ResamplingFilter = .bicubic, convention: Convention = .transformers
    ) throws(PreprocessingError) {
        let square = Size(width: size, height: size)
        try self.init(
            resize: squash ? .squash(square) : .shortestEdge(size), filter: filter, crop: squash ? nil : square,
            normalization: Normalization(mean: mean, std: std), convention: convention)
    }

    /// How images must be read for it: to which size they will be resized, and with their transparency where `options`
    /// leave that as it is by default.
    public func readingOptions(_ options: ImageOptions) -> ImageOptions {
        var options = options
        // The nearest of fewer pixels would be another one.
        options.resize = filter == .nearest ? .none : resize
        if convention == .torchvision, options.alpha == .onWhite { options.alpha = .kept }
        return options
    }

    func validate(source: String) throws(PreprocessingError) {
        func check(_ length: Int, _ key: String) throws(PreprocessingError) {
            guard (1...16_384).contains(length) else {
                throw PreprocessingError(source: source, key: key, reason: "\(length) is not between 1 and 16384")
            }
        }
        switch resize {
        case .none: break
        case .shortestEdge(let length): try check(length, "size")
        case .squash(let size):
            try check(size.width, "size")
            try check(size.height, "size")
        }
        if let crop {
            try check(crop.width, "crop_size")
            try check(crop.height, "crop_size")
        }
        if let rescaleFactor, !rescaleFactor.isFinite {
            throw PreprocessingError(source: source, key: "rescale_factor", reason: "\(rescaleFactor) is not finite")
        }
        guard let normalization else { return }
        guard normalization.mean.values.allSatisfy(\.isFinite) else {
            throw PreprocessingError(source: source, key: "image_mean", reason: "a value is not finite")
        }
        guard normalization.std.values.allSatisfy({ $0.isFinite && Float($0) != 0 }) else {
            throw PreprocessingError(source: source, key: "image_std", reason: "a value is 0 or not finite")
        }
    }
}

/// Why preprocessing could not be read or made.
public struct PreprocessingError: Error, Hashable, CustomStringConvertible {
    /// The file, or what the values belong to.
    public let source: String
    /// The key of `preprocessor_config.json` that is concerned; empty when it is the whole file.
    public let key: String
    /// What was wrong and what is supported.
    public let reason: String

    init(source: String, key: String, reason: String) {
        self.source = source
        self.key = key
        self.reason = reason
    }

    /// All three in one line.
    public var description: String { key.isEmpty ? "\(source): \(reason)" : "\(source): \(key): \(reason)" }
}

extension Preprocessing: Codable {
    private enum CodingKeys: String, CodingKey {
        case resize, filter, crop, rescaleFactor, normalization, convention
    }

    /// Decodes what `encode(to:)` wrote; a value out of range is an error.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        try self.init(
            resize: values.decode(Resize.self, forKey: .resize),
            filter: values.decode(ResamplingFilter.self, forKey: .filter),
            crop: values.decodeIfPresent(Size.self, forKey: .crop),
            rescaleFactor: values.decodeIfPresent(Double.self, forKey: .rescaleFactor),
            normalization: values.decodeIfPresent(Normalization.self, forKey: .normalization),
            convention: values.decodeIfPresent(Convention.self, forKey: .convention) ?? .transformers)
    }
}
