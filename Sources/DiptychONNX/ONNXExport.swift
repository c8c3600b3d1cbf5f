internal import DiptychBasics
internal import DiptychEngine
public import DiptychModels
public import DiptychCheckpoints
internal import Foundation
internal import SwiftProtobuf

/// Writes a model's towers as ONNX files, for other runtimes.
///
///     let export = ONNXExport(checkpoint: model.checkpoint, configuration: model.configuration,
///                             contextLength: model.tokenizer.contextLength)
///     try export.write(.image, prefix: "exported/clip")       // exported/clip.img.fp32.onnx
///
/// The names of files, inputs and outputs are those of Chinese-CLIP's exporter: `image` [batch, 3, size, size] float32 gives
/// `unnorm_image_features` [batch, dimension] float32; `text` [batch, context] int64 gives `unnorm_text_features`. Texts are
/// padded to the context. Operator set 17, IR version 8.
public struct ONNXExport: Sendable {
    /// One of the two towers.
    public enum Tower: String, Sendable, Hashable, CaseIterable {
        /// Images to embeddings.
        case image
        /// Texts to embeddings.
        case text
    }

    /// The number format of weights and of the inputs of matrix products; inputs and outputs are float32 in both.
    public enum Precision: String, Sendable, Hashable, CaseIterable {
        /// 32-bit floats.
        case fp32
        /// 16-bit floats (IEEE 754), with sums, layer normalisation and softmax in fp32.
        case fp16
    }

    /// The number format.
    public var precision = Precision.fp32
    /// The number of inputs that the graph takes at once; nil for any.
    public var fixedBatch: Int?
    /// Whether the graph ends in a division by the Euclidean length. The outputs are then `image_features` and `text_features`.
    public var normalizes = false
    /// What the files say of themselves, next to the model's sizes: its name, its preprocessing.
    public var metadata: [String: String] = [:]

    private let checkpoint: Checkpoint
    private let configuration: CLIPConfiguration
    private let contextLength: Int

    /// Exports the model that a checkpoint and a configuration make.
    ///
    /// - Parameter contextLength: the tokens of a padded text; nil for the most that the model reads. Chinese-CLIP's models are used
    ///   with 52, although they could read more.
    public init(checkpoint: Checkpoint, configuration: CLIPConfiguration, contextLength: Int? = nil) {
        self.checkpoint = checkpoint
        self.configuration = configuration
        self.contextLength = contextLength ?? configuration.text.contextLength
    }

    /// The largest file that keeps its weights inside; beyond it, and in fp16, they stand in a file beside it.
    ///
    /// The format allows 2 GiB, which some readers do not reach.
    package var largestWhole = 1 << 30

    /// Writes one tower and gives the paths of its files: `PREFIX.img.fp32.onnx` or `PREFIX.txt.fp16.onnx` and the like, then
    /// the file of its weights, if there is one, with `.extra_file` after that.
    ///
    /// Each file appears once it is complete. Memory stays far below the size of the weights.
    ///
    /// - Parameters:
    ///   - prefix: a directory that exists, and how the names of the files start.
    ///   - progress: called after each tensor with the number written and the number of all.
    /// - Throws: ``ONNXError``, `FileWriteError`, `CheckpointError` for a tensor that is missing or misshapen, `EngineError` where
    ///   the sizes cannot be, `CancellationError`.
    @discardableResult public func write(
        _ tower: Tower, prefix: String, progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) throws -> [String] {
        let path = try path(of: tower, prefix: prefix)
        let (model, initialisers) = try record(tower)
        let bytes = initialisers.reduce(0) { $0 + $1.byteCount }
        let writer = try ONNXFileWriter(path: path, isWhole: precision == .fp32 && bytes <= largestWhole)
        return try writer.write(model, initialisers, progress: progress)
    }

    private func path(of tower: Tower, prefix: String) throws -> String {
        guard !prefix.isEmpty, !prefix.hasSuffix("/"), !prefix.utf8.contains(0) else {
            throw ONNXError(
                "'\(prefix)' is not how a file's name can start; give a directory and a name, as in exported/clip")
        }
        return "\(prefix).\(tower == .image ? "img" : "txt").\(precision.rawValue).onnx"
    }

    /// The tower as a graph without its weights, and the weights.
    private func record(_ tower: Tower) throws -> (ONNXModel, [Initialiser]) {
        if let fixedBatch, !(1...1 << 16).contains(fixedBatch) {
            throw ONNXError("a batch of \(fixedBatch) cannot be; give a number from 1 to \(1 << 16)")
        }
        let (input, output) = (tower.rawValue, "\(normalizes ? "" : "unnorm_")\(tower.rawValue)_features")
        let graph = GraphRecorder(reserved: [input, output])
        let engine = ONNXEngine(graph, operand: precision == .fp16 ? .float16 : .float, textLength: contextLength)
        let root = Parameters(checkpoint)
        let shape: [Int]
        var value: Value
        switch tower {
        case .image:
            let size = configuration.vision.imageSize
            shape = [3, size, size]
            let pixels = ONNXEngine.Pixels(value: Value(name: input, type: .float), size: size)
            value = try VisionTower(root, configuration, engine: engine)(pixels).value
        case .text:
            shape = [contextLength]
            let tokens = engine.tokens(
                Value(name: input, type: .int64), padID: configuration.text.architecture == .bert ? 0 : nil)
            value = try TextTower(root, configuration, engine: engine)(tokens).value
        }
        if normalizes {
            let length = graph.node("ReduceL2", [value], [.ints("axes", [-1]), .int("keepdims", 1)])
            value = graph.node("Div", [value, length])
        }
        graph.rename(value, to: output)
        let model = ONNXModel.with {
            $0.irVersion = 8
            $0.opsetImport = [.with { $0.version = 17 }]
            $0.producerName = "diptych"
            $0.producerVersion = DiptychVersion.number
            $0.docString = "\(tower.rawValue) tower, model of family \(configuration.family.rawValue)"
            $0.metadataProps = facts.sorted { $0.key < $1.key }.map { fact in
                .with {
                    $0.key = fact.key
                    $0.value = fact.value
                }
            }
            $0.graph.name = "\(tower.rawValue)_tower"
            $0.graph.node = graph.nodes
            $0.graph.input = [declaration(input, tower == .image ? .float : .int64, shape)]
            $0.graph.output = [declaration(output, .float, [configuration.embeddingDimension])]
        }
        return (model, graph.initialisers)
    }

    private var facts: [String: String] {
        metadata.merging([
            "family": configuration.family.rawValue, "dimension": "\(configuration.embeddingDimension)",
            "context_length": "\(contextLength)", "image_size": "\(configuration.vision.imageSize)",
        ]) { $1 }
    }

    /// The name, type and shape of an input or output, the batch before `extents`.
    private func declaration(_ name: String, _ type: ONNXElementType, _ extents: [Int]) -> ONNXValueInfo {
        let batch = ONNXShape.Dimension.with {
            if let fixedBatch { $0.dimValue = Int64(fixedBatch) } else { $0.dimParam = "batch" }
        }
        return .with {
            $0.name = name
            $0.type.tensorType.elemType = type
            $0.type.tensorType.shape.dim = [batch] + extents.map { extent in .with { $0.dimValue = Int64(extent) } }
        }
    }
}
