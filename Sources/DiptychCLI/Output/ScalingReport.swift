import Diptych
import Foundation

/// How a pass would scale to more cores, as text and JSON.
struct ScalingReport {
    /// What is done at once, per second, with so many cores.
    struct Point {
        let cores: Int
        /// The batches that go through at once where each group of cores has its own.
        let groups: Int
        /// One batch, every operation on all cores.
        let within: Double
        /// One batch as large as those of all groups together, every operation on all cores.
        let withinLarge: Double
        /// A batch for each group.
        let across: Double
    }

    /// Doubling the cores must give more than this, or the split has stopped scaling.
    private static let worthwhile = 1.5

    let points: [Point]
    let model: CoreScaling
    let batch: Int
    let unit: String
    let isMemoryMeasured: Bool
    let isCacheMeasured: Bool

    init(_ model: CoreScaling, cores: Int, input: ProfileReport.Input, isMemoryMeasured: Bool, isCacheMeasured: Bool) {
        self.model = model
        (self.isMemoryMeasured, self.isCacheMeasured) = (isMemoryMeasured, isCacheMeasured)
        (batch, unit) = (input.batch, input.unit)
        let count = Double(input.count)
        points = sequence(first: model.threads) { $0 * 2 }.prefix { $0 <= cores }.map { cores in
            let groups = cores / model.threads
            return Point(
                cores: cores, groups: groups, within: count / model.seconds(cores: cores),
                withinLarge: count * Double(groups) / model.seconds(cores: cores, factor: Double(groups)),
                across: count * Double(groups)
                    / model.seconds(cores: model.threads, neighbours: groups - 1))
        }
    }

    private typealias Split = (name: String, key: String, rate: (Point) -> Double)
    private var splits: [Split] {
        [
            ("one batch of \(batch), each operation on all cores", "within", \.within),
            ("one batch of all groups' \(unit), each operation on all cores", "within_large", \.withinLarge),
            ("a batch of \(batch) for each \(model.threads) cores", "across", \.across),
        ]
    }

    /// The cores from which doubling them is not worthwhile; nil when it always is.
    private func end(_ rate: (Point) -> Double) -> Int? {
        zip(points, points.dropFirst()).first { rate($1) < Self.worthwhile * rate($0) }?.0.cores
    }

    var lines: [String] {
        let widths = [6, 14, 14, 14]
        func row(_ cells: [String]) -> String { zip(cells, widths).map { Columns.right($0, $1) }.joined() }
        var lines = [
            "Modelled \(unit)/s on more cores, from the \(model.threads) measured here:",
            "A: \(splits[0].name); B: \(splits[1].name); C: \(splits[2].name)",
            row(["cores", "A", "B", "C"]),
        ]
        for point in points {
            lines.append(row(["\(point.cores)"] + splits.map { String(format: "%.1f", $0.rate(point)) }))
        }
        for (letter, split) in zip("ABC", splits) {
            lines.append(
                end(split.rate).map {
                    "\(letter) stops scaling at \($0) cores: twice as many give less than \(Self.worthwhile) times as much"
                } ?? "\(letter) scales to all of them")
        }
        let memory = String(format: "%.1f GB/s", model.memory / 1e9)
        lines.append(
            isMemoryMeasured
                ? "memory: \(memory), as measured here, assumed to be the same with more cores; "
                    + "--memory-bandwidth says what the machine has"
                : "memory: \(memory), as given")
        lines.append(
            "last cache: \(Columns.bytes(Int(model.lastCache))) for all cores together, "
                + (isCacheMeasured ? "as here; --last-cache says what the machine has" : "as given"))
        lines.append(
            String(format: "starting the threads of an operation: %.1f µs, as measured here", model.teamStart * 1e6))
        return lines
    }

    var json: JSON {
        [
            "threads_measured": .int(model.threads), "memory_bytes_per_second": .double(model.memory),
            "memory_is_measured": .bool(isMemoryMeasured), "last_cache_bytes": .double(model.lastCache),
            "team_start_seconds": .double(model.teamStart),
            "stops_at_cores": .object(splits.map { ($0.key, end($0.rate).map(JSON.int) ?? .null) }),
            "points": .array(
                points.map { point in
                    .object(
                        [("cores", .int(point.cores)), ("groups", .int(point.groups))]
                            + splits.map { ("\($0.key)_\(unit)_per_second", .double($0.rate(point))) })
                }),
        ]
    }
}
