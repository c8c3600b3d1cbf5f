internal import DequeModule
internal import Synchronization

/// What clients follow as server-sent events: the newest events of one subject, such as the server's state or the progress of a
/// job, for any number of listeners.
///
/// A feed keeps its last few events and nothing for each listener, so that one that is slow misses what was replaced meanwhile
/// and costs no memory. With a source, it works only while somebody listens.
///
///     let feed = EventFeed()
///     feed.send(progress.text, name: "progress")
package final class EventFeed: Sendable {
    /// What happened.
    package struct Event: Sendable, Equatable {
        /// Its place among the feed's events, from 1.
        package let number: Int
        /// What kind it is.
        package let name: String?
        package let data: String
    }

    /// Somebody who listens, from ``listen(_:)`` to ``leave(_:)``.
    package struct Listener: Sendable {
        fileprivate let number: Int
        fileprivate let round: Int
    }

    package typealias Source = @Sendable (EventFeed) async throws -> Void

    private struct State {
        var kept: Deque<Event> = []
        var last = 0
        var bells: [Int: @Sendable () -> Void] = [:]
        var listeners = 0
        /// Counts the runs of the source; a run that ends takes its listeners along.
        var round = 0
        var ended = 0
        var work: Task<Void, Never>?
        var isFinished = false
    }

    private let state = Mutex(State())
    private let most: Int
    private let source: Source?
    /// Tells this feed's events from those of an earlier process, which a client may name when it comes back.
    private let name = String(UInt64.random(in: 0 ... .max), radix: 36)

    /// - Parameters:
    ///   - most: how many events are kept for those who come, or come back; 1 where each says all that there is to know.
    ///   - source: sends events while anybody listens, and is cancelled when nobody does any more. Where it ends or throws, all
    ///     listeners are let go, to come again.
    package init(keeping most: Int = 1, source: Source? = nil) {
        self.most = max(1, most)
        self.source = source
    }

    /// Tells all listeners; nobody waits for them.
    package func send(_ data: String, name: String? = nil) {
        let bells = state.withLock { state in
            state.last += 1
            state.kept.append(Event(number: state.last, name: name, data: data))
            if state.kept.count > most { state.kept.removeFirst() }
            return Array(state.bells.values)
        }
        for bell in bells { bell() }
    }

    /// There will be no more events; listeners get what is kept, and are let go.
    package func finish() {
        let bells = state.withLock { state in
            state.isFinished = true
            return Array(state.bells.values)
        }
        for bell in bells { bell() }
    }

    /// Whether anybody listens.
    package var isHeard: Bool { state.withLock { !$0.bells.isEmpty } }

    /// Calls `bell`, which must not block, whenever there is something to ask for.
    package func listen(_ bell: @escaping @Sendable () -> Void) -> Listener {
        state.withLock { state in
            if let source, state.work == nil {
                // What was said last may not be true any more.
                if state.bells.isEmpty { state.kept.removeAll() }
                state.round += 1
                let round = state.round
                state.work = Task {
                    try? await source(self)
                    self.ended(round)
                }
            }
            state.listeners += 1
            state.bells[state.listeners] = bell
            return Listener(number: state.listeners, round: state.round)
        }
    }

    /// A listener has gone.
    package func leave(_ listener: Listener) {
        state.withLock { state in
            state.bells[listener.number] = nil
            guard state.bells.isEmpty else { return }
            state.work?.cancel()
            state.work = nil
        }
    }

    private func ended(_ round: Int) {
        let bells = state.withLock { state in
            state.ended = max(state.ended, round)
            guard state.round == round else { return [@Sendable () -> Void]() }
            state.work = nil
            return Array(state.bells.values)
        }
        for bell in bells { bell() }
    }

    /// The events behind that of a number, and whether there can be more for this listener.
    package func events(after number: Int, for listener: Listener) -> (events: [Event], areAll: Bool) {
        state.withLock { state in
            let isOver = state.isFinished || (source != nil && state.ended >= listener.round)
            return (state.kept.filter { $0.number > number }, isOver)
        }
    }

    /// What a client names as the last that it has seen.
    package func identifier(of event: Event) -> String { "\(name)-\(event.number)" }

    /// The number of the event that a client names; 0 for one that is not known.
    package func number(of identifier: String?) -> Int {
        guard let parts = identifier?.split(separator: "-"), parts.count == 2, parts[0] == name,
            let number = Int(parts[1])
        else { return 0 }
        return state.withLock { (0...$0.last).contains(number) ? number : 0 }
    }
}
