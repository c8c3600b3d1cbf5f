internal import DiptychEvaluation
internal import Foundation

/// How probable suggestions of a raw probability turned out to be.
public struct SuggestionCalibration: Sendable, Equatable {
    private let curve: LogisticCurve?

    /// The least number of decisions that a curve is fitted to, and how many must have been right and wrong.
    private static let (fewest, fewestOfEach) = (30, 5)
    /// Older decisions were about other heads.
    static let window = 500

    /// Fits a curve to what was suggested and whether it was decided so; without enough decisions, raw probabilities stay as they are.
    public init(_ confirmed: [(raw: Double, isRight: Bool)] = []) {
        let latest = confirmed.suffix(Self.window)
        let right = latest.count { $0.isRight }
        guard latest.count >= Self.fewest, min(right, latest.count - right) >= Self.fewestOfEach else {
            curve = nil
            return
        }
        let fitted = LogisticCurve(fitting: latest.map { (Self.logit($0.raw), $0.isRight) })
        // One that falls says that the head is worse than none; it stays what it said.
        curve = fitted.slope > 0 && fitted.slope.isFinite && fitted.intercept.isFinite ? fitted : nil
    }

    private static func logit(_ probability: Double) -> Double {
        let p = min(0.9999, max(0.0001, probability))
        return log(p / (1 - p))
    }

    /// The probability of a suggestion.
    public func probability(_ raw: Double) -> Double {
        min(0.999, max(0.001, curve?.probability(at: Self.logit(raw)) ?? raw))
    }
}
