internal import Diptych

/// Cuts a shot where what it shows changes, by the embeddings of its frames.
///
/// The cuts are those of least cost: a moment costs the squared distances of its frames' embeddings to their mean, and a fixed amount
/// beside that (the "optimal partitioning" of Jackson et al., 2005, with the cost of kernel change points, Harchaoui and Cappé,
/// 2007).
struct MomentCutter {
    /// The fewest and the most frames of a moment.
    let fewest: Int
    let most: Int

    /// What a further moment costs besides what the frames of a shot differ anyway from one to the next.
    private static let cost: Float = 0.06
    private static let restlessness: Float = 3

    init(fewest: Int, most: Int) {
        self.fewest = max(1, fewest)
        self.most = max(2 * max(1, fewest), most)
    }

    /// The numbers of frames at which moments begin, ascending, the first 0.
    ///
    /// - Parameter frames: embeddings of length 1, one a frame.
    func beginnings(_ frames: [[Float]]) -> [Int] {
        let n = frames.count
        guard n >= 2 * fewest, let dimension = frames.first?.count else { return n > 0 ? [0] : [] }
        var steps = zip(frames, frames.dropFirst()).map { 1 - Self.dot($0, $1) }
        steps.sort()
        let penalty = Self.cost + Self.restlessness * max(0, steps[steps.count / 2])
        // Sums of all frames before each.
        var sums = [Float](repeating: 0, count: (n + 1) * dimension)
        for (index, frame) in frames.enumerated() {
            for d in 0..<dimension { sums[(index + 1) * dimension + d] = sums[index * dimension + d] + frame[d] }
        }
        func cost(_ from: Int, _ to: Int) -> Float {
            var square: Float = 0
            sums.withUnsafeBufferPointer { sums in
                for d in 0..<dimension {
                    let sum = sums[to * dimension + d] - sums[from * dimension + d]
                    square += sum * sum
                }
            }
            return Float(to - from) - square / Float(to - from)
        }
        var best = [Float](repeating: .infinity, count: n + 1)
        var before = [Int](repeating: 0, count: n + 1)
        best[0] = 0
        for end in fewest...n {
            for begin in max(0, end - most)...max(0, end - fewest) where best[begin].isFinite {
                let total = best[begin] + cost(begin, end) + (begin > 0 ? penalty : 0)
                if total < best[end] { (best[end], before[end]) = (total, begin) }
            }
        }
        guard best[n].isFinite else { return [0] }
        var beginnings: [Int] = []
        var end = n
        while end > 0 {
            end = before[end]
            beginnings.append(end)
        }
        return beginnings.reversed()
    }

    /// The frame nearest to the mean of its moment, and that mean at length 1.
    static func best(of frames: ArraySlice<[Float]>) -> (index: Int, mean: [Float])? {
        guard let first = frames.first else { return nil }
        var sum = [Float](repeating: 0, count: first.count)
        for frame in frames { for d in sum.indices { sum[d] += frame[d] } }
        let length = dot(sum, sum).squareRoot()
        guard length > 0 else { return nil }
        let mean = sum.map { $0 / length }
        let scores = frames.indices.map { (index: $0, score: dot(frames[$0], mean)) }
        return scores.max { ($0.score, $1.index) < ($1.score, $0.index) }.map { ($0.index, mean) }
    }

    static func dot(_ a: [Float], _ b: [Float]) -> Float {
        var sum: Float = 0
        for index in 0..<min(a.count, b.count) { sum += a[index] * b[index] }
        return sum
    }
}
