import Diptych
import DiptychEngine
import Foundation

/// What `profile` says.
struct ProfileReport {
    /// What went through the model in a pass.
    enum Input {
        case images(Int)
        case texts(Int, length: Int)
        /// Texts of a file, in batches of `batch`.
        case file(texts: Int, tokens: Int, batch: Int)

        var count: Int {
            switch self {
            case .images(let count), .texts(let count, _), .file(let count, _, _): count
            }
        }
        var batch: Int { if case .file(_, _, let batch) = self { batch } else { count } }
        var unit: String { if case .images = self { "pictures" } else { "texts" } }
    }

    let operations: [OperationProfile]
    let engine: EngineDescription
    let roofline: Roofline
    let input: Input
    /// How a pass would scale to more cores, where that was asked for.
    let scaling: ScalingReport?

    private var seconds: Double { operations.reduce(0) { $0 + $1.seconds } }
    private var flops: Double { operations.reduce(0) { $0 + $1.flops } }
    private var bytes: Double { operations.reduce(0) { $0 + $1.bytes } }
    private var rate: Double { Double(input.count) / max(seconds, 1e-12) }
    private var keepsWeights: Bool {
        roofline.keeps(weights: operations.reduce(0) { $0 + $1.weightBytes })
    }

    /// The shortest time of an operation's calls, and the limit that sets most of it.
    private func bound(_ operation: OperationProfile) -> (seconds: Double, limit: Roofline.Limit) {
        var times: [Roofline.Limit: Double] = [:]
        for cost in operation.costs {
            let bound = roofline.bound(of: cost, keepsWeights: keepsWeights)
            times[bound.limit, default: 0] += bound.seconds
        }
        let most = Roofline.Limit.allCases.max { times[$0, default: 0] < times[$1, default: 0] }
        return (times.values.reduce(0, +), most ?? .compute)
    }

    private var attainable: Double { operations.reduce(0) { $0 + bound($1).seconds } }
}

// MARK: - JSON

extension ProfileReport {
    var json: JSON {
        var members: [(String, JSON)] = [("batch", .int(input.batch))]
        switch input {
        case .images: members.append(("text_length", .null))
        case .texts(_, let length): members.append(("text_length", .int(length)))
        case .file(let texts, let tokens, _):
            members += [("text_length", .null), ("texts", .int(texts)), ("tokens", .int(tokens))]
        }
        members += [
            ("instructions", .string(engine.instructions.rawValue)), ("precision", .string(engine.precision.rawValue)),
            ("threads", .int(engine.threads)), ("total_seconds", .double(seconds)),
            ("\(input.unit)_per_second", .double(rate)), ("flops", .double(flops)), ("bytes", .double(bytes)),
            ("limit_flops_per_second", .double(roofline.flopsPerSecond)),
            ("share_of_limit", .double(flops / max(seconds, 1e-12) / roofline.flopsPerSecond)),
            ("attainable_seconds", .double(attainable)),
            ("share_of_attainable", .double(attainable / max(seconds, 1e-12))),
            (
                "roofline",
                [
                    "flops_per_second": .double(roofline.flopsPerSecond), "memory": json(roofline.memory),
                    "caches": .array(roofline.caches.map(json)),
                ]
            ),
            ("operations", .array(operations.map(json))),
        ]
        if let scaling { members.append(("scaling", scaling.json)) }
        return .object(members)
    }

    private func json(_ operation: OperationProfile) -> JSON {
        let (least, limit) = bound(operation)
        let time = max(operation.seconds, 1e-12)
        return [
            "operation": .string(operation.label), "calls": .int(operation.calls),
            "seconds": .double(operation.seconds), "share_of_time": .double(operation.seconds / max(seconds, 1e-12)),
            "flops": .double(operation.flops), "bytes": .double(operation.bytes),
            "weight_bytes": .double(operation.weightBytes),
            "flops_per_byte": operation.bytes > 0 ? .double(operation.flops / operation.bytes) : .null,
            "limit": least > 0 ? .string(limit.rawValue) : .null, "attainable_seconds": .double(least),
            "share_of_attainable": .double(least / time),
            "share_of_limit": .double(operation.flops / time / roofline.flopsPerSecond),
        ]
    }

    private func json(_ level: MemoryBandwidth) -> JSON {
        [
            "level": .string(level.level), "capacity_bytes": level.capacity.map(JSON.int) ?? .null,
            "buffer_bytes": .int(level.buffer), "read_bytes_per_second": .double(level.read),
            "copy_bytes_per_second": .double(level.copy), "triad_bytes_per_second": .double(level.triad),
        ]
    }
}

// MARK: - Text

extension ProfileReport {
    var lines: [String] {
        let width = max(9, operations.map(\.label.count).max() ?? 0)
        func row(_ cells: [String]) -> String {
            Columns.left(cells[0], width)
                + zip(cells.dropFirst(), [7, 10, 8, 9, 9, 9, 9, 9]).map { Columns.right($0, $1) }.joined()
        }
        let title = row(["operation", "calls", "ms", "% time", "GFLOP", "MB", "FLOP/B", "limit", "% of it"])
        let rows = operations.map { operation in
            let (least, limit) = bound(operation)
            return row(
                cells(
                    operation.label, operation.calls, operation.seconds, operation.flops, operation.bytes,
                    least > 0 ? limit.rawValue : "-", least))
        }
        let calls = operations.reduce(0) { $0 + $1.calls }
        var lines = [title] + rows + [row(cells("total", calls, seconds, flops, bytes, "", attainable))]
        lines.append(
            String(
                format:
                    "%.1f \(input.unit)/s in batches of %d, %@, %d threads, %@; %.1f %% of the fastest matrix product",
                rate, input.batch, engine.precision.rawValue, engine.threads, engine.instructions.rawValue,
                100 * flops / max(seconds, 1e-12) / roofline.flopsPerSecond))
        lines.append(String(format: "compute: %.0f GFLOP/s, the fastest matrix product", roofline.flopsPerSecond / 1e9))
        for level in [roofline.memory] + roofline.caches {
            let holds = level.capacity.map { ", holds " + Columns.bytes($0) } ?? ""
            lines.append(
                String(
                    format: "%@: read %.1f, copy %.1f, triad %.1f GB/s over %@%@", level.level, level.read / 1e9,
                    level.copy / 1e9, level.triad / 1e9, Columns.bytes(level.buffer), holds))
        }
        return lines + (scaling.map { [""] + $0.lines } ?? [])
    }

    private func cells(
        _ label: String, _ calls: Int, _ time: Double, _ flops: Double, _ bytes: Double, _ limit: String,
        _ least: Double
    ) -> [String] {
        [
            label, "\(calls)", String(format: "%.3f", time * 1e3),
            String(format: "%.1f", 100 * time / max(seconds, 1e-12)), String(format: "%.3f", flops / 1e9),
            String(format: "%.2f", bytes / 1e6), bytes > 0 ? String(format: "%.1f", flops / bytes) : "-", limit,
            String(format: "%.1f", 100 * least / max(time, 1e-12)),
        ]
    }
}
