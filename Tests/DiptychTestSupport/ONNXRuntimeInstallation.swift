import DiptychONNXRuntime
import Foundation

/// ONNX Runtime of this machine.
package enum ONNXRuntimeInstallation {
    /// Whether its library is found: the one that `$DIPTYCH_ONNXRUNTIME` names, else what `Scripts/onnxruntime` fetched.
    package static let isPresent: Bool = {
        let environment = ProcessInfo.processInfo.environment
        let cache = environment["XDG_CACHE_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
        let fetched = "\(cache ?? NSHomeDirectory() + "/.cache")/diptych/onnxruntime/onnxruntime/capi"
        let named = environment["DIPTYCH_ONNXRUNTIME"].flatMap { $0.isEmpty ? nil : $0 }
        ONNXRuntime.look(in: { ONNXRuntime.Places(named: named, folders: [fetched]) })
        return (try? ONNXRuntime.load()) != nil
    }()
}
