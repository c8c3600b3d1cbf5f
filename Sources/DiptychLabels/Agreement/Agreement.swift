internal import DiptychBasics
public import DiptychEvaluation

/// How far people agree beyond what happens at random, with 95 % intervals by the bootstrap of images.
public enum Agreement {
    /// A measure with its interval; nil values where it is not defined, as with fewer than two answers or one label only.
    public struct Measure: Sendable, Equatable {
        /// 1 for full agreement, 0 for what happens at random.
        public let value: Double?
        /// Where it lies with a probability of 95 %.
        public let interval: Interval?
        /// The images that two people or more answered.
        public let images: Int
    }

    private static let draws = 1000

    /// Cohen's kappa of two people's answers to the same images (Cohen, 1960).
    public static func kappa(_ pairs: [(Int, Int)], seed: UInt64 = 0) -> Measure {
        measure(pairs.count, seed) { rows in kappa(rows.map { pairs[$0] }) }
    }

    private static func kappa(_ pairs: [(Int, Int)]) -> Double? {
        guard !pairs.isEmpty else { return nil }
        var (first, second, same): ([Int: Int], [Int: Int], Int) = ([:], [:], 0)
        for (a, b) in pairs {
            first[a, default: 0] += 1
            second[b, default: 0] += 1
            if a == b { same += 1 }
        }
        let count = Double(pairs.count)
        let expected = first.reduce(0.0) { $0 + Double($1.value) * Double(second[$1.key] ?? 0) } / (count * count)
        guard expected < 1 else { return nil }
        return (Double(same) / count - expected) / (1 - expected)
    }

    /// Krippendorff's alpha of any number of people's answers, for labels without an order (Krippendorff, 2011).
    ///
    /// - Parameter units: the answers to each image, of those who gave one.
    public static func alpha(_ units: [[Int]], seed: UInt64 = 0) -> Measure {
        let pairable = units.filter { $0.count >= 2 }
        return measure(pairable.count, seed) { rows in alpha(rows.map { pairable[$0] }) }
    }

    private static func alpha(_ units: [[Int]]) -> Double? {
        var (totals, disagreement, count): ([Int: Double], Double, Double) = ([:], 0, 0)
        for unit in units {
            var own: [Int: Double] = [:]
            for answer in unit { own[answer, default: 0] += 1 }
            let size = Double(unit.count)
            for (answer, number) in own {
                totals[answer, default: 0] += number
                disagreement += number * (size - number) / (size - 1)
            }
            count += size
        }
        guard count > 1 else { return nil }
        let expected = totals.values.reduce(0) { $0 + $1 * (count - $1) } / (count - 1)
        return expected > 0 ? 1 - disagreement / expected : nil
    }

    private static func measure(_ count: Int, _ seed: UInt64, _ value: ([Int]) -> Double?) -> Measure {
        let whole = value(Array(0..<count))
        guard count >= 2, whole != nil else { return Measure(value: whole, interval: nil, images: count) }
        var generator = SplitMix64(seed: seed)
        var drawn: [Double] = []
        for _ in 0..<draws {
            if let one = value((0..<count).map { _ in generator.below(count) }) { drawn.append(one) }
        }
        drawn.sort()
        func percentile(_ share: Double) -> Double { drawn[min(drawn.count - 1, Int(share * Double(drawn.count)))] }
        let interval = drawn.isEmpty ? nil : Interval(low: percentile(0.025), high: percentile(0.975))
        return Measure(value: whole, interval: interval, images: count)
    }
}
