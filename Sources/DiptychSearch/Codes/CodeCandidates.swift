internal import CKernels

/// A vector that may be among the nearest.
struct CodeCandidate: Sendable {
    /// Its number in the ``CodeState``.
    let number: Int
    /// The estimated inner product, or in exact scans an upper bound of it.
    let score: Float
}

/// The vectors with the highest estimates, best first. Only as many are sorted as are asked for: few searches look at more
/// than the first thousand.
struct CodeCandidates: Sendable {
    private static let head = 1024

    private var keys: [UInt64]
    private var sorted: Int

    /// - Parameters:
    ///   - keys: estimates with numbers, see `diptych_code_key`.
    ///   - keep: how many of them count.
    init(_ keys: [UInt64], keep: Int) {
        self.keys = keys
        Self.moveHighest(min(keep, keys.count), of: &self.keys)
        self.keys.removeLast(keys.count - min(keep, keys.count))
        sorted = min(Self.head, self.keys.count)
        Self.moveHighest(sorted, of: &self.keys)
        self.keys[..<sorted].sort(by: >)
    }

    var count: Int { keys.count }

    /// Those at some places, best first.
    mutating func read(_ range: Range<Int>) -> [CodeCandidate] {
        if range.upperBound > sorted {
            keys[sorted...].sort(by: >)
            sorted = keys.count
        }
        return keys[range].map {
            CodeCandidate(number: Int(diptych_code_key_number($0)), score: diptych_code_key_estimate($0))
        }
    }

    private static func moveHighest(_ count: Int, of keys: inout [UInt64]) {
        keys.withUnsafeMutableBufferPointer { keys in
            guard count < keys.count, let base = keys.baseAddress else { return }
            var list = diptych_code_list(
                keys: base, count: keys.count, capacity: keys.count, keep: count, threshold: -.infinity)
            diptych_code_list_trim(&list)
        }
    }
}
