public import DiptychEngine
public import DiptychCheckpoints

/// A model that embeds clips of several frames, besides single images.
public protocol VideoModelDefinition: ModelDefinition {
    /// How many frames of a video it was trained with.
    var frames: Int { get }

    /// Builds the video tower: [clips · frames, 3, size, size] and the number of frames → [clips, dimension], not normalised.
    ///
    /// - Throws: ``CheckpointError`` when a tensor is missing or misshapen, ``EngineError`` when it cannot be prepared.
    func videoTower<E: Engine>(_ root: Parameters, engine: E) throws -> (E.Pixels, Int) throws -> E.Tensor
}

/// The sizes of a ViCLIP, read from the shapes of its checkpoint.
///
/// Source: Wang et al. 2023, "InternVid" (arXiv 2307.06942); OpenGVLab/InternVideo, `Data/InternVid/viclip`.
public struct ViCLIPConfiguration: VideoModelDefinition, Hashable {
    /// The width of the video tower.
    public let width: Int
    /// The number of its blocks.
    public let layers: Int
    /// The number of its attention heads.
    public let heads: Int
    /// The width of its feed-forward layers.
    public let feedForwardWidth: Int
    /// The side of a patch in pixels.
    public let patchSize: Int
    /// The side of the square frames that it reads, in pixels.
    public let imageSize: Int
    /// How many frames of a video it was trained with.
    public let frames: Int
    /// The sizes of the text tower, which is CLIP's.
    public let text: CLIPConfiguration.Text
    /// The width of its embeddings.
    public let embeddingDimension: Int

    /// Every head of the published models is so wide.
    private static let headWidth = 64

    /// The patches of a frame.
    public var patches: Int { (imageSize / patchSize) * (imageSize / patchSize) }
    /// The ids and the length of texts.
    public var textInput: TextInput? {
        TextInput(vocabularySize: text.vocabularySize, contextLength: text.contextLength)
    }
    /// The design and the heads; shapes tell the rest.
    public var fingerprintFacts: [String] {
        ["viclip", "heads=\(heads) text heads=\(text.heads)", "image=\(imageSize)"]
    }

    /// Whether the tensors of `checkpoint` have the names of a ViCLIP.
    public static func describes(_ checkpoint: Checkpoint) -> Bool {
        ["vision_encoder.temporal_positional_embedding", "text_encoder.text_projection"].allSatisfy {
            checkpoint.tensors[$0] != nil
        }
    }

    /// Reads the sizes from the shapes of a checkpoint's tensors.
    ///
    /// - Parameter heads: the attention heads of both towers, where they are not 64 wide as in the published models.
    /// - Throws: ``ConfigurationError`` naming the tensor that is missing or misshapen.
    public init(inferredFrom checkpoint: Checkpoint, heads stated: HeadCounts? = nil) throws {
        func shape(_ name: String, _ rank: Int) throws -> [Int] {
            guard let view = checkpoint.tensors[name] else {
                throw ConfigurationError(path: checkpoint.path, "tensor '\(name)' is missing")
            }
            guard view.shape.count == rank, view.shape.allSatisfy({ (1...1 << 24).contains($0) }) else {
                throw ConfigurationError(
                    path: checkpoint.path, "tensor '\(name)' has shape \(view.shape), which no ViCLIP has")
            }
            return view.shape
        }
        func blocks(_ tower: String) -> Int {
            var count = 0
            while checkpoint.tensors["\(tower).transformer.resblocks.\(count).ln_1.weight"] != nil { count += 1 }
            return count
        }
        func heads(_ width: Int, _ stated: Int?) throws -> Int {
            guard let count = stated ?? (width % Self.headWidth == 0 ? width / Self.headWidth : nil), width % count == 0
            else {
                throw ConfigurationError(
                    path: checkpoint.path,
                    "does not say how many attention heads a tower of width \(width) has: state them")
            }
            return count
        }
        let convolution = try shape("vision_encoder.conv1.weight", 5)
        guard convolution[1] == 3, convolution[2] == 1, convolution[3] == convolution[4] else {
            throw ConfigurationError(
                path: checkpoint.path,
                "tensor 'vision_encoder.conv1.weight' has shape \(convolution); patches of one frame are supported")
        }
        (width, patchSize) = (convolution[0], convolution[3])
        let positions = try shape("vision_encoder.positional_embedding", 2)[0] - 1
        let side = Int(Double(positions).squareRoot().rounded())
        guard side > 0, side * side == positions, side * patchSize <= 4096 else {
            throw ConfigurationError(
                path: checkpoint.path,
                "tensor 'vision_encoder.positional_embedding' has \(positions + 1) rows, which are no square and one")
        }
        imageSize = side * patchSize
        frames = try shape("vision_encoder.temporal_positional_embedding", 3)[1]
        layers = blocks("vision_encoder")
        self.heads = try heads(width, stated?.image)
        feedForwardWidth = layers == 0 ? 0 : try shape("vision_encoder.transformer.resblocks.0.mlp.c_fc.weight", 2)[0]
        embeddingDimension = try shape("vision_encoder.proj", 2)[1]
        var text = CLIPConfiguration.Text()
        let words = try shape("text_encoder.token_embedding.weight", 2)
        (text.vocabularySize, text.width) = (words[0], words[1])
        text.contextLength = try shape("text_encoder.positional_embedding", 2)[0]
        text.layers = blocks("text_encoder")
        text.feedForwardWidth =
            text.layers == 0 ? 0 : try shape("text_encoder.transformer.resblocks.0.mlp.c_fc.weight", 2)[0]
        text.heads = try heads(text.width, stated?.text)
        text.endID = 2  // the highest id
        self.text = text
    }

    /// Builds the image tower: a clip of one frame.
    public func imageTower<E: Engine>(_ root: Parameters, engine: E) throws -> (E.Pixels) throws -> E.Tensor {
        let tower = try ViCLIPVideoTower(root / "vision_encoder", self, engine: engine)
        return { try tower($0, frames: 1) }
    }

    /// Builds the video tower.
    public func videoTower<E: Engine>(_ root: Parameters, engine: E) throws -> (E.Pixels, Int) throws -> E.Tensor {
        let tower = try ViCLIPVideoTower(root / "vision_encoder", self, engine: engine)
        return { try tower($0, frames: $1) }
    }

    /// Builds the text tower: CLIP's, under names of its own.
    public func textTower<E: Engine>(_ root: Parameters, engine: E) throws -> ((E.Tokens) throws -> E.Tensor)? {
        var configuration = CLIPConfiguration()
        configuration.names = .original
        configuration.text = text
        configuration.embeddingDimension = embeddingDimension
        let tower = try CLIPTextTower(root / "text_encoder", configuration, engine: engine)
        return { try tower($0) }
    }

    /// Whether the tensor called `name` changes no embedding: the temperature of the training.
    public func isNoParameter(_ name: String) -> Bool { name == "temp" }
}
