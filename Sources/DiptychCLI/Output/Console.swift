import Foundation
import Synchronization

/// Standard error: messages, and at most one progress bar below them.
enum Console {
    /// Whether standard error is a terminal.
    static let isTerminal = isatty(STDERR_FILENO) == 1
    private static let showsBar = Mutex(false)

    /// Writes one line.
    ///
    /// - Parameter keepsLines: whether line breaks stay; otherwise control characters, which could forge lines, go.
    static func say(_ text: String, keepsLines: Bool = false) {
        let line = keepsLines ? text : oneLine(text)
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

    private static func oneLine(_ text: String) -> String {
        var scalars = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator: scalars.append(" ")
            default: scalars.append(scalar)
            }
        }
        return String(scalars)
    }

    private static func write(_ text: String) {
        let bytes = Array(text.utf8)
        // There is nowhere left to report that standard error is closed.
        _ = bytes.withUnsafeBytes { Foundation.write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
