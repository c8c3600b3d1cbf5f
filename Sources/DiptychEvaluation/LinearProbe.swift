public import Diptych
internal import DiptychBasics
internal import Foundation
internal import Synchronization

/// A linear classifier on features: multinomial logistic regression, as OpenAI's notebook for CLIP fits scikit-learn's
/// `LogisticRegression(C=0.316, max_iter=1000)`, by L-BFGS (Liu and Nocedal, 1989).
///
/// The sum of cross-entropies and ‖w‖² / (2 C) is minimised; intercepts are not held back. Two classes share one row of weights, as in
/// scikit-learn.
public struct LinearProbe: Sendable {
    /// The number of classes.
    public let classes: Int
    /// The width of features.
    public let dimension: Int
    /// A row a class, or one for two classes: [classes, dimension].
    public let weights: [Double]
    /// One a row of ``weights``.
    public let intercepts: [Double]
    /// How many steps were taken.
    public let iterations: Int
    /// Whether the gradient became as small as was asked for.
    public let isConverged: Bool

    /// Fits features.
    ///
    /// - Parameters:
    ///   - features: a row a sample; OpenAI's notebook does not normalise them.
    ///   - labels: the class of each, from 0.
    ///   - classes: how many there are.
    ///   - c: the inverse of how much weights are held back.
    ///   - iterations: the most steps.
    ///   - tolerance: ends where no number of the gradient, divided by the number of samples, is larger.
    ///   - threads: how many work at a time; without it, one a processor.
    ///   - progress: told of each step.
    /// - Throws: ``EvaluationError`` where there are fewer than two classes, a label is none of them, or a feature is not finite.
    public init(
        features: Embeddings, labels: [Int], classes: Int, c: Double = 0.316, iterations: Int = 1000,
        tolerance: Double = 1e-4, threads: Int? = nil, progress: (Int) -> Void = { _ in }
    ) throws(EvaluationError) {
        guard features.count == labels.count, !labels.isEmpty else {
            throw EvaluationError("\(features.count) features have \(labels.count) labels")
        }
        guard classes >= 2, Set(labels).count >= 2 else {
            throw EvaluationError("a probe needs samples of two classes")
        }
        guard labels.allSatisfy((0..<classes).contains) else {
            throw EvaluationError("a label is none of the \(classes) classes")
        }
        guard features.values.allSatisfy(\.isFinite) else {
            throw EvaluationError("features are not all finite numbers")
        }
        guard c > 0, c.isFinite else { throw EvaluationError("C must be a positive number, not \(c)") }
        let loss = ProbeLoss(features, labels, classes: classes, c: c, ParallelWork(threads: threads))
        let found = LBFGS.minimize(
            from: [Double](repeating: 0, count: loss.rows * (features.dimension + 1)), iterations: iterations,
            tolerance: tolerance, progress: progress, loss.value)
        let split = loss.rows * features.dimension
        (weights, intercepts) = (Array(found.point[..<split]), Array(found.point[split...]))
        (self.classes, dimension) = (classes, features.dimension)
        (self.iterations, isConverged) = (found.iterations, found.isConverged)
    }

    /// The logits of each class for a row of features.
    public func scores(_ feature: Embedding) -> [Float] {
        precondition(feature.values.count == dimension, "features of another width")
        let values = intercepts.indices.map { row in
            feature.values.indices.reduce(intercepts[row]) {
                $0 + Double(feature.values[$1]) * weights[row * dimension + $1]
            }
        }
        return values.count == 1 ? [0, Float(values[0])] : values.map(Float.init)
    }
}

/// What a probe minimises, divided by the number of samples as scikit-learn does.
private final class ProbeLoss: Sendable {
    let rows: Int
    private let values: [Double]
    private let labels: [Int]
    private let width: Int
    private let penalty: Double
    private let work: ParallelWork

    /// Samples of a block; sums of blocks are added in their order, so that threads change nothing.
    private static let block = 512

    init(_ features: Embeddings, _ labels: [Int], classes: Int, c: Double, _ work: ParallelWork) {
        rows = classes == 2 ? 1 : classes
        values = features.values.map(Double.init)
        (self.labels, width, self.work) = (labels, features.dimension, work)
        penalty = 1 / (c * Double(labels.count))
    }

    /// The loss and its gradient.
    func value(_ point: [Double]) -> (Double, [Double]) {
        let blocks = (labels.count + Self.block - 1) / Self.block
        let sums = work.map(Array(0..<blocks)) { block in
            self.sum(block * Self.block..<min(self.labels.count, (block + 1) * Self.block), point)
        }
        var (loss, gradient) = (0.0, [Double](repeating: 0, count: point.count))
        for (part, some) in sums {
            loss += part
            for index in gradient.indices { gradient[index] += some[index] }
        }
        let scale = 1 / Double(labels.count)
        loss *= scale
        for index in gradient.indices { gradient[index] *= scale }
        for index in 0..<rows * width {
            loss += penalty * point[index] * point[index] / 2
            gradient[index] += penalty * point[index]
        }
        return (loss, gradient)
    }

    private func sum(_ samples: Range<Int>, _ point: [Double]) -> (Double, [Double]) {
        var (loss, gradient) = (0.0, [Double](repeating: 0, count: point.count))
        var logits = [Double](repeating: 0, count: rows)
        values.withUnsafeBufferPointer { values in
            point.withUnsafeBufferPointer { point in
                gradient.withUnsafeMutableBufferPointer { gradient in
                    for sample in samples {
                        let start = sample * width
                        for row in 0..<rows {
                            logits[row] =
                                Self.dot(values, start, point, row * width, width) + point[rows * width + row]
                        }
                        loss += Self.errors(&logits, labels[sample])
                        for row in 0..<rows where logits[row] != 0 {
                            let (error, first) = (logits[row], row * width)
                            for index in 0..<width { gradient[first + index] += error * values[start + index] }
                            gradient[rows * width + row] += error
                        }
                    }
                }
            }
        }
        return (loss, gradient)
    }

