import CKernels
import Foundation
import Testing

/// Packed products and the rounding of rows, against their scalar twins and against plain sums.
@Suite struct ProductTests {
    static let operands = [DIPTYCH_OPERAND_F32, DIPTYCH_OPERAND_BF16, DIPTYCH_OPERAND_I8]
    static let activations = [
        DIPTYCH_NO_ACTIVATION, DIPTYCH_QUICK_GELU, DIPTYCH_GELU, DIPTYCH_GELU_TANH, DIPTYCH_RELU,
    ]
    /// The sets whose products differ; where the processor lacks the instructions, the twin is compared with itself.
    static let sets = [DIPTYCH_ISA_SCALAR, diptych_detected_isa()]

    /// Activations and weights, packed and ready to be multiplied.
    final class Problem {
        let rows: Int
        let inputs: Int
        let outputs: Int
        let operand: diptych_operand
        var input: [Float]
        var weights: [Float]
        let bias: [Float]
        var windows = diptych_im2col()
        private let packed: UnsafeMutableRawPointer
        private var scales: [Float]

        init(
            _ operand: diptych_operand, rows: Int, inputs: Int, outputs: Int, input: [Float]? = nil,
            weights: [Float]? = nil, bias: [Float]? = nil
        ) {
            (self.operand, self.rows, self.inputs, self.outputs) = (operand, rows, inputs, outputs)
            self.input = input ?? KernelTests.random(rows * inputs, seed: 11)
            self.weights = weights ?? KernelTests.random(inputs * outputs, seed: 12, scale: 0.1)
            let padded = (outputs + DIPTYCH_PANEL - 1) / DIPTYCH_PANEL * DIPTYCH_PANEL
            self.bias = (bias ?? KernelTests.random(outputs, seed: 13)) + [Float](repeating: 0, count: padded - outputs)
            scales = [Float](repeating: .nan, count: padded)
            packed = .allocate(byteCount: diptych_packed_size(operand, inputs, outputs), alignment: 64)
            diptych_pack(2, operand, self.weights, inputs, outputs, 1, inputs, packed, &scales)
        }

        deinit { packed.deallocate() }

        /// The bytes of packed weights.
        var packedBytes: [UInt8] {
            [UInt8](UnsafeRawBufferPointer(start: packed, count: diptych_packed_size(operand, inputs, outputs)))
        }

        /// The product by `set`; `start` is what it is added to.
        func multiply(
            _ set: diptych_isa, _ activation: diptych_activation = DIPTYCH_NO_ACTIVATION,
            to type: diptych_type = DIPTYCH_F32,
            adding start: [Float]? = nil
        ) -> [Float] {
            var result = start ?? [Float](repeating: .nan, count: rows * outputs)
            var narrowResult = [UInt16](repeating: 0, count: rows * outputs)
            diptych_narrow_bf16(DIPTYCH_ISA_SCALAR, result, &narrowResult, result.count)
            var narrow = [UInt16](repeating: 0, count: input.count)
            diptych_narrow_bf16(DIPTYCH_ISA_SCALAR, input, &narrow, input.count)
            var bytes = [Int8](repeating: 0, count: rows * diptych_quantised_width(inputs))
            var facts = [diptych_quantised_row](repeating: .init(), count: rows)
            if windows.window == 0 {
                diptych_quantise_rows(set, 2, input, DIPTYCH_F32, rows, inputs, &bytes, &facts)
            }
            func run(_ input: UnsafeRawPointer, _ output: UnsafeMutableRawPointer) {
                var product = diptych_gemm()
                (product.operand, product.rows, product.inputs, product.outputs) = (operand, rows, inputs, outputs)
                (product.input, product.im2col, product.packed) = (input, windows, UnsafeRawPointer(packed))
                (product.activation, product.adds) = (activation, start != nil)
                (product.output, product.output_type) = (output, type)
                facts.withUnsafeBufferPointer { facts in
                    scales.withUnsafeBufferPointer { scales in
                        bias.withUnsafeBufferPointer { bias in
                            product.facts = facts.baseAddress
                            (product.scales, product.bias) = (scales.baseAddress, bias.baseAddress)
                            diptych_multiply(set, 2, &product)
                        }
                    }
                }
            }
            func run(_ output: UnsafeMutableRawPointer) {
                switch operand {
                case DIPTYCH_OPERAND_BF16: narrow.withUnsafeBytes { run($0.baseAddress!, output) }
                case DIPTYCH_OPERAND_I8: bytes.withUnsafeBytes { run($0.baseAddress!, output) }
                default: input.withUnsafeBytes { run($0.baseAddress!, output) }
                }
            }
            if type == DIPTYCH_F32 {
                result.withUnsafeMutableBytes { run($0.baseAddress!) }
            } else {
                narrowResult.withUnsafeMutableBytes { run($0.baseAddress!) }
                diptych_widen(DIPTYCH_ISA_SCALAR, DIPTYCH_BF16, narrowResult, &result, result.count)
            }
            return result
        }

