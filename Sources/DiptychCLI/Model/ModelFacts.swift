import Diptych
import DiptychEngine
import DiptychModels
import DiptychCheckpoints
import Foundation

/// Everything that `models inspect` says about a model.
struct ModelFacts {
    private let model: any CheckpointModel
    private let fingerprint: String
    private let engine: EngineDescription
    private let parameters: (vision: Int, text: Int)
    private let imageFLOPs: Double
    /// FLOPs of a text by its number of tokens.
    private let textFLOPs: [(length: Int, flops: Double)]
    private let tensors: [TensorView]
    private let design: any ModelDesign

    init(_ model: any CheckpointModel, typicalLength: Int) async throws {
        self.model = model
        fingerprint = await model.fingerprint()
        engine = try await model.engineDescription()
        let cost = try model.cost()
        parameters = (cost.visionParameters, cost.textParameters)
        imageFLOPs = try cost.images(1).reduce(0) { $0 + $1.flops }
        let longest = model.runner.definition.textInput?.contextLength
        textFLOPs =
            try longest.map { typicalLength < $0 ? [$0, typicalLength] : [$0] }?.map { length in
                (length, try cost.texts(1, length: length).reduce(0) { $0 + $1.flops })
            } ?? []
        tensors = model.checkpoint.tensors.values.sorted { $0.name < $1.name }
        design = try Self.design(of: model)
    }

    private static func design(of model: any CheckpointModel) throws -> any ModelDesign {
        switch model {
        case let model as CLIPModel: CLIPDesign(model: model)
        case let model as ResNetModel: ResNetDesign(configuration: model.configuration)
        default: throw Failure("\(model.name): its kind of model cannot be inspected")
        }
    }

    private var bytes: Int { tensors.reduce(0) { $0 + $1.bytes.count } }

    private var types: [(String, Int)] {
        Dictionary(grouping: tensors, by: \.elementType.rawValue).map { ($0, $1.count) }.sorted { $0.0 < $1.0 }
    }

    func json(listsTensors: Bool) -> JSON {
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
            "configuration": design.json,
            "parameters": [
                "vision": .int(parameters.vision), "text": .int(parameters.text),
                "total": .int(parameters.vision + parameters.text),
            ],
            "tensors": .object(tensorFacts),
            "flops": [
                "picture": .double(imageFLOPs),
                "texts": .array(textFLOPs.map { ["tokens": .int($0.length), "flops": .double($0.flops)] }),
            ],
            "engine": [
                "name": .string(engine.name), "instructions": .string(engine.instructions.rawValue),
                "processor": .string(InstructionSet.detected.rawValue), "bf16": .bool(InstructionSet.hasBFloat16),
                "precision": .string(engine.precision.rawValue), "reason": .string(engine.reason),
                "threads": .int(engine.threads),
            ],
        ]
    }

    func lines(listsTensors: Bool) -> [String] {
        let typeList = types.map { "\($1) × \($0)" }.joined(separator: ", ")
        let total = parameters.vision + parameters.text
        var facts = [
            ("model", "\(model.name) (\(model.path))"), ("family", design.family), ("fingerprint", fingerprint),
        ]
        facts += design.facts
        facts += [
            (
                "parameters",
                "\(Columns.grouped(total)): \(Columns.grouped(parameters.vision)) for images, "
                    + "\(Columns.grouped(parameters.text)) for texts"
            ),
            ("tensors", "\(tensors.count) (\(typeList)), \(Columns.grouped(bytes)) bytes"),
            ("an image", Self.giga(imageFLOPs)),
        ]
        facts += textFLOPs.map { ("a text", "\(Self.giga($0.flops)) with \($0.length) tokens") }
        facts += [
            ("engine", engine.name),
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
