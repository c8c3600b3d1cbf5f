#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import Foundation
#endif

extension Preprocessing {
    /// Reads a Hugging Face `preprocessor_config.json`.
    ///
    /// Keys that are absent or null take the defaults of the processor's class. Keys that are known to leave pixels as they are
    /// have no effect; any other key that says something is refused.
    ///
    /// - Parameters:
    ///   - json: The file's bytes.
    ///   - source: The file, for messages.
    ///   - defaultType: The processor's class where the file names none.
    /// - Throws: ``PreprocessingError`` with the key when the class or a value is not supported.
    public init(
        huggingFace json: [UInt8], source: String, defaultType: String = "CLIPImageProcessor"
    ) throws(PreprocessingError) {
        let config: PreprocessorConfig
        let said: [String]
        do {
            said = try JSONDecoder().decode([String: Said].self, from: Data(json)).filter(\.value.isSomething).keys
                .sorted()
            config = try JSONDecoder().decode(PreprocessorConfig.self, from: Data(json))
        } catch let DecodingError.typeMismatch(_, context) {
            throw PreprocessingError(source: source, key: context.key, reason: context.debugDescription)
        } catch let DecodingError.dataCorrupted(context) {
            throw PreprocessingError(source: source, key: context.key, reason: context.debugDescription)
        } catch {
            throw PreprocessingError(source: source, key: "", reason: "not a JSON object of a preprocessor")
        }
        if let key = said.first(where: { !PreprocessorConfig.knownKeys.contains($0) }) {
            throw PreprocessingError(
                source: source, key: key,
                reason: "not a key that is known to leave pixels as they are; it is not supported")
        }
        try self.init(config, source: source, defaultType: defaultType)
    }

    private init(_ config: PreprocessorConfig, source: String, defaultType: String) throws(PreprocessingError) {
        func unsupported(_ key: String, _ reason: String) -> PreprocessingError {
            PreprocessingError(source: source, key: key, reason: reason)
        }
        let typeKey =
            config.feature_extractor_type != nil && config.image_processor_type == nil
            ? "feature_extractor_type" : "image_processor_type"
        let type = config.image_processor_type ?? config.feature_extractor_type ?? defaultType
        guard let defaults = ProcessorDefaults.of(type: type) else {
            throw unsupported(
                typeKey, "\(type) is not supported; supported are \(ProcessorDefaults.names.joined(separator: ", "))")
        }
        if config.do_pad == true { throw unsupported("do_pad", "padding is not supported") }
        if config.do_flip_channel_order == true {
            throw unsupported("do_flip_channel_order", "BGR is not supported")
        }

        let size = config.size ?? defaults.size
        var resize = Resize.none
        if config.do_resize ?? true {
            guard let known = size.resize(intIsSquare: config.default_to_square ?? false) else {
                throw unsupported("size", "supported are a number, shortest_edge alone, or height and width")
            }
            resize = known
            if config.use_square_size == true, case .shortestEdge(let side) = resize {
                resize = .squash(Size(width: side, height: side))
            }
        }
        var crop: Size?
        if config.do_center_crop ?? defaults.crops {
            guard case .squash(let known)? = (config.crop_size ?? defaults.cropSize).resize(intIsSquare: true) else {
                throw unsupported("crop_size", "supported are a number, or height and width")
            }
            crop = known
        }
        var normalization: Normalization?
        if config.do_normalize ?? true {
            guard let mean = config.image_mean?.channels ?? (config.image_mean == nil ? defaults.mean : nil) else {
                throw unsupported("image_mean", "one or three numbers are supported")
            }
            guard let std = config.image_std?.channels ?? (config.image_std == nil ? defaults.std : nil)
            else { throw unsupported("image_std", "one or three numbers are supported") }
            normalization = Normalization(mean: mean, std: std)
        }
        guard let filter = config.resample?.filter ?? (config.resample == nil ? .bicubic : nil) else {
            throw unsupported("resample", "supported are 0 to 5, nearest, lanczos, bilinear, bicubic, box, hamming")
        }
        convention = .transformers
        self.resize = resize
        self.filter = filter
        self.crop = crop
        self.rescaleFactor = config.do_rescale ?? true ? config.rescale_factor ?? 1.0 / 255.0 : nil
        self.normalization = normalization
        try validate(source: source)
    }
}

/// What a processor's class says where its file says nothing. Common to all: bicubic, rescaled by 1/255, normalised, RGB.
private struct ProcessorDefaults {
    var size = PreprocessorConfig.Lengths.sides(["shortest_edge": 224])
    var crops = true
    var cropSize = PreprocessorConfig.Lengths.sides(["height": 224, "width": 224])
    var mean = Preprocessing.Channels.clipMean
    var std = Preprocessing.Channels.clipStd

    private static let table: [String: ProcessorDefaults] = [
        "CLIP": ProcessorDefaults(),
        "ChineseCLIP": ProcessorDefaults(),
        "Siglip": ProcessorDefaults(
            size: .sides(["height": 224, "width": 224]), crops: false, mean: .half, std: .half),
    ]

    static var names: [String] { table.keys.sorted().map { "\($0)ImageProcessor" } }

