import Foundation
import Synchronization

/// The progress of drawing on standard error: one line redrawn on a terminal, one every few seconds elsewhere.
final class PicturesProgress: Sendable {
    private let total: Int
    private let isQuiet: Bool
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private let started = ContinuousClock.now
    private let last: Mutex<ContinuousClock.Instant>

    init(total: Int, isQuiet: Bool) {
        self.total = total
        self.isQuiet = isQuiet
        last = Mutex(started)
    }

    func update(_ done: Int) {
        guard !isQuiet else { return }
        let now = ContinuousClock.now
        let isDue = last.withLock { last in
            guard now - last >= .seconds(isTerminal ? 0.1 : 3) else { return false }
            last = now
            return true
        }
        guard isDue else { return }
        let rate = Double(done) / ((now - started) / .seconds(1))
        let left = Int((Double(total - done) / rate).rounded(.up))
        let line = "drawing \(done)/\(total) · \(Int(rate))/s · \(left) s left"
        Self.write(isTerminal ? "\r\u{1B}[K" + line : line + "\n")
    }

    /// Clears a terminal's line, so that what follows starts clean.
    func end() {
        if !isQuiet, isTerminal { Self.write("\r\u{1B}[K") }
    }

    static func say(_ line: String) { write(line + "\n") }

    private static func write(_ text: String) {
        FileHandle.standardError.write(Data(text.utf8))
    }
}