        /// The product by plain sums in double precision, without bias.
        func exact() -> [Double] {
            (0..<rows * outputs).map { index in
                let (row, output) = (index / outputs, index % outputs)
                return (0..<inputs).reduce(0.0) {
                    $0 + Double(input[row * inputs + $1]) * Double(weights[output * inputs + $1])
                }
            }
        }

        /// The length of the error of a product without bias, to that of the product.
        func relativeError(_ result: [Float]) -> Double {
            let exact = exact()
            var (error, size) = (0.0, 0.0)
            for (index, value) in exact.enumerated() {
                let difference = Double(result[index]) - Double(bias[index % outputs]) - value
                error += difference * difference
                size += value * value
            }
            return (error / size).squareRoot()
        }
    }

    static let shapes = [
        (1, 2, 1), (6, 64, 64), (7, 588, 100), (13, 100, 65), (50, 320, 128), (5, 48, 7), (31, 64, 20),
    ]

    @Test(arguments: operands, shapes)
    func productsAgreeWithPlainSums(operand: diptych_operand, shape: (Int, Int, Int)) {
        let problem = Problem(operand, rows: shape.0, inputs: shape.1, outputs: shape.2)
        let bound = [DIPTYCH_OPERAND_F32: 1e-6, DIPTYCH_OPERAND_BF16: 6e-3, DIPTYCH_OPERAND_I8: 2e-2][operand]!
        for set in Self.sets { #expect(problem.relativeError(problem.multiply(set)) < bound) }
    }

    @Test(arguments: operands, shapes)
    func whatFollowsAProductAgreesWithTheTwin(operand: diptych_operand, shape: (Int, Int, Int)) {
        let problem = Problem(operand, rows: shape.0, inputs: shape.1, outputs: shape.2)
        for activation in Self.activations {
            for (type, bound) in [(DIPTYCH_F32, Float(2e-4)), (DIPTYCH_BF16, 0.13)] {
                let results = Self.sets.map { problem.multiply($0, activation, to: type) }
                // Values reach ten, where neighbours in bfloat16 are 0.06 apart.
                #expect(KernelTests.worst(results[0], results[1]) < bound, "\(activation) \(type)")
                #expect(results[1].allSatisfy { $0.isFinite })
            }
        }
        let start = KernelTests.random(shape.0 * shape.2, seed: 14)
        let plain = problem.multiply(DIPTYCH_ISA_SCALAR)
        for set in Self.sets {
            let sum = problem.multiply(set, adding: start)
            #expect(KernelTests.worst(sum, zip(plain, start).map(+)) < 2e-4)
            let rectified = problem.multiply(set, DIPTYCH_RELU, adding: start)
            #expect(KernelTests.worst(rectified, zip(plain, start).map { max(0, $0 + $1) }) < 2e-4)
            let narrow = problem.multiply(set, DIPTYCH_RELU, to: DIPTYCH_BF16, adding: start)
            #expect(KernelTests.worst(narrow, rectified) < 0.13)
        }
    }

    /// By their definitions, in double precision; far from zero too.
    @Test func activationsAreWhatTheyAreCalled() {
        let values: [Float] = [-100, -30, -9, -3, -1.5, -0.7, -0.1, 0, 0.01, 0.5, 1, 2, 5, 12, 88, 3e3]
        let definitions: [(diptych_activation, (Double) -> Double)] = [
            (DIPTYCH_QUICK_GELU, { $0 / (1 + exp(-1.702 * $0)) }),
            (DIPTYCH_GELU, { 0.5 * $0 * (1 + erf($0 / 2.0.squareRoot())) }),
            (
                DIPTYCH_GELU_TANH,
                { 0.5 * $0 * (1 + tanh((2 / Double.pi).squareRoot() * ($0 + 0.044715 * $0 * $0 * $0))) }
            ),
            (DIPTYCH_RELU, { max(0, $0) }),
        ]
        for (activation, definition) in definitions {
            for (index, value) in values.enumerated() {
                let one = Problem(DIPTYCH_OPERAND_F32, rows: 1, inputs: 2, outputs: 16, input: [value, 0])
                let weight = one.weights[2 * (index % 16)], bias = one.bias[index % 16]
                let x = Double(value) * Double(weight) + Double(bias)
                for set in Self.sets {
                    let y = Double(one.multiply(set, activation)[index % 16])
                    #expect(abs(y - definition(x)) <= 1e-6 * max(1, abs(x)), "\(activation) of \(x) by \(set)")
                }
            }
        }
    }

    @Test func weightsAreReadInEitherOrder() {
        for operand in Self.operands {
            let problem = Problem(operand, rows: 1, inputs: 96, outputs: 70)
            let transposed = (0..<96 * 70).map { place -> Float in problem.weights[place % 70 * 96 + place / 70] }
            let size = diptych_packed_size(operand, 96, 70)
            let packed = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 64)
            defer { packed.deallocate() }
            var scales = [Float](repeating: 0, count: 128)
            diptych_pack(1, operand, transposed, 96, 70, 70, 1, packed, &scales)
            #expect([UInt8](UnsafeRawBufferPointer(start: packed, count: size)) == problem.packedBytes)
        }
    }

