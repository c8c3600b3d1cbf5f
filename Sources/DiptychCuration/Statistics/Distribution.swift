public import DiptychBasics

/// How some numbers are spread.
public struct Distribution: Sendable, Equatable {
    /// Numbers from one bound up to another.
    public struct Bin: Sendable, Equatable {
        /// The lowest.
        public let from: Double
        /// The end: the lowest of the next bin; of the last one, the highest number.
        public let to: Double
        /// How many.
        public let count: Int
    }

    /// How many numbers.
    public let count: Int
    /// The lowest; 0 of none.
    public let minimum: Double
    /// The mean.
    public let mean: Double
    /// The middle one.
    public let median: Double
    /// The one that 95 of 100 do not exceed.
    public let percentile95: Double
    /// The highest.
    public let maximum: Double
    /// The numbers counted by their size.
    public let bins: [Bin]

    /// The most bins.
    private static let most = 30

    /// - Parameters:
    ///   - values: in any order.
    ///   - areWhole: whether they are counts, of which a bin holds whole ones.
    init(_ values: [Float], areWhole: Bool = true) {
        let sorted = values.filter(\.isFinite).sorted().map(Double.init)
        count = sorted.count
        guard let first = sorted.first, let last = sorted.last else {
            (minimum, mean, median, percentile95, maximum, bins) = (0, 0, 0, 0, 0, [])
            return
        }
        (minimum, maximum) = (first, last)
        mean = sorted.reduce(0, +) / Double(sorted.count)
        median = sorted[(sorted.count - 1) / 2]
        percentile95 = sorted[min(sorted.count - 1, Int(Double(sorted.count - 1) * 0.95 + 0.5))]
        // A few that lie far out would leave one bin for all others.
        let end = areWhole && last > 2 * (percentile95 + 1) ? percentile95 : last
        var width = (end - first) / Double(Self.most)
        if areWhole { width = max(1, width.rounded(.up)) }
        guard width > 0 else {
            bins = [Bin(from: first, to: last, count: sorted.count)]
            return
        }
        let number = max(1, min(Self.most + 1, Int((end - first) / width) + 1))
        var counts = [Int](repeating: 0, count: number)
        for value in sorted { counts[min(number - 1, max(0, Int(((value - first) / width).rounded(.down))))] += 1 }
        bins = counts.indices.map { index in
            let from = first + Double(index) * width
            return Bin(from: from, to: index == number - 1 ? max(last, from) : from + width, count: counts[index])
        }
    }

    /// As JSON: `count`, `min`, `mean`, `median`, `p95`, `max`, and `bins` of `from`, `to` and `count`.
    public var json: JSONValue {
        .object([
            .init("count", .int(Int64(count))), .init("min", .double(minimum)), .init("mean", .double(mean)),
            .init("median", .double(median)), .init("p95", .double(percentile95)), .init("max", .double(maximum)),
            .init(
                "bins",
                .array(
                    bins.map {
                        .object([
                            .init("from", .double($0.from)), .init("to", .double($0.to)),
                            .init("count", .int(Int64($0.count))),
                        ])
                    })),
        ])
    }
}

/// How often something is there.
public struct NamedCount: Sendable, Equatable {
    /// What it is.
    public let name: String
    /// How often.
    public let count: Int

    static func json(_ counts: [NamedCount]) -> JSONValue {
        // Names of a dataset may stand twice only in error: an object keeps their order.
        .object(counts.map { .init($0.name, .int(Int64($0.count))) })
    }

    static func sorted(_ counts: [String: Int]) -> [NamedCount] {
        counts.map { NamedCount(name: $0.key, count: $0.value) }.sorted { ($1.count, $0.name) < ($0.count, $1.name) }
    }
}
