internal import DequeModule
internal import Foundation
internal import Synchronization

/// Gathers what concurrent requests want computed into shared passes.
///
/// While one pass runs, inputs gather for the next. Equal ones, by their keys, are computed once, also when they come while
/// the first is being computed, and what was computed is kept for those that come later.
///
/// Requests take turns, at half a pass each: one with thousands of inputs does not keep those with a few waiting, and those with
/// a few are finished one after the other, which is sooner for most than if all went on at the same time. A pass holds as
/// much as its inputs may cost together, at least one. A request that is cancelled leaves at once, and what nobody else wants
/// is not computed.
package final class BatchQueue<Key: Hashable & Sendable, Input: Sendable, Output: Sendable>: Sendable {
    private typealias Asker = CheckedContinuation<[Result<Output, any Error>], any Error>

    /// One request, with what it has got so far.
    private struct Ticket {
        let asker: Asker
        var results: [Result<Output, any Error>?]
        var missing: Int
        /// What it waits for.
        var keys: [Key] = []
        /// How many of them had their turn.
        var turns = 0

        init(_ asker: Asker, count: Int) {
            self.asker = asker
            results = Array(repeating: nil, count: count)
            missing = count
        }
    }

    /// An input that is not computed yet, and who wants it.
    private struct Pending {
        let input: Input
        let arrived: ContinuousClock.Instant
        var isRunning = false
        var wanted: [(ticket: Int, position: Int)] = []
    }

    private struct State {
        var kept: LRUCache<Key, Output>
        /// The requests whose inputs no pass has taken yet, in the order of their turns; also some that have gone.
        var line: Deque<Int> = []
        var pending: [Key: Pending] = [:]
        var tickets: [Int: Ticket] = [:]
        var nextTicket = 0
        var sleeper: CheckedContinuation<Void, Never>?
        var isClosed = false
        var lastBatchHadCompany = false
        var lastBatchEnd = ContinuousClock.now
        var batchBegin = ContinuousClock.now
        /// Seconds of a pass for each of its inputs, lately.
        var secondsEach = 0.0
        var counts = QueueCounts()

        /// Inputs that no pass has taken yet.
        var waitingCount = 0
    }

    private let state: Mutex<State>
    private let limits: QueueLimits
    private let cost: @Sendable (Input) -> Int
    private let onWait: @Sendable (Duration) -> Void

    /// Prepares a queue; ``run(_:)`` works it off.
    ///
    /// - Parameters:
    ///   - cost: what an input costs, at least 0; see ``QueueLimits/largestCost``.
    ///   - onWait: told how long each input waited for its pass.
    package init(
        _ limits: QueueLimits, cost: @escaping @Sendable (Input) -> Int = { _ in 0 },
        onWait: @escaping @Sendable (Duration) -> Void = { _ in }
    ) {
        self.limits = limits
        self.cost = cost
        self.onWait = onWait
        state = Mutex(State(kept: LRUCache(limit: limits.kept)))
    }

    /// What it did so far, and what waits now.
    package var counts: QueueCounts {
        state.withLock { state in
            var counts = state.counts
            counts.kept = state.kept.count
            counts.waiting = state.waitingCount
            return counts
        }
    }

    /// What was computed for `key`, where it is kept.
    package func kept(_ key: Key) -> Output? {
        state.withLock { state in
            guard let value = state.kept.value(for: key) else { return nil }
            state.counts.hits += 1
            return value
        }
    }

    // MARK: Asking

    /// The results of `inputs`, in their order; each fails for itself.
    ///
    /// - Throws: ``QueueError``, `CancellationError`.
    package func results(of inputs: [(key: Key, input: Input)]) async throws -> [Result<Output, any Error>] {
        // Those with more than a part of the queue bring it part by part, so that there is room for others.
        let most = max(limits.largestBatch, limits.waiting / 4)
        var results: [Result<Output, any Error>] = []
        var rest = inputs[...]
        while !rest.isEmpty {
            results += try await part(Array(rest.prefix(most)))
            rest = rest.dropFirst(most)
        }
        return results
    }

    private func part(_ inputs: [(key: Key, input: Input)]) async throws -> [Result<Output, any Error>] {
        let id = state.withLock { state in
            state.nextTicket += 1
            return state.nextTicket
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                enter(id, inputs, continuation)
            }
        } onCancel: {
            leave(id)
        }
    }

    private func enter(_ id: Int, _ inputs: [(key: Key, input: Input)], _ continuation: Asker) {
        let isCancelled = Task.isCancelled
        let sleeper: CheckedContinuation<Void, Never>? = state.withLock { state in
            guard !isCancelled else {
                continuation.resume(throwing: CancellationError())
                return nil
            }
            guard !state.isClosed else {
                continuation.resume(throwing: QueueError.closed)
                return nil
            }
            // Before anything changes: a request is taken as a whole or not at all.
            let new = Set(inputs.map(\.key)).filter { state.pending[$0] == nil && !state.kept.holds($0) }
            guard state.waitingCount + new.count <= limits.waiting || state.waitingCount == 0 else {
                continuation.resume(
                    throwing: QueueError.full(
                        waiting: state.waitingCount, seconds: Double(state.waitingCount) * state.secondsEach))
                return nil
            }
            var ticket = Ticket(continuation, count: inputs.count)
            let now = ContinuousClock.now
            for (position, (key, input)) in inputs.enumerated() {
                if let value = state.kept.value(for: key) {
                    ticket.results[position] = .success(value)
                    ticket.missing -= 1
                    state.counts.hits += 1
                    continue
                }
                ticket.keys.append(key)
                if state.pending[key] == nil {
                    state.counts.misses += 1
                    state.pending[key] = Pending(input: input, arrived: now)
                    state.waitingCount += 1
                } else {
                    state.counts.hits += 1
                }
                state.pending[key]?.wanted.append((id, position))
            }
            guard ticket.missing > 0 else {
                continuation.resume(returning: ticket.results.compactMap { $0 })
                return nil
            }
            state.tickets[id] = ticket
            state.line.append(id)
            defer { state.sleeper = nil }
            return state.sleeper
        }
        sleeper?.resume()
        // Cancelled between the look and the entry: the handler found nothing to take away.
        if Task.isCancelled { leave(id) }
    }

    private func leave(_ id: Int) {
        let continuation = state.withLock { state -> Asker? in
            guard let ticket = state.tickets.removeValue(forKey: id) else { return nil }
            for key in ticket.keys {
                guard var pending = state.pending[key] else { continue }
                pending.wanted.removeAll { $0.ticket == id }
                if pending.wanted.isEmpty, !pending.isRunning {
                    state.pending[key] = nil
                    state.waitingCount -= 1
                } else {
                    state.pending[key] = pending
                }
            }
            return ticket.asker
        }
        continuation?.resume(throwing: CancellationError())
    }

    // MARK: Working

    /// Takes inputs and hands `pass` a batch at a time, until the queue is closed and empty.
    ///
    /// - Parameter pass: gives a result for each input, in their order.
    package func run(_ pass: @Sendable ([Input]) async -> [Result<Output, any Error>]) async {
        while let keys = await next() {
            let inputs = state.withLock { state in keys.compactMap { state.pending[$0]?.input } }
            let results = await pass(inputs)
            deliver(keys, results)
        }
    }

    /// Takes no more inputs; those that wait are still worked off.
    package func close() {
        let sleeper = state.withLock { state in
            state.isClosed = true
            defer { state.sleeper = nil }
            return state.sleeper
        }
        sleeper?.resume()
    }

    /// The next batch; nil when the queue is closed and empty.
    private func next() async -> [Key]? {
        while true {
            await withCheckedContinuation { continuation in
                let isReady = state.withLock { state in
                    guard state.waitingCount == 0, !state.isClosed else { return true }
                    state.sleeper = continuation
                    return false
                }
                if isReady { continuation.resume() }
            }
            let expectsCompany = state.withLock { state in
                state.waitingCount > 0 && state.waitingCount < limits.largestBatch && !state.isClosed
                    && state.lastBatchHadCompany && .now - state.lastBatchEnd < .milliseconds(20)
            }
            if expectsCompany { try? await Task.sleep(for: limits.longestWait) }
            let (batch, isOver) = state.withLock { state in
                (take(&state), state.isClosed && state.pending.isEmpty)
            }
            if !batch.isEmpty { return batch }
            if isOver { return nil }
        }
    }

    private func take(_ state: inout State) -> [Key] {
        var batch: [Key] = []
        var spent = 0
        let now = ContinuousClock.now
        let turn = max(1, limits.largestBatch / 2)
        while batch.count < limits.largestBatch, let id = state.line.popFirst() {
            let isCut = batch.count + turn > limits.largestBatch
            let end = min(batch.count + turn, limits.largestBatch)
            while batch.count < end, let key = nextKey(of: id, &state), let pending = state.pending[key] {
                let (sum, overflow) = spent.addingReportingOverflow(cost(pending.input))
                guard batch.isEmpty || (!overflow && sum <= limits.largestCost) else {
                    // It is the first of the next pass.
                    state.tickets[id]?.turns -= 1
                    state.line.prepend(id)
                    return noted(batch, &state)
                }
                spent = overflow ? .max : sum
                state.pending[key]?.isRunning = true
                state.waitingCount -= 1
                onWait(now - pending.arrived)
                batch.append(key)
            }
            guard batch.count == end else { continue }
            // A turn that the pass has no room for is the first of the next one.
            if isCut { state.line.prepend(id) } else { state.line.append(id) }
        }
        return noted(batch, &state)
    }

    private func noted(_ batch: [Key], _ state: inout State) -> [Key] {
        guard !batch.isEmpty else { return batch }
        state.counts.batches += 1
        state.counts.inputs += batch.count
        state.batchBegin = .now
        return batch
    }

    /// The next of a request's keys that no pass has taken yet.
    private func nextKey(of id: Int, _ state: inout State) -> Key? {
        guard let keys = state.tickets[id]?.keys, var turns = state.tickets[id]?.turns else { return nil }
        defer { state.tickets[id]?.turns = turns }
        while turns < keys.count {
            turns += 1
            if let pending = state.pending[keys[turns - 1]], !pending.isRunning { return keys[turns - 1] }
        }
        return nil
    }

    private func deliver(_ keys: [Key], _ results: [Result<Output, any Error>]) {
        let finished = state.withLock { state -> [Ticket] in
            var finished: [Ticket] = []
            state.lastBatchHadCompany = keys.count > 1
            state.lastBatchEnd = .now
            let each = (state.lastBatchEnd - state.batchBegin).inSeconds / Double(max(1, keys.count))
            state.secondsEach = state.secondsEach == 0 ? each : 0.8 * state.secondsEach + 0.2 * each
            for (index, key) in keys.enumerated() {
                guard let pending = state.pending.removeValue(forKey: key) else { continue }
                let result = index < results.count ? results[index] : .failure(QueueError.closed)
                if case .success(let value) = result { state.kept.keep(value, for: key) }
                for (id, position) in pending.wanted {
                    state.tickets[id]?.results[position] = result
                    state.tickets[id]?.missing -= 1
                    guard state.tickets[id]?.missing == 0, let ticket = state.tickets.removeValue(forKey: id) else {
                        continue
                    }
                    finished.append(ticket)
                }
            }
            return finished
        }
        for ticket in finished { ticket.asker.resume(returning: ticket.results.compactMap { $0 }) }
    }
}

/// Why a queue takes nothing more.
package enum QueueError: Error {
    /// Too much waits already, work for about so many seconds.
    case full(waiting: Int, seconds: Double)
    /// The server is going down.
    case closed
}
