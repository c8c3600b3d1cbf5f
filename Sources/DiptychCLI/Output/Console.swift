import Foundation
import Synchronization

/// Standard error: messages, and at most one progress bar below them.
enum Console {
    /// Whether standard error is a terminal.
    static let isTerminal = isatty(STDERR_FILENO) == 1
    private static let showsBar = Mutex(false)

    /// Writes one line.
    ///
    /// - Parameter keepsLines: whether line breaks stay; otherwise they are escaped as other control characters are.
    static func say(_ text: String, keepsLines: Bool = false) {
        let lines = keepsLines ? text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) : [text]
        let line = lines.map(\.shown).joined(separator: "\n")
        showsBar.withLock { showsBar in
            write((showsBar ? "\r\u{1B}[K" : "") + line + "\n")
            showsBar = false
        }
    }

    /// Redraws the progress bar of a terminal.
    static func bar(_ text: String) {
        showsBar.withLock { showsBar in
            write("\r\u{1B}[K" + text)
            showsBar = true
        }
    }

    /// Takes the progress bar away.
    static func clear() {
        showsBar.withLock { showsBar in
            if showsBar { write("\r\u{1B}[K") }
            showsBar = false
        }
    }

    private static func write(_ text: String) {
        let bytes = Array(text.utf8)
        // There is nowhere left to report that standard error is closed.
        _ = bytes.withUnsafeBytes { Foundation.write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
