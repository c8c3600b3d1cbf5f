internal import Crypto
internal import DiptychModels
internal import DiptychTensors
internal import Foundation
internal import Synchronization

/// Computes a model's fingerprint once, on a thread for it: it reads the whole checkpoint.
actor FingerprintCache {
    private var task: Task<String, Never>?

    func value(of definition: any ModelDefinition, _ checkpoint: Checkpoint, threads: Int) async -> String {
        if let task { return await task.value }
        let made = Task {
            await withCheckedContinuation { continuation in
                Self.threads.run {
                    continuation.resume(returning: Self.compute(definition, checkpoint, threads: threads))
                }
            }
        }
        task = made
        return await made.value
    }

    private static let threads = WorkerThreads(name: "diptych-hash", most: 4)

    /// SHA-256 over the configuration and, in the order of names, each parameter's name, type, shape and SHA-256.
    private static func compute(
        _ definition: any ModelDefinition, _ checkpoint: Checkpoint, threads: Int
    ) -> String {
        let views = checkpoint.tensors.values.filter { !definition.isNoParameter($0.name) }.sorted {
            $0.name < $1.name
        }
        var lines = [String](repeating: "", count: views.count)
        lines.withUnsafeMutableBufferPointer { buffer in
            // Each iteration writes its own element only.
            nonisolated(unsafe) let lines = buffer
            let next = Atomic(0)
            // One iteration a thread, each taking the next tensor until none is left.
            DispatchQueue.concurrentPerform(iterations: max(1, min(threads, views.count))) { _ in
                while true {
                    let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
                    guard index < views.count else { return }
                    let view = views[index]
                    let digest = SHA256.hash(data: view.bytes).map { String(format: "%02x", $0) }.joined()
                    view.releasePages()
                    lines[index] = "\(view.name) \(view.elementType.rawValue) \(view.shape) \(digest)"
                }
            }
        }
        let text = (definition.fingerprintFacts + lines).joined(separator: "\n")
        return SHA256.hash(data: Data(text.utf8)).map { String(format: "%02x", $0) }.joined()
    }
}
