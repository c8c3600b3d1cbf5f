internal import Crypto
internal import DiptychBasics
internal import DiptychModels
internal import DiptychCheckpoints
internal import Foundation
internal import Synchronization

/// Computes a model's fingerprint once, on a thread for it: it reads the whole checkpoint.
actor FingerprintCache {
    private var making: Task<String, Never>?

    func value(of definition: any ModelDefinition, _ checkpoint: Checkpoint, threads: Int) async -> String {
        let task = making ?? Task { await Self.compute(definition, checkpoint, threads: threads) }
        making = task
        return await task.value
    }

    /// The next tensor that no thread has taken.
    private final class Turn: Sendable {
        let next = Atomic(0)
    }

    /// SHA-256 over the configuration and, in the order of names, each parameter's name, type, shape and SHA-256.
    private static func compute(
        _ definition: any ModelDefinition, _ checkpoint: Checkpoint, threads: Int
    ) async -> String {
        let views = checkpoint.tensors.values.filter { !definition.isNoParameter($0.name) }.sorted {
            $0.name < $1.name
        }
        let turn = Turn()
        let parts = await withTaskGroup(of: [(Int, String)].self) { group in
            for _ in 0..<max(1, min(threads, views.count)) {
                group.addTask {
                    await WorkerThreads.shared.result {
                        var lines: [(Int, String)] = []
                        while true {
                            let index = turn.next.wrappingAdd(1, ordering: .relaxed).oldValue
                            guard index < views.count else { return lines }
                            let view = views[index]
                            let digest = SHA256.hash(data: view.bytes).map { String(format: "%02x", $0) }.joined()
                            view.releasePages()
                            lines.append((index, "\(view.name) \(view.elementType.rawValue) \(view.shape) \(digest)"))
                        }
                    }
                }
            }
            return await group.reduce(into: []) { $0 += $1 }
        }
        let lines = parts.sorted { $0.0 < $1.0 }.map(\.1)
        let text = (definition.fingerprintFacts + lines).joined(separator: "\n")
        return SHA256.hash(data: Data(text.utf8)).map { String(format: "%02x", $0) }.joined()
    }
}
