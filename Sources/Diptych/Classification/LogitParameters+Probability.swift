internal import Foundation

extension LogitParameters {
    /// What turns one of some cosines into its probability: a softmax over all of them, or a sigmoid of each where the model has
    /// a bias.
    package func probability(among similarities: [Float]) -> (Float) -> Float {
        let scale = Double(scale)
        if let bias = bias.map(Double.init) {
            return { Float(1 / (1 + exp(-(scale * Double($0) + bias)))) }
        }
        // Less the highest, so that no exponential overflows.
        let highest = Double(similarities.max() ?? 0)
        let total = similarities.reduce(0) { $0 + exp(scale * (Double($1) - highest)) }
        return { Float(exp(scale * (Double($0) - highest)) / total) }
    }
}