    private static func dot(
        _ a: UnsafeBufferPointer<Double>, _ i: Int, _ b: UnsafeBufferPointer<Double>, _ j: Int, _ count: Int
    ) -> Double {
        var sums = SIMD8<Double>()
        let whole = count / 8 * 8
        let (first, second) = (UnsafeRawBufferPointer(a), UnsafeRawBufferPointer(b))
        for index in stride(from: 0, to: whole, by: 8) {
            let x = first.loadUnaligned(fromByteOffset: 8 * (i + index), as: SIMD8<Double>.self)
            let y = second.loadUnaligned(fromByteOffset: 8 * (j + index), as: SIMD8<Double>.self)
            sums += x * y
        }
        var sum = sums.sum()
        for index in whole..<count { sum += a[i + index] * b[j + index] }
        return sum
    }

    /// The cross-entropy of a sample; what is left in `logits` is its gradient.
    private static func errors(_ logits: inout [Double], _ label: Int) -> Double {
        guard logits.count > 1 else {
            // ln(1 + eᶻ) − y·z, without overflow.
            let z = logits[0]
            let loss = max(z, 0) + log1p(exp(-abs(z))) - (label == 1 ? z : 0)
            logits[0] = 1 / (1 + exp(-z)) - (label == 1 ? 1 : 0)
            return loss
        }
        let highest = logits.max() ?? 0
        let own = logits[label]
        var sum = 0.0
        for row in logits.indices {
            logits[row] = exp(logits[row] - highest)
            sum += logits[row]
        }
        for row in logits.indices { logits[row] /= sum }
        logits[label] -= 1
        return log(sum) + highest - own
    }
}

/// Finds the least value of a smooth function.
private enum LBFGS {
    private static let memory = 10

    static func minimize(
        from start: [Double], iterations: Int, tolerance: Double, progress: (Int) -> Void,
        _ function: ([Double]) -> (Double, [Double])
    ) -> (point: [Double], iterations: Int, isConverged: Bool) {
        var point = start
        var (value, gradient) = function(point)
        var steps: [(s: [Double], y: [Double], rho: Double)] = []
        for iteration in 0..<iterations {
            guard gradient.contains(where: { abs($0) > tolerance }) else { return (point, iteration, true) }
            var direction = self.direction(gradient, steps)
            var slope = dot(direction, gradient)
            if !(slope < 0) {
                steps = []
                direction = gradient.map { -$0 }
                slope = dot(direction, gradient)
            }
            let length = steps.isEmpty ? min(1, 1 / gradient.reduce(0) { $0 + abs($1) }) : 1
            guard let next = search(point, value, direction, slope, from: length, function) else {
                return (point, iteration, false)
            }
            let s = zip(next.point, point).map { $0 - $1 }
            let y = zip(next.gradient, gradient).map { $0 - $1 }
            let curvature = dot(s, y)
            if curvature > 1e-300 { steps.append((s, y, 1 / curvature)) }
            if steps.count > memory { steps.removeFirst() }
            (point, value, gradient) = next
            progress(iteration + 1)
        }
        return (point, iterations, !gradient.contains { abs($0) > tolerance })
    }

    private static func dot(_ a: [Double], _ b: [Double]) -> Double {
        var sum = 0.0
        for index in a.indices { sum += a[index] * b[index] }
        return sum
    }

    /// The two loops of L-BFGS.
    private static func direction(
        _ gradient: [Double], _ steps: [(s: [Double], y: [Double], rho: Double)]
    ) -> [Double] {
        var q = gradient.map { -$0 }
        var factors: [Double] = []
        for (s, y, rho) in steps.reversed() {
            let factor = rho * dot(s, q)
            for index in q.indices { q[index] -= factor * y[index] }
            factors.append(factor)
        }
        if let last = steps.last {
            let scale = 1 / (last.rho * dot(last.y, last.y))
            for index in q.indices { q[index] *= scale }
        }
        for ((s, y, rho), factor) in zip(steps, factors.reversed()) {
            let rest = factor - rho * dot(y, q)
            for index in q.indices { q[index] += rest * s[index] }
        }
        return q
    }

    /// A step with enough descent that the slope flattens, by halving and doubling (Lewis and Overton, 2013); nil where rounding
    /// leaves none.
    private static func search(
        _ point: [Double], _ value: Double, _ direction: [Double], _ slope: Double, from length: Double,
        _ function: ([Double]) -> (Double, [Double])
    ) -> (point: [Double], value: Double, gradient: [Double])? {
        var (low, high, step) = (0.0, Double.infinity, length)
        for _ in 0..<60 {
            let next = point.indices.map { point[$0] + step * direction[$0] }
            let (found, gradient) = function(next)
            let here = dot(gradient, direction)
            // Near the end, values differ by less than their rounding, and slopes alone say more (Hager and Zhang, 2005).
            if !(found <= value + 1e-4 * step * slope + 4 * value.magnitude.ulp) || here > -0.9 * slope {
                high = step
            } else if here < 0.9 * slope {
                low = step
            } else {
                return (next, found, gradient)
            }
            step = high.isInfinite ? 2 * low : (low + high) / 2
        }
        return nil
    }
}
