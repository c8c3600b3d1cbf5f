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

    private static let endsAtOnce = Atomic(false)

    /// Has the first Ctrl-C or SIGTERM end the process, for commands that leave nothing to be finished.
    static func endAtOnce() { endsAtOnce.store(true, ordering: .relaxed) }

    /// How a run ends that a signal cut short.
    static var status: ExitStatus { received.load(ordering: .relaxed) == SIGTERM ? .terminated : .interrupted }

    /// Calls `body` at each SIGHUP, which then no longer ends the process.
    static func onHangUp(when isWanted: Bool, _ body: @escaping @Sendable () -> Void) -> (any DispatchSourceSignal)? {
        guard isWanted else { return nil }
        signal(SIGHUP, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: SIGHUP, queue: .global())
        source.setEventHandler(handler: body)
        source.resume()
        return source
    }

    /// Ends the process after so long a time, however much of it still works.
    static func endAtLatest(after seconds: Double) {
        DispatchQueue.global(qos: .userInteractive).asyncAfter(deadline: .now() + seconds) {
            _exit(ExitStatus.done.rawValue)
        }
    }

    /// Cancels `task` at the first Ctrl-C or SIGTERM, so that it ends where its work is whole; a second one ends the
    /// process at once.
    static func cancelOnInterrupt(_ task: Task<ExitStatus, Never>) -> [any DispatchSourceSignal] {
        [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global(qos: .userInteractive))
            source.setEventHandler {
                received.store(number, ordering: .relaxed)
                if endsAtOnce.load(ordering: .relaxed) || task.isCancelled { _exit(status.rawValue) }
                task.cancel()
            }
            source.resume()
            return source
        }
    }
}
