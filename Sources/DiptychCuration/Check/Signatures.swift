/// Images at 8 × 8 pixels, to find those that are one image at another size or quality.
///
/// Two are taken for one image where no sample differs by more than ``tolerance``: scaling and JPEG change the mean of a
/// sixty-fourth of an image by less, a small object that is somewhere else by more. Images of next to one colour are never taken for
/// each other.
struct Signatures {
    /// Pixels of a side.
    static let side = 8
    /// Bytes of a signature.
    static let length = side * side * 3
    private static let tolerance = 6
    /// The least spread of an image's samples that says something.
    private static let leastSpread = 12

    private var bytes: [UInt8] = []
    /// The images that have a signature.
    private var owners: [Int32] = []

    mutating func append(_ signature: [UInt8], of image: Int) {
        guard signature.count == Self.length else { return }
        bytes += signature
        owners.append(Int32(image))
    }

    /// The pairs of like images, an earlier one first; an image of a crowd is paired with some of it.
    func pairs() -> [(Int, Int)] {
        // Like images have like means of quarters: only those of neighbouring cells are compared.
        var cells: [UInt32: [Int32]] = [:]
        var pairs: [(Int, Int)] = []
        bytes.withUnsafeBufferPointer { bytes in
            for index in owners.indices {
                let mine = UnsafeBufferPointer(rebasing: bytes[index * Self.length..<(index + 1) * Self.length])
                guard Int(mine.max() ?? 0) - Int(mine.min() ?? 0) >= Self.leastSpread else { continue }
                let means = Self.means(mine)
                var joined: Set<Int32> = []
                for key in Self.keys(near: means) {
                    for other in cells[key] ?? [] where !joined.contains(other) {
                        let start = Int(other) * Self.length
                        guard Self.areLike(mine, UnsafeBufferPointer(rebasing: bytes[start..<start + Self.length]))
                        else { continue }
                        joined.insert(other)
                        pairs.append((Int(owners[Int(other)]), Int(owners[index])))
                    }
                }
                // A crowd of like images hangs on a few of them.
                if joined.count < 4 { cells[Self.key(means), default: []].append(Int32(index)) }
            }
        }
        return pairs
    }

    private static func areLike(_ a: UnsafeBufferPointer<UInt8>, _ b: UnsafeBufferPointer<UInt8>) -> Bool {
        for index in 0..<length where abs(Int(a[index]) - Int(b[index])) > tolerance { return false }
        return true
    }

    /// The mean of the green samples of each quarter, in quarters of a level.
    private static func means(_ bytes: UnsafeBufferPointer<UInt8>) -> [Int] {
        var sums = [0, 0, 0, 0]
        for y in 0..<side {
            for x in 0..<side { sums[y / 4 * 2 + x / 4] += Int(bytes[(y * side + x) * 3 + 1]) }
        }
        return sums.map { $0 / 4 }
    }

    /// Quarters of a level to a cell, and those by which like images may differ: means of sixteen differences differ by far less
    /// than ``tolerance``, but for a change of brightness.
    private static let cell = 48
    private static let reach = 4 * tolerance

    private static func key(_ means: [Int]) -> UInt32 { means.reduce(0) { $0 << 8 | UInt32($1 / cell) } }

    private static func keys(near means: [Int]) -> [UInt32] {
        means.reduce([UInt32(0)]) { keys, mean in
            let (low, high) = (max(0, mean - reach) / cell, (mean + reach) / cell)
            return keys.flatMap { key in (low...high).map { key << 8 | UInt32($0) } }
        }
    }
}
