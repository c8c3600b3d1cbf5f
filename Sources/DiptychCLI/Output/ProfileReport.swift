import Diptych
import DiptychEngine
import Foundation

/// What `profile` says.
struct ProfileReport {
    let operations: [OperationProfile]
    let engine: EngineDescription
    /// The fastest matrix product that was measured, in FLOP/s.
    let limit: Double
    let batch: Int
    /// The tokens of each text; nil where pictures were profiled.
    let textLength: Int?

    private var seconds: Double { operations.reduce(0) { $0 + $1.seconds } }
    private var flops: Double { operations.reduce(0) { $0 + $1.flops } }
    private var rate: Double { Double(batch) / max(seconds, 1e-12) }
    private var unit: String { textLength == nil ? "pictures" : "texts" }

    var json: JSON {
        var members: [(String, JSON)] = [
            ("batch", .int(batch)), ("text_length", textLength.map(JSON.int) ?? .null),
            ("instructions", .string(engine.instructions.rawValue)), ("precision", .string(engine.precision.rawValue)),
            ("threads", .int(engine.threads)), ("total_seconds", .double(seconds)),
            ("\(unit)_per_second", .double(rate)), ("flops", .double(flops)),
            ("limit_flops_per_second", .double(limit)),
            ("share_of_limit", .double(flops / max(seconds, 1e-12) / limit)),
        ]
        members.append(
            (
                "operations",
                .array(
                    operations.map {
                        [
                            "operation": .string($0.label), "calls": .int($0.calls), "seconds": .double($0.seconds),
                            "flops": .double($0.flops), "bytes": .double($0.bytes),
                            "share_of_limit": .double(share($0.flops, $0.seconds)),
                        ]
                    })
            ))
        return .object(members)
    }

    var lines: [String] {
        let width = max(9, operations.map(\.label.count).max() ?? 0)
        func row(_ cells: [String]) -> String {
            Columns.left(cells[0], width) + cells.dropFirst().map { Columns.right($0, 11) }.joined()
        }
        let title = row(["operation", "calls", "ms", "% of time", "GFLOP/s", "% of limit"])
        let rows = operations.map { row(cells($0.label, "\($0.calls)", $0.seconds, $0.flops)) }
        return [title] + rows + [
            row(cells("total", "\(operations.reduce(0) { $0 + $1.calls })", seconds, flops)),
            String(
                format: "%.1f \(unit)/s in batches of %d, %@, %d threads, %@; limit %.0f GFLOP/s", rate, batch,
                engine.precision.rawValue, engine.threads, engine.instructions.rawValue, limit / 1e9),
        ]
    }

    private func cells(_ label: String, _ calls: String, _ time: Double, _ flops: Double) -> [String] {
        [
            label, calls, String(format: "%.3f", time * 1e3), String(format: "%.1f", 100 * time / max(seconds, 1e-12)),
            String(format: "%.1f", flops / max(time, 1e-12) / 1e9), String(format: "%.1f", 100 * share(flops, time)),
        ]
    }

    private func share(_ flops: Double, _ time: Double) -> Double { flops / max(time, 1e-12) / limit }
}
