internal import Crypto
internal import DiptychModels
internal import DiptychTensors
internal import Foundation
internal import Synchronization

/// Computes a model's fingerprint once, in the background of whoever asks first.
actor FingerprintCache {
    private var known: String?

    func value(of model: CLIPModel) -> String {
        if let known { return known }
        let made = Self.compute(model.configuration, model.checkpoint, threads: model.options.threadCount)
        known = made
        return made
    }

    /// SHA-256 over the configuration and, in the order of names, each parameter's name, type, shape and SHA-256.
    private static func compute(
        _ configuration: CLIPConfiguration, _ checkpoint: Checkpoint, threads: Int
    ) -> String {
        let views = checkpoint.tensors.values.filter { !CLIPConfiguration.isNoParameter($0.name) }.sorted {
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
        let text = (facts(configuration) + lines).joined(separator: "\n")
        return SHA256.hash(data: Data(text.utf8)).map { String(format: "%02x", $0) }.joined()
    }

    /// What the tensors' shapes do not say and still changes embeddings.
    private static func facts(_ configuration: CLIPConfiguration) -> [String] {
        let (text, vision) = (configuration.text, configuration.vision)
        return [
            configuration.family.rawValue,
            "text heads=\(text.heads) activation=\(text.activation.rawValue) epsilon=\(text.epsilon) end=\(text.endID)",
            "vision heads=\(vision.heads) activation=\(vision.activation.rawValue) epsilon=\(vision.epsilon)",
            "image=\(vision.imageSize) patch=\(vision.patchSize)",
        ]
            // Only where it is not the usual, so that the fingerprints of other models stay what they were.
            + (text.cleaning == .lower ? [] : ["cleaning=\(text.cleaning.rawValue)"])
    }
}
