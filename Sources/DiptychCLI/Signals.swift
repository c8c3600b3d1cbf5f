import Dispatch
import Foundation
import Synchronization

/// What the process does with signals.
enum Signals {
    /// Turns into errors what would otherwise kill the process in the middle of a write.
    static func prepare() {
        signal(SIGPIPE, SIG_IGN)  // writing to a closed pipe: EPIPE
        signal(SIGXFSZ, SIG_IGN)  // a file beyond `ulimit -f`: EFBIG
    }

    private static let received = Atomic<Int32>(0)

    /// How a run ends that a signal cut short.
    static var status: ExitStatus { received.load(ordering: .relaxed) == SIGTERM ? .terminated : .interrupted }

    /// Cancels `task` at the first Ctrl-C or SIGTERM, so that it ends where its work is whole; a second one ends the
    /// process at once.
    static func cancelOnInterrupt(_ task: Task<ExitStatus, Never>) -> [any DispatchSourceSignal] {
        [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global(qos: .userInteractive))
            source.setEventHandler {
                received.store(number, ordering: .relaxed)
                if task.isCancelled { _exit(status.rawValue) }
                task.cancel()
            }
            source.resume()
            return source
        }
    }
}
