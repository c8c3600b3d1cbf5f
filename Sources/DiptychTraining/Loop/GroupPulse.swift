internal import DiptychTorch
internal import Foundation
internal import Synchronization

/// Says every so often that this process is there, so that the others can name one that is not.
final class GroupPulse: Sendable {
    private let group: TorchGroup
    private let ended = Atomic(false)

    private static let interval = 0.5

    init(_ group: TorchGroup) {
        self.group = group
        let thread = Thread { [group, weak self] in
            var count = 0
            while self.map({ !$0.ended.load(ordering: .relaxed) }) ?? false {
                count += 1
                try? group.tell("pulse/\(group.rank)", count)
                Thread.sleep(forTimeInterval: Self.interval)
            }
        }
        thread.start()
    }

    /// The processes that have not said anything for a while; waits so long.
    func silent() -> [Int] {
        let others = (0..<group.size).filter { $0 != group.rank }
        let before = others.map { group.asked("pulse/\($0)") }
        Thread.sleep(forTimeInterval: 5 * Self.interval)
        let after = others.map { group.asked("pulse/\($0)") }
        // The others look too: they should find this one alive.
        Thread.sleep(forTimeInterval: 5 * Self.interval)
        return zip(others, zip(before, after)).compactMap { rank, counts in
            guard let last = counts.1, let first = counts.0 else { return rank }
            return last > first ? nil : rank
        }
    }

    deinit { ended.store(true, ordering: .relaxed) }
}
