internal import DiptychMedia
internal import DiptychModels
internal import DiptychTokenizers
internal import Foundation

/// The files of a written model beside its weights.
struct SavedFiles {
    /// Their names and bytes, the configuration last.
    private(set) var contents: [(name: String, bytes: [UInt8])] = []

    init(of model: CLIPModel, layout: ModelFileLayout, precision: WeightPrecision) throws {
        contents = try SavedTokenizer.files(of: model, layout: layout)
        let configuration = model.configuration
        switch layout {
        case .huggingFace:
            let preprocessing = try model.preprocessing.huggingFaceJSON(configuration.family, path: model.path)
            try add("preprocessor_config.json", preprocessing)
            try add("config.json", configuration.huggingFaceJSON(of: model, precision: precision))
        case .openCLIP:
            try add(
                "open_clip_config.json",
                [
                    "model_cfg": configuration.openCLIPJSON(of: model),
                    "preprocess_cfg": model.preprocessing.openCLIPJSON(
                        size: configuration.vision.imageSize, path: model.path),
                ])
        }
    }

    private mutating func add(_ name: String, _ object: [String: Any]) throws {
        let json = try JSONSerialization.data(
            withJSONObject: object, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
        contents.append((name, [UInt8](json) + [UInt8(ascii: "\n")]))
    }
}

extension CLIPConfiguration {
    /// A `config.json` from which transformers builds the model.
    fileprivate func huggingFaceJSON(of model: CLIPModel, precision: WeightPrecision) -> [String: Any] {
        let type = family.rawValue
        var text: [String: Any] = [
            "model_type": type + "_text_model", "vocab_size": self.text.vocabularySize, "hidden_size": self.text.width,
            "intermediate_size": self.text.feedForwardWidth, "num_hidden_layers": self.text.layers,
            "num_attention_heads": self.text.heads, "max_position_embeddings": self.text.contextLength,
            "hidden_act": self.text.activation.rawValue, "layer_norm_eps": self.text.epsilon,
        ]
        switch family {
        case .clip:
            // Legacy files say 2, and mean the highest id.
            text["eos_token_id"] = self.text.endID
            text["bos_token_id"] = model.tokenizer.encode("").ids.first.map { Int($0) } ?? 0
            text["pad_token_id"] = Int(model.tokenizer.padID)
            text["projection_dim"] = embeddingDimension
        case .chineseCLIP: text["type_vocab_size"] = self.text.segments
        case .siglip: text["projection_size"] = embeddingDimension
        }
        var vision: [String: Any] = [
            "model_type": type + "_vision_model", "hidden_size": self.vision.width,
            "intermediate_size": self.vision.feedForwardWidth, "num_hidden_layers": self.vision.layers,
            "num_attention_heads": self.vision.heads, "image_size": self.vision.imageSize,
            "patch_size": self.vision.patchSize, "num_channels": 3, "hidden_act": self.vision.activation.rawValue,
            "layer_norm_eps": self.vision.epsilon,
        ]
        var root: [String: Any] = ["model_type": type, "architectures": [family.architecture]]
        root["dtype"] = ["fp32": "float32", "fp16": "float16", "bf16": "bfloat16"][precision.rawValue]
        if family != .siglip {
            root["projection_dim"] = embeddingDimension
            vision["projection_dim"] = embeddingDimension
        }
        root["text_config"] = text
        root["vision_config"] = vision
        return root
    }

