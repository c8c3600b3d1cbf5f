public import DiptychEngine
internal import DiptychModels
internal import DiptychTensors

/// A model interpreted by the engine that counts: parameters, and the operations of a picture and of a text.
public struct ModelCost {
    /// The parameters of the image tower.
    public let visionParameters: Int
    /// The parameters of the text tower.
    public let textParameters: Int
    private let vision: (PixelBatch) throws -> [OperationCost]
    private let text: (TokenBatch) throws -> [OperationCost]
    private let configuration: CLIPConfiguration

    /// Prepares both towers, which checks the names and shapes of all their tensors.
    ///
    /// - Throws: ``CheckpointError`` for a tensor that is missing or misshapen.
    init(_ root: Parameters, _ configuration: CLIPConfiguration, precision: Precision = .fp32) throws {
        self.configuration = configuration
        let visionEngine = CostEngine(precision: precision)
        let visionTower = try VisionTower(root, configuration, engine: visionEngine)
        visionParameters = visionEngine.parameters
        vision = { pixels in
            let before = visionEngine.operations.count
            _ = try visionTower(pixels)
            return Array(visionEngine.operations[before...])
        }
        let textEngine = CostEngine(precision: precision)
        let textTower = try TextTower(root, configuration, engine: textEngine)
        textParameters = textEngine.parameters
        text = { tokens in
            let before = textEngine.operations.count
            _ = try textTower(tokens)
            return Array(textEngine.operations[before...])
        }
    }

    /// The operations of the image tower on `count` pictures, in order.
    public func pictures(_ count: Int) throws -> [OperationCost] {
        let size = configuration.vision.imageSize
        return try vision(
            PixelBatch(values: [Float](repeating: 0, count: count * 3 * size * size), count: count, size: size))
    }

    /// The operations of the text tower on texts of `length` tokens each, in order.
    public func texts(_ count: Int, length: Int) throws -> [OperationCost] {
        try texts(TokenBatch([[Int32]](repeating: [Int32](repeating: 0, count: length), count: count)))
    }

    /// The operations of the text tower on the texts of `batch`, in order.
    public func texts(_ batch: TokenBatch) throws -> [OperationCost] { try text(batch) }
}
