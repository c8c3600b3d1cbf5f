internal import DiptychEngine
internal import DiptychModels

/// How long one kind of operation takes in a forward pass, beside what it costs.
public struct OperationProfile: Sendable {
    /// The operation with its sizes.
    public let label: String
    /// How often it runs in a pass.
    public let calls: Int
    /// The time of all calls, in seconds.
    public let seconds: Double
    /// The floating-point operations of all calls.
    public let flops: Double
    /// The bytes that all calls must move at least.
    public let bytes: Double
}

extension CLIPModel {
    /// Times every operation of the median of `passes` forward passes over `count` pictures of grey.
    ///
    /// - Returns: operations with the same label together, the slowest first.
    public func profile(pictures count: Int, passes: Int = 5) async throws -> [OperationProfile] {
        let (count, size) = (max(1, count), configuration.vision.imageSize)
        let pixels = PixelBatch(
            values: (0..<count * 3 * size * size).map { Float($0 % 251) / 125 - 1 }, count: count, size: size)
        let precision = try await engineDescription().precision
        return try await Self.pair(
            room.time(pixels: pixels, tokens: nil, passes: passes), cost(precision: precision).pictures(count))
    }

    /// Times every operation of the median of `passes` forward passes over `count` texts of `length` tokens, as
    /// many as the model's context at most.
    ///
    /// - Returns: operations with the same label together, the slowest first.
    public func profile(texts count: Int, length: Int, passes: Int = 5) async throws -> [OperationProfile] {
        let (count, length) = (max(1, count), min(max(1, length), configuration.text.contextLength))
        let ids = (0..<length).map { Int32($0 % configuration.text.vocabularySize) }
        let tokens = TokenBatch([[Int32]](repeating: ids, count: count))
        let precision = try await engineDescription().precision
        return try await Self.pair(
            room.time(pixels: nil, tokens: tokens, passes: passes),
            cost(precision: precision).texts(count, length: length))
    }

    private static func pair(_ durations: [Duration], _ costs: [OperationCost]) -> [OperationProfile] {
        precondition(durations.count == costs.count, "the engines ran different operations")
        var groups: [String: OperationProfile] = [:]
        for (duration, cost) in zip(durations, costs) {
            let seconds = Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
            let known = groups[cost.label]
            groups[cost.label] = OperationProfile(
                label: cost.label, calls: (known?.calls ?? 0) + 1, seconds: (known?.seconds ?? 0) + seconds,
                flops: (known?.flops ?? 0) + cost.flops, bytes: (known?.bytes ?? 0) + cost.bytes)
        }
        return groups.values.sorted { $0.seconds > $1.seconds }
    }
}
