public import DiptychEngine
internal import DiptychModels
internal import DiptychCheckpoints

/// A model interpreted by the engine that counts: parameters, and the operations of an image and of a text.
public struct ModelCost {
    /// The parameters of the image tower.
    public let visionParameters: Int
    /// The parameters of the text tower; 0 where there is none.
    public let textParameters: Int
    private let vision: (PixelBatch) throws -> [OperationCost]
    private let text: ((TokenBatch) throws -> [OperationCost])?
    private let imageSize: Int

    /// Prepares the towers, which checks the names and shapes of all their tensors.
    ///
    /// - Throws: ``CheckpointError`` for a tensor that is missing or misshapen.
    init(_ root: Parameters, _ definition: any ModelDefinition, precision: Precision = .fp32) throws {
        imageSize = definition.imageSize
        let visionEngine = CostEngine(precision: precision)
        let visionTower = try definition.imageTower(root, engine: visionEngine)
        visionParameters = visionEngine.parameters
        vision = { pixels in
            let before = visionEngine.operations.count
            _ = try visionTower(pixels)
            return Array(visionEngine.operations[before...])
        }
        let textEngine = CostEngine(precision: precision)
        let textTower = try definition.textTower(root, engine: textEngine)
        textParameters = textEngine.parameters
        text = textTower.map { tower in
            { tokens in
                let before = textEngine.operations.count
                _ = try tower(tokens)
                return Array(textEngine.operations[before...])
            }
        }
    }

    /// The operations of the image tower on `count` images, in order.
    public func images(_ count: Int) throws -> [OperationCost] {
        let size = imageSize
        return try vision(
            PixelBatch(values: [Float](repeating: 0, count: count * 3 * size * size), count: count, size: size))
    }

    /// The operations of the text tower on texts of `length` tokens each, in order.
    public func texts(_ count: Int, length: Int) throws -> [OperationCost] {
        try texts(TokenBatch([[Int32]](repeating: [Int32](repeating: 0, count: length), count: count)))
    }

    /// The operations of the text tower on the texts of `batch`, in order; none without a text tower.
    public func texts(_ batch: TokenBatch) throws -> [OperationCost] { try text?(batch) ?? [] }
}
