internal import CKernels

/// Queries as the scans take them.
struct CodeQueries {
    let count: Int
    /// The turned queries, each padded with zeros to the codes' width.
    let turned: [Float]
    let padded: Int
    private let dimension: Int
    private let digits: [Int8]
    private let scales: [Float]
    private let biases: [Float]

    /// - Parameter queries: unit vectors of one dimension.
    init(_ queries: [[Float]], rotation: CodeRotation, padded: Int) {
        (count, self.padded, dimension) = (queries.count, padded, rotation.dimension)
        var turned: [Float] = []
        var (digits, scales, biases): ([Int8], [Float], [Float]) = ([], [], [])
        for query in queries {
            let values = rotation.turned(query)
            let largest = values.reduce(0) { max($0, abs($1)) }
            let scale = largest / 127
            let padding = padded - values.count
            turned += values + [Float](repeating: 0, count: padding)
            digits += values.map { scale > 0 ? Int8(max(-127, min(127, ($0 / scale).rounded()))) : 0 }
            digits += [Int8](repeating: 0, count: padding)
            scales.append(scale)
            biases.append(Float(1.5 * values.reduce(0.0) { $0 + Double($1) }))
        }
        (self.turned, self.digits, self.scales, self.biases) = (turned, digits, scales, biases)
    }

    /// The query at `index` by itself.
    func only(_ index: Int) -> CodeQueries { CodeQueries(self, index) }

    private init(_ all: CodeQueries, _ index: Int) {
        (count, padded, dimension) = (1, all.padded, all.dimension)
        turned = Array(all.turned[index * padded..<(index + 1) * padded])
        digits = Array(all.digits[index * padded..<(index + 1) * padded])
        (scales, biases) = ([all.scales[index]], [all.biases[index]])
    }

    /// The inner product of each query with a centre.
    func offsets(_ centre: [Float]) -> [Float] {
        (0..<count).map { query in
            var sum = 0.0
            for i in 0..<dimension { sum += Double(turned[query * padded + i]) * Double(centre[i]) }
            return Float(sum)
        }
    }

    /// Calls `body` with the queries as the kernel takes them.
    func withKernelQueries<T>(_ body: (UnsafePointer<diptych_code_query>) -> T) -> T {
        digits.withUnsafeBufferPointer { digits in
            let queries = (0..<count).map { query in
                diptych_code_query(
                    digits: digits.baseAddress.map { $0 + query * padded }, scale: scales[query], bias: biases[query])
            }
            return queries.withUnsafeBufferPointer { buffer in
                guard let base = buffer.baseAddress else { preconditionFailure("no query") }
                return body(base)
            }
        }
    }
}

/// Calls `body` for every index below `count`, on up to `threads` threads.
func inParallel(_ threads: Int, _ count: Int, _ body: @Sendable (Int) -> Void) {
    withoutActuallyEscaping(body) { body in
        withUnsafePointer(to: body) { pointer in
            diptych_parallel(
                Int32(threads), count,
                { context, index in context?.assumingMemoryBound(to: (@Sendable (Int) -> Void).self).pointee(index) },
                UnsafeMutableRawPointer(mutating: pointer))
        }
    }
}