    @Test(arguments: [(3, 64), (9, 588), (17, 1024), (8, 192)])
    func roundedRowsAgreeWithTheTwin(shape: (rows: Int, columns: Int)) {
        let input = KernelTests.random(shape.rows * shape.columns, seed: 15, scale: 3)
        var narrow = [UInt16](repeating: 0, count: input.count)
        diptych_narrow_bf16(DIPTYCH_ISA_SCALAR, input, &narrow, input.count)
        let width = diptych_quantised_width(shape.columns)
        for type in [DIPTYCH_F32, DIPTYCH_BF16] {
            let results = Self.sets.map { set in
                var bytes = [Int8](repeating: 0, count: shape.rows * width)
                var facts = [diptych_quantised_row](repeating: .init(), count: shape.rows)
                if type == DIPTYCH_F32 {
                    diptych_quantise_rows(set, 2, input, type, shape.rows, shape.columns, &bytes, &facts)
                } else {
                    diptych_quantise_rows(set, 2, narrow, type, shape.rows, shape.columns, &bytes, &facts)
                }
                return (bytes, facts)
            }
            for row in 0..<shape.rows {
                let range = row * width..<(row + 1) * width
                for (bytes, facts) in results {
                    #expect(bytes[range].reduce(0) { $0 + Int32($1) } == facts[row].sum)
                    #expect(bytes[range].contains { abs(Int($0)) == 127 })
                }
                let differences = range.map { abs(Int(results[0].0[$0]) - Int(results[1].0[$0])) }
                #expect(differences.max()! <= 1 && differences.count { $0 > 0 } <= 1 + width / 50)
                #expect(abs(results[0].1[row].scale / results[1].1[row].scale - 1) < 1e-5)
            }
        }
    }

