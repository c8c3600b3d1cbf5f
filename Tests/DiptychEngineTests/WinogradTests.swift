import CKernels
import Foundation
import Testing

/// Winograd's convolution against plain sums over the positions of each window.
@Suite struct WinogradTests {
    /// Maps and weights, transformed and packed.
    final class Problem {
        let images: Int
        let side: Int
        let inputs: Int
        let outputs: Int
        var map: [Float]
        let weights: [Float]
        let bias: [Float]
        private let packed: UnsafeMutableRawPointer

        init(images: Int, side: Int, inputs: Int, outputs: Int, threads: Int32 = 2) {
            (self.images, self.side, self.inputs, self.outputs) = (images, side, inputs, outputs)
            map = KernelTests.random(images * side * side * inputs, seed: 21)
            weights = KernelTests.random(outputs * inputs * 9, seed: 22, scale: 0.1)
            bias = KernelTests.random(outputs, seed: 23)
            packed = .allocate(byteCount: diptych_winograd_size(inputs, outputs), alignment: 64)
            diptych_winograd_pack(threads, weights, inputs, outputs, packed)
        }

        deinit { packed.deallocate() }

        /// The convolution of some of the images by `set`; `start` is what it is added to.
        func convolve(
            _ set: diptych_isa, _ activation: diptych_activation = DIPTYCH_NO_ACTIVATION, adding start: [Float]? = nil,
            threads: Int = 2, images range: Range<Int>? = nil
        ) -> [Float] {
            let (range, area) = (range ?? 0..<images, side * side)
            var result = start ?? [Float](repeating: .nan, count: range.count * area * outputs)
            let scratch = UnsafeMutableRawPointer.allocate(
                byteCount: threads * diptych_winograd_scratch(inputs), alignment: 64)
            defer { scratch.deallocate() }
            map.withUnsafeBufferPointer { map in
                bias.withUnsafeBufferPointer { bias in
                    result.withUnsafeMutableBufferPointer { result in
                        var convolution = diptych_winograd(
                            images: range.count, side: side, inputs: inputs, outputs: outputs,
                            input: map.baseAddress! + range.lowerBound * area * inputs, packed: packed,
                            bias: bias.baseAddress, activation: activation, output: result.baseAddress,
                            adds: start != nil, scratch: scratch)
                        diptych_winograd_convolve(set, Int32(threads), &convolution)
                    }
                }
            }
            return result
        }

        /// The convolution with bias, in double precision.
        func exact() -> [Double] {
            let (map, weights) = (map.map(Double.init), weights.map(Double.init))
            var result: [Double] = []
            result.reserveCapacity(images * side * side * outputs)
            for position in 0..<images * side * side {
                let (image, y, x) = (position / (side * side), position / side % side, position % side)
                for output in 0..<outputs {
                    var sum = Double(bias[output])
                    for place in 0..<9 {
                        let (row, column) = (y + place / 3 - 1, x + place % 3 - 1)
                        guard (0..<side).contains(row), (0..<side).contains(column) else { continue }
                        let pixel = ((image * side + row) * side + column) * inputs
                        for input in 0..<inputs {
                            sum += map[pixel + input] * weights[(output * inputs + input) * 9 + place]
                        }
                    }
                    result.append(sum)
                }
            }
            return result
        }

        /// How far results may be from exact ones at the root of the mean square.
        ///
        /// The transforms add and subtract what cancels: with A the transform of products to results, B that of inputs and G
        /// that of weights, a result is a sum of products whose mean square is (Σₚ A²ₚ · Σₖ B²ₚₖ · Σₖ G²ₚₖ)² times that of
        /// one input times one weight: 26.3² in the last row and column, the worst. Each product is a sum over channels, of
        /// which every step is rounded to a part in 2²⁴ at most; errors that do not know of each other add up as the root of
        /// their number (Higham & Mary 2019). Twenty more are made by the transforms, the bias and what it is added to.
        var bound: Double {
            let one = pow(4 / 12.0.squareRoot(), 2) * 0.1  // an input times a weight, even over ±2 and ±0.2
            return pow(2, -24) * 26.3 * Double(inputs).squareRoot() * one * Double(inputs + 20).squareRoot()
        }
    }

    static let sides = [1, 4, 7, 8, 14, 15]
    static let channels = [(16, 16), (32, 80), (64, 64), (48, 160)]

