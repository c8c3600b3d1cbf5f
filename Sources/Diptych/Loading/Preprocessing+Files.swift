internal import DiptychBasics
internal import DiptychMedia
internal import Foundation

extension Preprocessing {
    /// Reads the `preprocessor_config.json` of a Hugging Face directory, or the same inside the `processor_config.json` that
    /// transformers writes since version 5 and prefers.
    init(modelDirectory directory: URL) throws {
        let whole = directory.appendingPathComponent("processor_config.json")
        if let data = FileManager.default.contents(atPath: whole.path) {
            guard let members = try? JSONParser.parse(data), case .object = members else {
                throw ModelError("\(whole.path): is not a JSON object")
            }
            if let images = members["image_processor"], case .object = images {
                try self.init(huggingFace: [UInt8](images.text.utf8), source: whole.path)
                return
            }
        }
        let processor = directory.appendingPathComponent("preprocessor_config.json")
        guard FileManager.default.fileExists(atPath: processor.path) else {
            throw ModelError(
                "\(processor.path): is missing, and so is a processor_config.json with an image_processor; without them "
                    + "the image size, crop and normalisation are unknown"
            )
        }
        let json: Data
        do { json = try Data(contentsOf: processor) } catch {
            throw ModelError("\(processor.path): cannot be read; check that it is a file and its mode")
        }
        try self.init(huggingFace: [UInt8](json), source: processor.path)
    }

    /// How the original projects resize images: OpenAI crops the centre, Chinese-CLIP squashes.
    init(original squash: Bool, size: Int) throws {
        try self.init(size: size, squash: squash, convention: .torchvision)
    }

    /// Reads the `preprocess_cfg` of an `open_clip_config.json`; what it leaves out is as in OpenAI's models.
    init(openCLIP file: URL, size: Int) throws {
        struct File: Decodable {
            struct Values: Decodable {
                var mode: String?
                var mean: [Double]?
                var std: [Double]?
                var interpolation: String?
                var resize_mode: String?
            }
            var preprocess_cfg: Values?
        }
        struct Keys: Decodable {
            var preprocess_cfg: [String: AnyValue]?
        }
        // Whatever it is: only whether there is one matters.
        struct AnyValue: Decodable { init(from decoder: any Decoder) throws {} }
        let values: File.Values?
        let keys: [String]
        do {
            let data = try Data(contentsOf: file)
            values = try JSONDecoder().decode(File.self, from: data).preprocess_cfg
            keys = try JSONDecoder().decode(Keys.self, from: data).preprocess_cfg?.keys.sorted() ?? []
        } catch {
            throw ModelError("\(file.path): preprocess_cfg is not what open_clip writes")
        }
        // The size is the model's whatever this says, and images are never padded, so the colour to pad with has no effect.
        let known: Set = ["size", "mode", "mean", "std", "interpolation", "resize_mode", "fill_color"]
        if let key = keys.first(where: { !known.contains($0) }) {
            throw ModelError("\(file.path): preprocess_cfg: '\(key)' is not supported")
        }
        func refuse(_ key: String, _ value: String, _ supported: String) -> ModelError {
            ModelError("\(file.path): preprocess_cfg: \(key) is '\(value)'; supported: \(supported)")
        }
        if let mode = values?.mode, mode != "RGB" { throw refuse("mode", mode, "RGB") }
        let filters: [String: ResamplingFilter] = ["bicubic": .bicubic, "bilinear": .bilinear]
        let interpolation = values?.interpolation ?? "bicubic"
        guard let filter = filters[interpolation] else {
            throw refuse("interpolation", interpolation, "bicubic, bilinear")
        }
        let resizeMode = values?.resize_mode ?? "shortest"
        guard ["shortest", "squash"].contains(resizeMode) else {
            throw refuse("resize_mode", resizeMode, "shortest, squash")
        }
        func channels(_ list: [Double]?, _ fallback: Channels, _ key: String) throws -> Channels {
            guard let list else { return fallback }
            guard list.count == 3 else { throw refuse(key, "\(list)", "three numbers") }
            return Channels(list[0], list[1], list[2])
        }
        try self.init(
            size: size, squash: resizeMode == "squash", mean: channels(values?.mean, .clipMean, "mean"),
            std: channels(values?.std, .clipStd, "std"), filter: filter,
            convention: .torchvision)
    }
}
