import Foundation
import Synchronization

/// The progress of a long run on standard error: a bar that is redrawn on a terminal, a line every few seconds elsewhere.
final class Progress: Sendable {
    /// What is counted.
    enum Unit {
        case things
        case bytes
    }

    private let verb: String
    private let total: Int?
    private let isQuiet: Bool
    private let unit: Unit
    private let alreadyDone: Int
    private let started = ContinuousClock.now
    private let last: Mutex<ContinuousClock.Instant>

    /// Progress of `verb`, such as "indexing"; a total that is not known gives a rate, but no time left.
    ///
    /// - Parameter alreadyDone: how many were done before, which says nothing about the rate.
    init(_ verb: String, total: Int?, isQuiet: Bool, unit: Unit = .things, alreadyDone: Int = 0) {
        self.unit = unit
        self.alreadyDone = alreadyDone
        self.verb = verb
        self.total = total
        self.isQuiet = isQuiet
        last = Mutex(started)
    }

    /// The seconds since the start.
    var seconds: Double { (ContinuousClock.now - started) / .seconds(1) }

    /// Shows that `done` things are done, if it is time to.
    func update(_ done: Int) {
        guard !isQuiet else { return }
        let now = ContinuousClock.now
        let isDue = last.withLock { last in
            guard now - last >= .seconds(Console.isTerminal ? 0.1 : 3) else { return false }
            last = now
            return true
        }
        guard isDue else { return }
        let rate = Double(max(0, done - alreadyDone)) / max((now - started) / .seconds(1), 1e-3)
        var parts = [total.map { "\(count(done))/\(count($0))" } ?? count(done), "\(speed(rate))/s"]
        if let total, rate > 0 { parts.append(Self.time(Double(max(0, total - done)) / rate) + " left") }
        let facts = parts.joined(separator: " · ")
        guard Console.isTerminal else { return Console.say("\(verb) \(facts)") }
        Console.bar("\(verb) \(bar(done))\(facts)")
    }

    private func count(_ number: Int) -> String { unit == .bytes ? Columns.bytes(number) : String(number) }

    private func speed(_ rate: Double) -> String {
        unit == .bytes ? Columns.bytes(Int(min(rate, 1e15))) : Self.rounded(rate)
    }

    private func bar(_ done: Int) -> String {
        guard let total, total > 0 else { return "" }
        let width = 24
        let filled = min(width, done * width / total)
        return String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled) + " "
    }

    /// A rate with as many digits as mean something.
    static func rounded(_ rate: Double) -> String {
        rate >= 100 ? String(Int(rate)) : String(format: "%.1f", rate)
    }

    private static func time(_ seconds: Double) -> String {
        let whole = Int(min(seconds.rounded(.up), 1e8))
        switch whole {
        case ..<100: return "\(whole) s"
        case ..<6000: return "\(whole / 60) min \(whole % 60) s"
        default: return "\(whole / 3600) h \(whole / 60 % 60) min"
        }
    }

    /// Takes the bar away, so that what follows starts clean.
    func end() { Console.clear() }
}