    @Test(arguments: sides, channels)
    func windowsAreConvolutions(side: Int, channels: (inputs: Int, outputs: Int)) {
        for images in [1, 3] {
            let problem = Problem(
                images: images, side: side, inputs: channels.inputs, outputs: channels.outputs)
            let exact = problem.exact()
            let start = KernelTests.random(exact.count, seed: 24)
            let sum = zip(exact, start).map { $0 + Double($1) }
            for set in ProductTests.sets {
                check(problem.convolve(set), exact, problem)
                check(problem.convolve(set, DIPTYCH_RELU), exact.map { max(0, $0) }, problem)
                check(problem.convolve(set, adding: start), sum, problem)
                check(problem.convolve(set, DIPTYCH_RELU, adding: start), sum.map { max(0, $0) }, problem)
                check(
                    problem.convolve(set, DIPTYCH_QUICK_GELU), exact.map { $0 / (1 + exp(-1.702 * $0)) }, problem)
            }
        }
    }

    /// No activation is steeper than 1.1, so that the bound of a convolution holds for what follows it.
    private func check(_ result: [Float], _ exact: [Double], _ problem: Problem) {
        #expect(Self.meanError(result, exact) < problem.bound)
        // One in a billion of errors that are spread normally is six times the mean one.
        #expect(zip(result, exact).allSatisfy { abs(Double($0) - $1) < 6 * problem.bound })
    }

    /// By the reckoning of ``Problem/bound``, over all results of a square, products lose 1.7 times what sums over whole windows
    /// lose; the rest is for the transforms.
    @Test(arguments: [64, 256])
    func roundingLosesLittleMoreThanADirectSumDoes(channels: Int) {
        let problem = Problem(images: 1, side: 16, inputs: channels, outputs: 64)
        let direct = ProductTests.Problem(
            DIPTYCH_OPERAND_F32, rows: 16 * 16, inputs: 9 * channels, outputs: 64, input: problem.map,
            weights: (0..<64 * 9 * channels).map { index in
                let (output, place, input) = (index / (9 * channels), index / channels % 9, index % channels)
                return problem.weights[(output * channels + input) * 9 + place]
            }, bias: problem.bias)
        direct.windows = diptych_im2col(side: 16, channels: channels, window: 3, stride: 1)
        let exact = problem.exact()
        for set in ProductTests.sets {
            let own = Self.meanError(problem.convolve(set), exact)
            #expect(own < 3 * Self.meanError(direct.multiply(set), exact))
        }
    }

    /// The root of the mean square.
    private static func meanError(_ result: [Float], _ exact: [Double]) -> Double {
        (zip(result, exact).reduce(0) { $0 + pow(Double($1.0) - $1.1, 2) } / Double(exact.count)).squareRoot()
    }

    /// Squares of one image share a task with those of the next, and tasks are cut by the number of threads.
    @Test(arguments: [7, 14])
    func resultsDependOnTheImageAlone(side: Int) {
        let images = 7
        let problem = Problem(images: images, side: side, inputs: 32, outputs: 320)
        let set = diptych_detected_isa()
        let together = problem.convolve(set, DIPTYCH_RELU)
        for threads in [1, 3, 16] { #expect(problem.convolve(set, DIPTYCH_RELU, threads: threads) == together) }
        let alone = (0..<images).flatMap { problem.convolve(set, DIPTYCH_RELU, images: $0..<$0 + 1) }
        #expect(alone == together)
    }

    @Test func packingDoesNotDependOnThreads() {
        let one = Problem(images: 1, side: 5, inputs: 16, outputs: 208, threads: 1)
        let many = Problem(images: 1, side: 5, inputs: 16, outputs: 208, threads: 4)
        #expect(one.convolve(diptych_detected_isa()) == many.convolve(diptych_detected_isa()))
    }

    /// What is not finite is not finite in every window that holds it, and in no other image.
    @Test(arguments: [Float.nan, .infinity, -.infinity])
    func whatIsNotFiniteStaysSo(value: Float) {
        let problem = Problem(images: 3, side: 9, inputs: 16, outputs: 16)
        problem.map[((9 + 3) * 9 + 4) * 16 + 5] = value  // the second image, row 3, column 4
        for set in ProductTests.sets {
            let result = problem.convolve(set)
            for position in 0..<3 * 81 {
                let (image, y, x) = (position / 81, position / 9 % 9, position % 9)
                let numbers = result[position * 16..<(position + 1) * 16]
                if image != 1 { #expect(numbers.allSatisfy { $0.isFinite }) }
                if image == 1, (2...4).contains(y), (3...5).contains(x) {
                    #expect(!numbers.contains { $0.isFinite })
                }
            }
        }
    }

    @Test func noImagesAreFine() {
        let problem = Problem(images: 0, side: 7, inputs: 16, outputs: 16)
        for set in ProductTests.sets { #expect(problem.convolve(set).isEmpty) }
    }
}
