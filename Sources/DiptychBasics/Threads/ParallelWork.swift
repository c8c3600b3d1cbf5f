internal import Foundation
internal import Synchronization

/// Work that is spread over threads that Swift's tasks do not need.
package struct ParallelWork: Sendable {
    /// The most threads that work at a time.
    package let threads: Int

    private static let workers = WorkerThreads(name: "diptych-parallel", most: 1024)

    /// - Parameter threads: without it, one a processor that this process may use.
    package init(threads: Int? = nil) {
        let processors = max(1, ProcessInfo.processInfo.activeProcessorCount)
        self.threads = min(max(1, threads ?? processors), 4 * processors)
    }

    /// Calls `body` for each index below `count`, on several threads, and waits for all on the calling one.
    ///
    /// - Parameter body: is given the index and the number of its thread, from 0.
    package func each(_ count: Int, _ body: @escaping @Sendable (_ index: Int, _ thread: Int) -> Void) {
        let workers = min(threads, count)
        guard workers > 1 else {
            for index in 0..<count { body(index, 0) }
            return
        }
        let next = Counter()
        let group = DispatchGroup()
        for thread in 0..<workers {
            group.enter()
            Self.workers.run {
                while case let index = next.take(), index < count { body(index, thread) }
                group.leave()
            }
        }
        group.wait()
    }

    /// What `body` gives for each element, in their order.
    package func map<Element: Sendable, Result: Sendable>(
        _ elements: [Element], _ body: @escaping @Sendable (Element) -> Result
    ) -> [Result] {
        let results = Mutex([Result?](repeating: nil, count: elements.count))
        each(elements.count) { index, _ in
            let result = body(elements[index])
            results.withLock { $0[index] = result }
        }
        return results.withLock { $0.compactMap { $0 } }
    }

    private final class Counter: Sendable {
        private let value = Atomic(0)
        func take() -> Int { value.wrappingAdd(1, ordering: .relaxed).oldValue }
    }
}
