internal import Foundation

/// What a model's parameters are before it has learnt anything: for each a rule, by its name and shape, and a seed.
///
/// The numbers of a parameter follow from the seed and its name alone, whatever is asked for before it.
public struct InitialValues: Sendable {
    /// How a parameter is filled.
    public enum Rule: Sendable, Hashable {
        /// This number everywhere: 0 for biases, 1 for the gains of normalisations.
        case constant(Float)
        /// Normally distributed about 0.
        case normal(standardDeviation: Float)
        /// The same, drawn again beyond `limit` on either side, as PyTorch's `trunc_normal_` does (its limit is 2).
        case truncatedNormal(standardDeviation: Float, limit: Float)
        /// Uniform from −bound to bound: PyTorch's default for linear layers and convolutions, with 1/√inputs.
        case uniform(bound: Float)

        /// 0 everywhere.
        public static let zeros = Rule.constant(0)
        /// 1 everywhere.
        public static let ones = Rule.constant(1)
    }

    /// The seed of all numbers.
    public let seed: UInt64
    private let rule: @Sendable (_ name: String, _ shape: [Int]) -> Rule

    /// Fills each parameter by the rule that `rule` gives for its dotted name and its shape.
    public init(seed: UInt64, rule: @escaping @Sendable (_ name: String, _ shape: [Int]) -> Rule) {
        self.seed = seed
        self.rule = rule
    }

    /// The most numbers of one parameter: beyond it, a configuration is wrong.
    private static let most = 1 << 34

    /// A parameter, filled.
    ///
    /// - Throws: ``CheckpointError`` for a shape that no parameter can have.
    func tensor(_ name: String, shape: [Int]) throws -> TensorView {
        var count = 1
        for extent in shape {
            let (product, overflows) = count.multipliedReportingOverflow(by: extent)
            guard extent >= 0, !overflows, product <= Self.most else {
                throw CheckpointError(.mismatch, path: "initial values", "'\(name)' cannot have the shape \(shape)")
            }
            count = product
        }
        let memory = TensorMemory(byteCount: max(4, 4 * count))
        let numbers = memory.bytes.bindMemory(to: Float.self)
        var random = SeededNumbers(seed: seed, name: name)
        let rule = rule(name, shape)
        for index in 0..<count { numbers[index] = random.next(by: rule) }
        return TensorView(
            name: name, elementType: .float32, shape: shape,
            bytes: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(memory.bytes)[..<(4 * count)]), file: nil,
            memory: memory)
    }
}

/// Numbers of a distribution, from a seed.
private struct SeededNumbers {
    private var state: UInt64
    private var spare: Float?

    init(seed: UInt64, name: String) {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325  // FNV-1a (Fowler, Noll, Vo)
        for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        state = seed ^ hash
    }

    /// SplitMix64 (Steele et al. 2014).
    private mutating func bits() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// From 0 on, below 1.
    private mutating func unit() -> Double { Double(bits() >> 11) * 0x1p-53 }

    /// Box and Muller (1958), two at a time.
    private mutating func normal() -> Float {
        if let spare {
            self.spare = nil
            return spare
        }
        let (radius, angle) = ((-2 * log(1 - unit())).squareRoot(), 2 * Double.pi * unit())
        spare = Float(radius * sin(angle))
        return Float(radius * cos(angle))
    }

    mutating func next(by rule: InitialValues.Rule) -> Float {
        switch rule {
        case .constant(let value): return value
        case .normal(let deviation): return deviation * normal()
        case .uniform(let bound): return bound * Float(2 * unit() - 1)
        case .truncatedNormal(let deviation, let limit):
            // A limit within a small part of the deviation is met rarely: a uniform number is as good there.
            guard limit > deviation / 16 else { return min(limit, deviation) * Float(2 * unit() - 1) }
            while true {
                let value = deviation * normal()
                if abs(value) <= limit { return value }
            }
        }
    }
}