    /// The `model_cfg` from which open_clip builds the model.
    fileprivate func openCLIPJSON(of model: CLIPModel) throws -> [String: Any] {
        func refused(_ reason: String) -> ModelError {
            ModelError("\(model.path): \(reason); write the layout huggingface")
        }
        // There, the end of a text is its highest id.
        guard text.endID == 2 || text.endID == model.tokenizer.vocabularySize - 1 else {
            throw refused("texts end with the id \(text.endID), in open_clip's layout with the highest one")
        }
        let isQuick = text.activation == .quickGELU
        guard isQuick == (vision.activation == .quickGELU) else {
            throw refused("its towers have different activations, which open_clip's layout cannot say")
        }
        func ratio(_ width: Int, _ inner: Int) throws -> Double {
            let ratio = Double(inner) / Double(width)
            guard Int(ratio * Double(width)) == inner else {
                throw refused(
                    "its feed-forward width \(inner) is no multiple of \(width) that open_clip's layout can say")
            }
            return ratio
        }
        var text: [String: Any] = [
            "context_length": self.text.contextLength, "vocab_size": self.text.vocabularySize, "width": self.text.width,
            "heads": self.text.heads, "layers": self.text.layers,
        ]
        text["mlp_ratio"] = try ratio(self.text.width, self.text.feedForwardWidth)
        if self.text.activation == .geluTanh { text["act_kwargs"] = ["approximate": "tanh"] }
        if self.text.epsilon != 1e-5 { text["norm_kwargs"] = ["eps": self.text.epsilon] }
        if self.text.cleaning != .lower { text["tokenizer_kwargs"] = ["clean": self.text.cleaning.rawValue] }
        var vision: [String: Any] = ["image_size": self.vision.imageSize, "width": self.vision.width]
        if case .resNet(let stages) = self.vision.architecture {
            vision["layers"] = stages
            vision["head_width"] = self.vision.width * 32 / self.vision.heads
        } else {
            vision["layers"] = self.vision.layers
            vision["patch_size"] = self.vision.patchSize
            vision["head_width"] = self.vision.width / self.vision.heads
            vision["mlp_ratio"] = try ratio(self.vision.width, self.vision.feedForwardWidth)
            if self.vision.activation == .geluTanh { vision["act_kwargs"] = ["approximate": "tanh"] }
            if self.vision.epsilon != 1e-5 { vision["norm_kwargs"] = ["eps": self.vision.epsilon] }
        }
        var root: [String: Any] = [
            "embed_dim": embeddingDimension, "quick_gelu": isQuick, "text_cfg": text, "vision_cfg": vision,
        ]
        if names == .originalWithTextPrefix { root["custom_text"] = true }
        if let bias = model.logits.bias { root["init_logit_bias"] = Double(bias) }
        return root
    }
}

extension CLIPConfiguration.Family {
    fileprivate var architecture: String {
        switch self {
        case .clip: "CLIPModel"
        case .chineseCLIP: "ChineseCLIPModel"
        case .siglip: "SiglipModel"
        }
    }

    fileprivate var imageProcessor: String {
        switch self {
        case .clip: "CLIPImageProcessor"
        case .chineseCLIP: "ChineseCLIPImageProcessor"
        case .siglip: "SiglipImageProcessor"
        }
    }
}

extension Preprocessing {
    /// A `preprocessor_config.json` that says the same.
    fileprivate func huggingFaceJSON(_ family: CLIPConfiguration.Family, path: String) throws -> [String: Any] {
        var object: [String: Any] = [
            "image_processor_type": family.imageProcessor, "do_convert_rgb": true, "resample": filter.rawValue,
            "do_resize": true, "do_center_crop": crop != nil, "do_rescale": rescaleFactor != nil,
            "do_normalize": normalization != nil,
        ]
        switch resize {
        case .none: object["do_resize"] = false
        case .shortestEdge(let length): object["size"] = ["shortest_edge": length]
        case .squash(let size): object["size"] = ["height": size.height, "width": size.width]
        }
        if let crop { object["crop_size"] = ["height": crop.height, "width": crop.width] }
        if let rescaleFactor { object["rescale_factor"] = rescaleFactor }
        if let normalization {
            object["image_mean"] = normalization.mean.list
            object["image_std"] = normalization.std.list
        }
        return object
    }

    /// A `preprocess_cfg` that says the same.
    fileprivate func openCLIPJSON(size: Int, path: String) throws -> [String: Any] {
        let square = Size(width: size, height: size)
        let mode: String? =
            switch resize {
            case .shortestEdge(let length): length == size && crop == square ? "shortest" : nil
            case .squash(let target): target == square && (crop == nil || crop == square) ? "squash" : nil
            case .none: nil
            }
        let interpolation = [ResamplingFilter.bicubic: "bicubic", .bilinear: "bilinear"][filter]
        guard let mode, let interpolation, let normalization,
            rescaleFactor.map({ Float($0) == Float(1.0 / 255.0) }) ?? false
        else {
            throw ModelError(
                "\(path): open_clip's layout cannot say its preprocessing: a bicubic or bilinear resize to \(size), a crop of "
                    + "that size, samples divided by 255 and normalised; write the layout huggingface")
        }
        return [
            "size": [size, size], "mode": "RGB", "interpolation": interpolation, "resize_mode": mode,
            "mean": normalization.mean.list, "std": normalization.std.list,
        ]
    }
}

extension Preprocessing.Channels {
    fileprivate var list: [Double] { [red, green, blue] }
}