    /// `CLIPImageProcessor`, its variants `…Fast` and `…Pil`, and its old name `CLIPFeatureExtractor`.
    static func of(type: String) -> ProcessorDefaults? {
        for suffix in ["ImageProcessor", "ImageProcessorFast", "ImageProcessorPil", "FeatureExtractor"] {
            if type.hasSuffix(suffix), let known = table[String(type.dropLast(suffix.count))] { return known }
        }
        return nil
    }
}

/// Whether a key says anything: not null, false, or empty.
private struct Said: Decodable {
    let isSomething: Bool

    init(from decoder: any Decoder) throws {
        struct Empty: Decodable {
            init(from decoder: any Decoder) throws {
                if let object = try? decoder.container(keyedBy: AnyKey.self) {
                    isEmpty = object.allKeys.isEmpty
                } else if let array = try? decoder.unkeyedContainer() {
                    isEmpty = array.isAtEnd
                } else {
                    isEmpty = false
                }
            }
            let isEmpty: Bool
        }
        let value = try decoder.singleValueContainer()
        if value.decodeNil() || (try? value.decode(Bool.self)) == false {
            isSomething = false
        } else {
            isSomething = (try? value.decode(Empty.self).isEmpty) != true
        }
    }

    private struct AnyKey: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }
}

/// The file as it stands; the names are its keys.
// swift-format-ignore: AlwaysUseLowerCamelCase
private struct PreprocessorConfig: Decodable {
    var image_processor_type, feature_extractor_type: String?
    var do_resize, do_center_crop, do_rescale, do_normalize, do_pad, do_flip_channel_order: Bool?
    var default_to_square, use_square_size: Bool?
    var size, crop_size: Lengths?
    var resample: Resample?
    var rescale_factor: Double?
    var image_mean, image_std: Values?

    /// The keys that are followed here, and those of image processors in transformers 4 and 5 that leave pixels as they are.
    static let knownKeys: Set = [
        "image_processor_type", "feature_extractor_type", "do_resize", "do_center_crop", "do_rescale", "do_normalize",
        "do_pad", "do_flip_channel_order", "default_to_square", "use_square_size", "size", "crop_size", "resample",
        "rescale_factor", "image_mean", "image_std",
        // Images are read as RGB in any case, and how arrays lie in memory, who reads them and where is a program's matter.
        "do_convert_rgb", "data_format", "input_data_format", "return_tensors", "device", "disable_grouping",
        "_valid_processor_keys", "_processor_class", "processor_class", "tokenizer_class", "auto_map",
        "image_seq_length",
        "transformers_version", "_name_or_path", "name_or_path",
    ]

    /// A size: a number, [height, width], or named sides.
    enum Lengths: Decodable {
        case one(Int)
        case pair([Int])
        case sides([String: Int?])

        init(from decoder: any Decoder) throws {
            let value = try decoder.singleValueContainer()
            if let one = try? value.decode(Int.self) {
                self = .one(one)
            } else if let pair = try? value.decode([Int].self) {
                self = .pair(pair)
            } else {
                self = .sides(try value.decode([String: Int?].self))
            }
        }

        func resize(intIsSquare: Bool) -> Preprocessing.Resize? {
            switch self {
            case .one(let side): return intIsSquare ? .squash(.init(width: side, height: side)) : .shortestEdge(side)
            case .pair(let pair): return pair.count == 2 ? .squash(.init(width: pair[1], height: pair[0])) : nil
            case .sides(let named):
                let sides = named.compactMapValues { $0 }
                switch Set(sides.keys) {
                case ["shortest_edge"]: return sides["shortest_edge"].map { .shortestEdge($0) }
                case ["height", "width"]:
                    guard let width = sides["width"], let height = sides["height"] else { return nil }
                    return .squash(.init(width: width, height: height))
                default: return nil
                }
            }
        }
    }

    /// A filter by number or name.
    enum Resample: Decodable {
        case number(Int)
        case name(String)

        init(from decoder: any Decoder) throws {
            let value = try decoder.singleValueContainer()
            if let number = try? value.decode(Int.self) {
                self = .number(number)
            } else {
                self = .name(try value.decode(String.self))
            }
        }

        var filter: ResamplingFilter? {
            switch self {
            case .number(let number): return ResamplingFilter(rawValue: number)
            case .name(let name):
                // "PILImageResampling.BICUBIC" is how some tools print the number.
                switch name.lowercased().split(separator: ".").last.map(String.init) {
                case "nearest": return .nearest
                case "lanczos", "antialias": return .lanczos
                case "bilinear", "linear": return .bilinear
                case "bicubic", "cubic": return .bicubic
                case "box": return .box
                case "hamming": return .hamming
                default: return nil
                }
            }
        }
    }

    /// One number for all channels, or three.
    enum Values: Decodable {
        case one(Double)
        case many([Double])

        init(from decoder: any Decoder) throws {
            let value = try decoder.singleValueContainer()
            if let one = try? value.decode(Double.self) {
                self = .one(one)
            } else {
                self = .many(try value.decode([Double].self))
            }
        }

        var channels: Preprocessing.Channels? {
            switch self {
            case .one(let one): .init(one, one, one)
            case .many(let many): many.count == 3 ? .init(many[0], many[1], many[2]) : nil
            }
        }
    }
}

extension DecodingError.Context {
    fileprivate var key: String { codingPath.first?.stringValue ?? "" }
}
