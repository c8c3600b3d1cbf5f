import Diptych
import DiptychEngine
import DiptychModels
import DiptychTensors
import Foundation

/// Everything that `models inspect` says about a model.
struct ModelFacts {
    private let model: CLIPModel
    private let fingerprint: String
    private let engine: EngineDescription
    private let parameters: (vision: Int, text: Int)
    private let pictureFLOPs: Double
    /// FLOPs of a text by its number of tokens.
    private let textFLOPs: [(length: Int, flops: Double)]
    private let tensors: [TensorView]

    init(_ model: CLIPModel, typicalLength: Int) async throws {
        self.model = model
        fingerprint = await model.fingerprint()
        engine = try await model.engineDescription()
        let cost = try model.cost()
        parameters = (cost.visionParameters, cost.textParameters)
        pictureFLOPs = try cost.pictures(1).reduce(0) { $0 + $1.flops }
        let longest = model.configuration.text.contextLength
        textFLOPs = try (typicalLength < longest ? [longest, typicalLength] : [longest]).map { length in
            (length, try cost.texts(1, length: length).reduce(0) { $0 + $1.flops })
        }
        tensors = model.checkpoint.tensors.values.sorted { $0.name < $1.name }
    }

    private var bytes: Int { tensors.reduce(0) { $0 + $1.bytes.count } }

    private var types: [(String, Int)] {
        Dictionary(grouping: tensors, by: \.elementType.rawValue).map { ($0, $1.count) }.sorted { $0.0 < $1.0 }
    }

    private var stages: JSON {
        guard case .resNet(let stages) = model.configuration.vision.architecture else { return .null }
        return .array(stages.map(JSON.int))
    }

    /// The image tower's design, in words.
    private var pictures: String {
        let vision = model.configuration.vision
        let size = "\(vision.imageSize) × \(vision.imageSize)"
        switch vision.architecture {
        case .resNet(let stages):
            return "\(size), residual network of \(stages.map(String.init).joined(separator: ", ")) blocks, width "
                + "\(vision.width), attention pooling with \(vision.heads) heads"
        case .transformer, .siglip:
            return "\(size) in patches of \(vision.patchSize), width \(vision.width), \(vision.layers) layers, "
                + "\(vision.heads) heads, \(vision.activation.rawValue)"
        }
    }

    func json(listsTensors: Bool) -> JSON {
        let (text, vision) = (model.configuration.text, model.configuration.vision)
        var tensorFacts: [(String, JSON)] = [
            ("count", .int(tensors.count)), ("bytes", .int(bytes)),
            ("types", .object(types.map { ($0, .int($1)) })),
        ]
        if listsTensors {
            tensorFacts.append(
                (
                    "list",
                    .array(
                        tensors.map {
                            [
                                "name": .string($0.name), "type": .string($0.elementType.rawValue),
                                "shape": .array($0.shape.map(JSON.int)), "bytes": .int($0.bytes.count),
                            ]
                        })
                ))
        }
        return [
            "name": .string(model.name), "path": .string(model.path), "fingerprint": .string(fingerprint),
            "configuration": [
                "family": .string(model.configuration.family.rawValue), "dimension": .int(model.dimension),
                "logit_scale": .float(model.logits.scale),
                "logit_bias": model.logits.bias.map(JSON.float) ?? .null,
                "text": [
                    "architecture": .string(text.architecture.rawValue),
                    "vocabulary_size": .int(text.vocabularySize), "context_length": .int(text.contextLength),
                    "width": .int(text.width), "feed_forward_width": .int(text.feedForwardWidth),
                    "layers": .int(text.layers), "heads": .int(text.heads),
                    "activation": .string(text.activation.rawValue),
                ],
                "vision": [
                    "architecture": .string(vision.architecture.name), "stages": stages,
                    "image_size": .int(vision.imageSize), "patch_size": .int(vision.patchSize),
                    "width": .int(vision.width), "feed_forward_width": .int(vision.feedForwardWidth),
                    "layers": .int(vision.layers), "heads": .int(vision.heads),
                    "activation": .string(vision.activation.rawValue),
                ],
            ],
            "parameters": [
                "vision": .int(parameters.vision), "text": .int(parameters.text),
                "total": .int(parameters.vision + parameters.text),
            ],
            "tensors": .object(tensorFacts),
            "flops": [
                "picture": .double(pictureFLOPs),
                "texts": .array(textFLOPs.map { ["tokens": .int($0.length), "flops": .double($0.flops)] }),
            ],
            "engine": [
                "instructions": .string(engine.instructions.rawValue),
                "processor": .string(InstructionSet.detected.rawValue), "bf16": .bool(InstructionSet.hasBFloat16),
                "precision": .string(engine.precision.rawValue), "reason": .string(engine.reason),
                "threads": .int(engine.threads),
            ],
        ]
    }

    func lines(listsTensors: Bool) -> [String] {
        let text = model.configuration.text
        let typeList = types.map { "\($1) × \($0)" }.joined(separator: ", ")
        let total = parameters.vision + parameters.text
        var facts = [
            ("model", "\(model.name) (\(model.path))"), ("family", model.configuration.family.rawValue),
            ("fingerprint", fingerprint),
            ("embedding", "\(model.dimension) numbers, logit scale \(model.logits.scale)"),
            ("pictures", pictures),
            (
                "texts",
                "\(text.contextLength) tokens of \(text.vocabularySize), width \(text.width), \(text.layers) layers, "
                    + "\(text.heads) heads, \(text.activation.rawValue)"
            ),
            (
                "parameters",
                "\(Columns.grouped(total)): \(Columns.grouped(parameters.vision)) for pictures, "
                    + "\(Columns.grouped(parameters.text)) for texts"
            ),
            ("tensors", "\(tensors.count) (\(typeList)), \(Columns.grouped(bytes)) bytes"),
            ("a picture", Self.giga(pictureFLOPs)),
        ]
        facts += textFLOPs.map { ("a text", "\(Self.giga($0.flops)) with \($0.length) tokens") }
        facts += [
            ("instructions", "\(engine.instructions.rawValue) (the processor has \(InstructionSet.detected.rawValue))"),
            ("precision", "\(engine.precision.rawValue): \(engine.reason)"), ("threads", "\(engine.threads)"),
        ]
        let lines = facts.map { "\(Columns.left($0, 13)) \($1)" }
        guard listsTensors else { return lines }
        return lines
            + tensors.map {
                "\(Columns.left($0.elementType.rawValue, 5)) \(Columns.left("\($0.shape)", 18)) \($0.name)"
            }
    }

    private static func giga(_ flops: Double) -> String { String(format: "%.4g GFLOP", flops / 1e9) }
}

extension CLIPConfiguration.Vision.Architecture {
    /// The name of the design.
    fileprivate var name: String {
        switch self {
        case .transformer: "transformer"
        case .resNet: "resnet"
        case .siglip: "siglip"
        }
    }
}
