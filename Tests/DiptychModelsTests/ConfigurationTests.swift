import DiptychEngine
import DiptychModels
import DiptychCheckpoints
import Foundation
import Testing

/// Every key of every configuration file is followed, known to be without effect, or refused by name: all configurations of
/// open_clip, and what the classes of transformers write (Scripts/fixtures/configurations.py).
@Suite struct ConfigurationTests {
    typealias Object = [String: Any]

    static func fixture(_ name: String) throws -> Object {
        let url = try #require(Bundle.module.url(forResource: "Fixtures/configurations/\(name)", withExtension: nil))
        return try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: url)) as? Object)
    }

    private static func write<T>(_ object: Object, _ body: (URL) throws -> T) throws -> T {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("diptych-\(UUID().uuidString).json")
        defer { try? FileManager.default.removeItem(at: url) }
        try JSONSerialization.data(withJSONObject: object).write(to: url)
        return try body(url)
    }

    private static func read(openCLIP model: Object) throws -> CLIPConfiguration {
        try write(["model_cfg": model]) { try CLIPConfiguration(openCLIP: $0) }
    }

    /// The models of open_clip whose towers and tokenizer are its own and that pool as CLIP does.
    private static let supported: Set = [
        "RN50", "RN50-quickgelu", "RN101", "RN101-quickgelu", "RN50x4", "RN50x4-quickgelu", "RN50x16",
        "RN50x16-quickgelu", "RN50x64", "RN50x64-quickgelu", "ViT-B-16", "ViT-B-16-plus", "ViT-B-16-plus-240",
        "ViT-B-16-quickgelu", "ViT-B-32", "ViT-B-32-256", "ViT-B-32-plus-256", "ViT-B-32-quickgelu", "ViT-H-14",
        "ViT-H-14-378", "ViT-H-14-378-quickgelu", "ViT-H-14-quickgelu", "ViT-H-16", "ViT-L-14", "ViT-L-14-280",
        "ViT-L-14-336", "ViT-L-14-336-quickgelu", "ViT-L-14-quickgelu", "ViT-L-16", "ViT-L-16-320", "ViT-M-16",
        "ViT-M-32", "ViT-M-32-alt", "ViT-S-16", "ViT-S-16-alt", "ViT-S-32", "ViT-S-32-alt",
        "ViT-bigG-14",
        "ViT-bigG-14-quickgelu", "ViT-e-14", "ViT-g-14",
    ]

    @Test func allOfOpenCLIPsAreReadOrRefusedByAKey() throws {
        let models = try Self.fixture("open_clip.json")
        #expect(models.count == 144)
        var refusals: [String: Int] = [:]
        for (name, value) in models {
            let model = try #require(value as? Object)
            do {
                let read = try Self.read(openCLIP: model)
                #expect(Self.supported.contains(name), "\(name) was read")
                // The numbers are the file's own.
                let (vision, text) = (model["vision_cfg"] as? Object ?? [:], model["text_cfg"] as? Object ?? [:])
                let (width, headWidth) = (vision["width"] as? Int ?? 768, vision["head_width"] as? Int ?? 64)
                let isResNet = vision["layers"] is [Int]
                #expect(read.vision.heads == (isResNet ? width * 32 : width) / headWidth, "\(name)")
                #expect(read.text.heads == text["heads"] as? Int && read.text.width == text["width"] as? Int, "\(name)")
                #expect(read.vision.activation == (model["quick_gelu"] as? Bool == true ? .quickGELU : .gelu))
            } catch let error as ConfigurationError {
                #expect(!Self.supported.contains(name), "\(error)")
                // The message names a key that the file has.
                let keys = Set(model.keys).union((model["vision_cfg"] as? Object ?? [:]).keys)
                    .union((model["text_cfg"] as? Object ?? [:]).keys)
                let named = keys.filter { error.description.contains($0) && !$0.hasSuffix("_cfg") }
                let key = try #require(
                    named.max { $0.count < $1.count } ?? keys.first { error.description.contains($0) })
                refusals[key, default: 0] += 1
            }
        }
        print("open_clip: \(Self.supported.count) read, \(144 - Self.supported.count) refused by \(refusals)")
    }

    /// What no shape tells is not guessed: the published towers' heads are known, and are those of their configurations.
    @Test func shapesOfPublishedModelsGiveTheirHeads() throws {
        let (models, shapes) = (try Self.fixture("open_clip.json"), try Self.fixture("shapes.json"))
        var checked = 0
        for (name, value) in shapes where Self.supported.contains(name) {
            let model = try #require(models[name] as? Object)
            let file = try SparseCheckpoint(try #require(value as? Object))
            defer { file.remove() }
            let stated = try Self.read(openCLIP: model)
            let inferred = try CLIPConfiguration(
                inferredFrom: Checkpoint(at: file.url), activation: stated.vision.activation)
            #expect(inferred == stated, "\(name)")
            checked += 1
        }
        #expect(checked == 29)
    }

    @Test func unknownHeadsAreAskedFor() throws {
        let shapes = try Self.fixture("shapes.json")
        var model = try #require(shapes["ViT-B-32"] as? Object)
        // One block less is a tower that nobody published.
        model["blocks"] = ["visual.transformer.resblocks": 11, "transformer.resblocks": 12]
        let file = try SparseCheckpoint(model)
        defer { file.remove() }
        let checkpoint = try Checkpoint(at: file.url)
        func refusal(_ heads: HeadCounts?) -> String {
            do {
                _ = try CLIPConfiguration(inferredFrom: checkpoint, activation: .gelu, heads: heads)
                return ""
            } catch { return "\(error)" }
        }
        #expect(refusal(nil).contains("--heads") && refusal(nil).contains("the image tower (width 768, 11 layers)"))
        #expect(refusal(HeadCounts(image: 7, text: 8)).contains("does not split into 7 heads"))
        #expect(refusal(HeadCounts(image: 6, text: 4)).contains("its towers have 8 heads where 4 are stated"))
        let read = try CLIPConfiguration(
            inferredFrom: checkpoint, activation: .gelu, heads: HeadCounts(image: 6, text: 8))
        #expect(read.vision.heads == 6 && read.text.heads == 8)
    }

    @Test(arguments: ["lower", "whitespace", "whitespace_underscore", "canonicalize"])
    func tokenizerCleaningIsFollowed(name: String) throws {
        var model = try #require(try Self.fixture("open_clip.json")["ViT-B-32"] as? Object)
        var text = try #require(model["text_cfg"] as? Object)
        text["tokenizer_kwargs"] = ["clean": name]
        model["text_cfg"] = text
        #expect(try Self.read(openCLIP: model).text.cleaning.rawValue == name)
    }

    @Test(arguments: [
        ("text_cfg", "tokenizer_kwargs", "{\"clean\": \"upper\"}", "clean is 'upper'"),
        ("text_cfg", "tokenizer_kwargs", "{\"reduction_mask\": \"random\"}", "reduction_mask"),
        ("text_cfg", "tokenizer_kwargs", "{\"strip_sep_token\": true}", "strip_sep_token"),
        ("text_cfg", "hf_tokenizer_name", "\"bert-base-uncased\"", "hf_tokenizer_name"),
        ("text_cfg", "no_causal_mask", "true", "no_causal_mask"), ("text_cfg", "pool_type", "\"eos\"", "pool_type"),
        ("text_cfg", "norm_kwargs", "{\"bias\": false}", "bias"), ("text_cfg", "colour", "1", "colour"),
        ("vision_cfg", "output_tokens", "true", "output_tokens"),
        ("vision_cfg", "act_kwargs", "{\"approximate\": \"x\"}", "approximate"),
        ("vision_cfg", "ls_init_value", "0.1", "ls_init_value"),
        ("vision_cfg", "image_size", "[224, 448]", "image_size"),
    ])
    func refusesByName(tower: String, key: String, json: String, named: String) throws {
        var model = try #require(try Self.fixture("open_clip.json")["ViT-B-32"] as? Object)
        var object = try #require(model[tower] as? Object)
        object[key] = try JSONSerialization.jsonObject(with: Data(json.utf8), options: .fragmentsAllowed)
        model[tower] = object
        let error = #expect(throws: ConfigurationError.self) { try Self.read(openCLIP: model) }
        #expect(error?.description.contains(named) == true, "\(String(describing: error))")
    }

    @Test func argumentsOfLayersAreFollowed() throws {
        var model = try #require(try Self.fixture("open_clip.json")["ViT-B-32"] as? Object)
        for tower in ["text_cfg", "vision_cfg"] {
            var object = try #require(model[tower] as? Object)
            object["norm_kwargs"] = ["eps": 1e-6]
            object["act_kwargs"] = ["approximate": "tanh"]
            model[tower] = object
        }
        let read = try Self.read(openCLIP: model)
        #expect(read.text.epsilon == 1e-6 && read.vision.epsilon == 1e-6)
        #expect(read.text.activation == .geluTanh && read.vision.activation == .geluTanh)
    }

    /// Files as transformers 4 and 5 write them, with every key or only those that differ.
    @Test func allThatTransformersWritesIsRead() throws {
        let versions = try Self.fixture("transformers.json")
        #expect(versions.count == 2)
        for (version, kinds) in versions {
            for (name, value) in try #require(kinds as? [String: Object]) where name.contains("Config") {
                let read = try Self.write(value) { try CLIPConfiguration(huggingFace: $0) }
                #expect(
                    read.family == (name.hasPrefix("Chinese") ? .chineseCLIP : name.hasPrefix("Sig") ? .siglip : .clip))
                #expect(read.vision.width == 768 && read.text.layers == 12, "\(version) \(name)")
            }
        }
    }

    @Test(arguments: [
        ("text_config", "position_embedding_type", "\"relative_key\""), ("text_config", "is_decoder", "true"),
        ("text_config", "pruned_heads", "{\"0\": [1]}"), ("vision_config", "rope_theta", "10000"),
        ("", "quantization_config", "{\"bits\": 4}"), ("text_config", "model_type", "\"xlm-roberta\""),
        ("text_config", "hidden_act", "\"silu\""), ("vision_config", "num_channels", "1"),
    ])
    func refusesOfTransformersByName(tower: String, key: String, json: String) throws {
        let versions = try Self.fixture("transformers.json")
        let kinds = try #require(versions.values.first as? [String: Object])
        var config = try #require(kinds["ChineseCLIPConfig whole"])
        let value = try JSONSerialization.jsonObject(with: Data(json.utf8), options: .fragmentsAllowed)
        if tower.isEmpty {
            config[key] = value
        } else {
            var object = try #require(config[tower] as? Object)
            object[key] = value
            config[tower] = object
        }
        let error = #expect(throws: ConfigurationError.self) {
            try Self.write(config) { try CLIPConfiguration(huggingFace: $0) }
        }
        #expect(error?.description.contains(key) == true, "\(String(describing: error))")
    }
}

