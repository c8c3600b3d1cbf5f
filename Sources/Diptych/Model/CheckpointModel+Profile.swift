public import DiptychEngine
internal import DiptychModels
public import DiptychTokenizers

/// How long one kind of operation takes in a forward pass, beside what it costs.
public struct OperationProfile: Sendable {
    /// The operation with its sizes.
    public let label: String
    /// The time of all calls, in seconds.
    public let seconds: Double
    /// What each call costs, in order: calls of one label may have different numbers of rows.
    public let costs: [OperationCost]

    /// How often it runs in a pass.
    public var calls: Int { costs.count }
    /// The floating-point operations of all calls.
    public var flops: Double { costs.reduce(0) { $0 + $1.flops } }
    /// The bytes that all calls must move at least.
    public var bytes: Double { costs.reduce(0) { $0 + $1.bytes } }
    /// Those of them that are weights.
    public var weightBytes: Double { costs.reduce(0) { $0 + $1.weightBytes } }
}

extension CheckpointModel {
    /// Times every operation of the median of `passes` forward passes over `count` pictures of grey.
    ///
    /// - Returns: operations with the same label together, the slowest first.
    public func profile(images count: Int, passes: Int = 5) async throws -> [OperationProfile] {
        let (count, size) = (max(1, count), runner.definition.imageSize)
        let pixels = PixelBatch(
            values: (0..<count * 3 * size * size).map { Float($0 % 251) / 125 - 1 }, count: count, size: size)
        let precision = try await engineDescription().precision
        return try await Self.pair(
            runner.time(pixels: pixels, passes: passes), cost(precision: precision).images(count))
    }

    /// Times every operation of the median of `passes` forward passes over `count` texts of `length` tokens, as
    /// many as the model's context at most.
    ///
    /// - Returns: operations with the same label together, the slowest first.
    public func profile(texts count: Int, length: Int, passes: Int = 5) async throws -> [OperationProfile] {
        let input = try textInput()
        let (count, length) = (max(1, count), min(max(1, length), input.contextLength))
        let ids = (0..<length).map { Int32($0 % input.vocabularySize) }
        return try await profile([TokenBatch([[Int32]](repeating: ids, count: count))], passes: passes)
    }

    private func textInput() throws -> TextInput {
        _ = try requireTexts()
        guard let input = runner.definition.textInput else { throw ModelError("\(name) has no text tower") }
        return input
    }

    /// Times every operation of the median of `passes` passes over all batches.
    func profile(_ batches: [TokenBatch], passes: Int) async throws -> [OperationProfile] {
        let precision = try await engineDescription().precision
        let costs = try cost(precision: precision)
        return try await Self.pair(
            runner.time(tokens: batches, passes: passes), batches.flatMap { try costs.texts($0) })
    }

    private static func pair(_ durations: [Duration], _ costs: [OperationCost]) -> [OperationProfile] {
        precondition(durations.count == costs.count, "the engines ran different operations")
        var groups: [String: OperationProfile] = [:]
        for (duration, cost) in zip(durations, costs) {
            let known = groups[cost.label]
            groups[cost.label] = OperationProfile(
                label: cost.label, seconds: (known?.seconds ?? 0) + duration / .seconds(1),
                costs: (known?.costs ?? []) + [cost])
        }
        return groups.values.sorted { $0.seconds > $1.seconds }
    }
}

extension CLIPModel {
    /// Times every operation of the median of `passes` passes over all `texts`, `batch` of them at a time, each of its
    /// own length.
    ///
    /// - Throws: ``EngineError`` when a text is longer than the model reads or has an unknown id.
    public func profile(
        tokenized texts: [TokenizedText], batch: Int, passes: Int = 5
    ) async throws -> [OperationProfile] {
        let ids = texts.map { padded($0.ids) }
        let batches = stride(from: 0, to: ids.count, by: max(1, batch)).map {
            TokenBatch(Array(ids[$0..<min(ids.count, $0 + max(1, batch))]))
        }
        return try await profile(batches, passes: passes)
    }
}
