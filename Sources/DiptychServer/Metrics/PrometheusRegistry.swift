public import CoreMetrics
internal import Synchronization

/// Metrics as Prometheus reads them, in its text format 0.0.4.
///
/// Timers and recorders become histograms: counters and gauges stay what they are. Names may hold letters, digits and `_`;
/// everything else becomes `_`.
public final class PrometheusRegistry: MetricsFactory {
    /// The upper bounds of a histogram's buckets, in seconds or whatever is recorded.
    static let timeBounds: [Double] = [
        0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
    ]
    static let countBounds: [Double] = [1, 2, 4, 8, 16, 32, 64, 128, 256]

    private struct Series: Hashable {
        let name: String
        let labels: String
    }

    private enum Kind: String {
        case counter, gauge, histogram
    }

    private struct Held {
        let kind: Kind
        let value: any Sendable
    }

    private let series = Mutex<[Series: Held]>([:])
    private let help: [String: String]

    /// An empty registry.
    ///
    /// - Parameter help: what metrics mean, by name.
    public init(help: [String: String] = [:]) { self.help = help }

    private func held<T: Sendable>(
        _ kind: Kind, _ label: String, _ dimensions: [(String, String)], make: () -> T
    ) -> T {
        let labels = dimensions.map { "\(Self.name($0.0))=\"\(Self.escaped($0.1))\"" }.joined(separator: ",")
        let key = Series(name: Self.name(label), labels: labels)
        return series.withLock { series in
            if let known = series[key]?.value as? T { return known }
            let new = make()
            series[key] = Held(kind: kind, value: new)
            return new
        }
    }

    /// A counter.
    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        held(.counter, label, dimensions) { PrometheusCounter() }
    }

    /// A gauge.
    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        held(.gauge, label, dimensions) { PrometheusGauge() }
    }

    /// A histogram of counts, or a gauge where nothing is to be aggregated.
    public func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler {
        if aggregate {
            held(.histogram, label, dimensions) { PrometheusHistogram(bounds: Self.countBounds) }
        } else {
            held(.gauge, label, dimensions) { PrometheusGauge() }
        }
    }

    /// A histogram of seconds.
    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        held(.histogram, label, dimensions) { PrometheusHistogram(bounds: Self.timeBounds) }
    }

    // Series stay: a scraper would take their going for a restart.
    /// Keeps it.
    public func destroyCounter(_ handler: any CounterHandler) {}
    /// Keeps it.
    public func destroyMeter(_ handler: any MeterHandler) {}
    /// Keeps it.
    public func destroyRecorder(_ handler: any RecorderHandler) {}
    /// Keeps it.
    public func destroyTimer(_ handler: any TimerHandler) {}

    /// All metrics as text.
    public var text: String {
        let all = series.withLock { $0 }
        var text = ""
        var last = ""
        for (key, held) in all.sorted(by: { ($0.key.name, $0.key.labels) < ($1.key.name, $1.key.labels) }) {
            if key.name != last {
                last = key.name
                if let words = help[key.name] { text += "# HELP \(key.name) \(words)\n" }
                text += "# TYPE \(key.name) \(held.kind.rawValue)\n"
            }
            let braces = key.labels.isEmpty ? "" : "{\(key.labels)}"
            switch held.value {
            case let counter as PrometheusCounter: text += "\(key.name)\(braces) \(counter.value)\n"
            case let gauge as PrometheusGauge: text += "\(key.name)\(braces) \(gauge.value)\n"
            case let histogram as PrometheusHistogram: histogram.write(key.name, key.labels, to: &text)
            default: break
            }
        }
        return text
    }

    private static func name(_ text: String) -> String {
        String(
            text.unicodeScalars.map {
                $0.isASCII && ($0.properties.isAlphabetic || $0.properties.numericType != nil) ? Character($0) : "_"
            })
    }

    private static func escaped(_ value: String) -> String {
        var text = ""
        for character in value.unicodeScalars {
            switch character {
            case "\\": text += "\\\\"
            case "\"": text += "\\\""
            case "\n": text += "\\n"
            default: text.unicodeScalars.append(character)
            }
        }
        return text
    }
}

/// A number that only grows.
private final class PrometheusCounter: CounterHandler {
    private let count = Atomic<Int64>(0)
    var value: Int64 { count.load(ordering: .relaxed) }
    func increment(by amount: Int64) { count.wrappingAdd(amount, ordering: .relaxed) }
    func reset() { count.store(0, ordering: .relaxed) }
}

/// A number that goes up and down.
private final class PrometheusGauge: MeterHandler, RecorderHandler {
    private let current = Mutex(0.0)
    var value: Double { current.withLock { $0 } }
    func set(_ value: Int64) { current.withLock { $0 = Double(value) } }
    func set(_ value: Double) { current.withLock { $0 = value } }
    func increment(by amount: Double) { current.withLock { $0 += amount } }
    func decrement(by amount: Double) { current.withLock { $0 -= amount } }
    func record(_ value: Int64) { set(value) }
    func record(_ value: Double) { set(value) }
}

/// Values counted by their size.
private final class PrometheusHistogram: TimerHandler, RecorderHandler {
    private struct State {
        var counts: [Int]
        var sum = 0.0
        var count = 0
    }

    private let bounds: [Double]
    private let state: Mutex<State>

    init(bounds: [Double]) {
        self.bounds = bounds
        state = Mutex(State(counts: Array(repeating: 0, count: bounds.count)))
    }

    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }
    func record(_ value: Int64) { record(Double(value)) }
    func record(_ value: Double) {
        let bucket = bounds.firstIndex { value <= $0 }
        state.withLock { state in
            if let bucket { state.counts[bucket] += 1 }
            state.sum += value
            state.count += 1
        }
    }

    func write(_ name: String, _ labels: String, to text: inout String) {
        let state = state.withLock { $0 }
        let before = labels.isEmpty ? "" : labels + ","
        let braces = labels.isEmpty ? "" : "{\(labels)}"
        var sum = 0
        for (bound, count) in zip(bounds, state.counts) {
            sum += count
            text += "\(name)_bucket{\(before)le=\"\(bound)\"} \(sum)\n"
        }
        text += "\(name)_bucket{\(before)le=\"+Inf\"} \(state.count)\n"
        text += "\(name)_sum\(braces) \(state.sum)\n\(name)_count\(braces) \(state.count)\n"
    }
}
