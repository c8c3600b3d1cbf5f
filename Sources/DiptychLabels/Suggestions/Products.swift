internal import DiptychBasics

/// Inner products of rows of floats.
enum Products {
    /// The inner product of two rows.
    static func dot(
        _ a: UnsafeBufferPointer<Float>, _ i: Int, _ b: UnsafeBufferPointer<Float>, _ j: Int, _ count: Int
    ) -> Float {
        var sums = SIMD16<Float>()
        let whole = count / 16 * 16
        let (first, second) = (UnsafeRawBufferPointer(a), UnsafeRawBufferPointer(b))
        for index in stride(from: 0, to: whole, by: 16) {
            let x = first.loadUnaligned(fromByteOffset: 4 * (i + index), as: SIMD16<Float>.self)
            let y = second.loadUnaligned(fromByteOffset: 4 * (j + index), as: SIMD16<Float>.self)
            sums += x * y
        }
        var sum = sums.sum()
        for index in whole..<count { sum += a[i + index] * b[j + index] }
        return sum
    }

    /// The inner products of all rows with one.
    static func all(_ values: [Float], _ dimension: Int, with query: [Float]) -> [Float] {
        let count = dimension > 0 ? values.count / dimension : 0
        guard query.count == dimension else { return [Float](repeating: 0, count: count) }
        return blocks(count) { range in
            values.withUnsafeBufferPointer { values in
                query.withUnsafeBufferPointer { query in
                    range.map { dot(values, $0 * dimension, query, 0, dimension) }
                }
            }
        }
    }

    /// What `body` gives for each row, computed on all processors, a block of rows at a time.
    static func blocks<Result: Sendable>(
        _ count: Int, _ body: @escaping @Sendable (Range<Int>) -> [Result]
    ) -> [Result] {
        let size = 2048
        let starts = Array(stride(from: 0, to: count, by: size))
        guard starts.count > 1 else { return count > 0 ? body(0..<count) : [] }
        return ParallelWork().map(starts) { body($0..<min(count, $0 + size)) }.flatMap { $0 }
    }
}