/// A checkpoint of given shapes whose numbers take no space: a safetensors file with a hole.
private struct SparseCheckpoint {
    let url: URL

    /// - Parameter model: `tensors` by name, and `blocks`: how many each series has of which only the first is listed.
    init(_ model: [String: Any]) throws {
        let listed = try #require(model["tensors"] as? [String: [Int]])
        let blocks = model["blocks"] as? [String: Int] ?? [:]
        var tensors = listed
        for (series, count) in blocks {
            for (name, shape) in listed where name.hasPrefix(series + ".0.") {
                for block in 1..<max(2, count) where block < count {
                    tensors["\(series).\(block).\(name.dropFirst(series.count + 3))"] = shape
                }
            }
        }
        var offset = 0
        var header: [String: Any] = [:]
        for (name, shape) in tensors.sorted(by: { $0.key < $1.key }) {
            let end = offset + 2 * shape.reduce(1, *)
            header[name] = ["dtype": "F16", "shape": shape, "data_offsets": [offset, end]] as [String: Any]
            offset = end
        }
        let json = try JSONSerialization.data(withJSONObject: header)
        url = FileManager.default.temporaryDirectory.appendingPathComponent("diptych-\(UUID().uuidString).safetensors")
        try (withUnsafeBytes(of: UInt64(json.count).littleEndian) { Data($0) } + json).write(to: url)
        let file = try FileHandle(forWritingTo: url)
        try file.truncate(atOffset: UInt64(8 + json.count + offset))
        try file.close()
    }

    func remove() { try? FileManager.default.removeItem(at: url) }
}