    /// A few columns a hundred times as large as the rest, as trained transformers have them: rounding each row by its
    /// largest value alone would leave little of the others.
    @Test func outliersDoNotDrownTheRest() {
        let (rows, inputs) = (12, 768)
        var input = KernelTests.random(rows * inputs, seed: 16)
        for row in 0..<rows { for column in [5, 300, 511] { input[row * inputs + column] *= 100 } }
        let problem = Problem(DIPTYCH_OPERAND_I8, rows: rows, inputs: inputs, outputs: 64, input: input)
        // What rounding without rotation would give, weights exact: an optimistic comparison.
        let plain = (0..<rows).flatMap { row -> [Float] in
            let values = input[row * inputs..<(row + 1) * inputs]
            let scale = values.map(abs).max()! / 127
            let rounded = values.map { ($0 / scale).rounded() * scale }
            return (0..<64).map { output in
                problem.bias[output]
                    + zip(rounded, problem.weights[output * inputs..<(output + 1) * inputs]).reduce(0) {
                        $0 + $1.0 * $1.1
                    }
            }
        }
        for set in Self.sets {
            let own = problem.relativeError(problem.multiply(set))
            #expect(own < problem.relativeError(plain) / 3, "\(own), without rotation \(problem.relativeError(plain))")
            #expect(own < 2e-2)
        }
    }

    @Test(arguments: [Float.nan, .infinity, -.infinity])
    func whatIsNotFiniteStaysSo(value: Float) {
        for operand in Self.operands {
            var input = KernelTests.random(9 * 128, seed: 17)
            input[3 * 128 + 77] = value
            let problem = Problem(operand, rows: 9, inputs: 128, outputs: 64, input: input)
            for set in Self.sets {
                let result = problem.multiply(set)
                for row in 0..<9 {
                    #expect(result[row * 64..<(row + 1) * 64].allSatisfy { $0.isFinite == (row != 3) })
                }
            }
        }
    }

    /// Windows of a map against plain sums over the positions inside it.
    @Test(arguments: [(3, 1), (3, 2), (1, 2), (5, 1)], [DIPTYCH_OPERAND_F32, DIPTYCH_OPERAND_BF16])
    func windowsAreConvolutions(shape: (window: Int, stride: Int), operand: diptych_operand) {
        let (images, side, channels, outputs) = (2, 9, 16, 70)
        let (window, pad) = (shape.window, shape.window / 2)
        let result = (side + 2 * pad - window) / shape.stride + 1
        let map = KernelTests.random(images * side * side * channels, seed: 18)
        let problem = Problem(
            operand, rows: images * result * result, inputs: window * window * channels, outputs: outputs, input: map)
        problem.windows = diptych_im2col(side: side, channels: channels, window: window, stride: shape.stride)
        let expected = (0..<problem.rows * outputs).map { index -> Float in
            let (position, output) = (index / outputs, index % outputs)
            let (image, top, left) = (
                position / (result * result), position / result % result * shape.stride,
                position % result * shape.stride
            )
            var sum = Double(problem.bias[output])
            for place in 0..<window * window {
                let (y, x) = (top + place / window - pad, left + place % window - pad)
                guard (0..<side).contains(y), (0..<side).contains(x) else { continue }
                for channel in 0..<channels {
                    sum +=
                        Double(map[((image * side + y) * side + x) * channels + channel])
                        * Double(problem.weights[(output * window * window + place) * channels + channel])
                }
            }
            return Float(sum)
        }
        for set in Self.sets {
            let bound: Float = operand == DIPTYCH_OPERAND_F32 ? 1e-4 : 0.1
            #expect(KernelTests.worst(problem.multiply(set), expected) < bound)
        }
    }

    @Test func zerosAndNoRowsAreFine() {
        for operand in Self.operands {
            for rows in [0, 4] {
                let zeros = [Float](repeating: 0, count: rows * 64)
                let problem = Problem(operand, rows: rows, inputs: 64, outputs: 10, input: zeros)
                for set in Self.sets {
                    #expect(problem.multiply(set) == (0..<rows * 10).map { problem.bias[$0 % 10] })
                }
            }
        }
    }
}
