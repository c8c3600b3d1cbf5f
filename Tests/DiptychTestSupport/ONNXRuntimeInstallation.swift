import DiptychONNXRuntime

/// ONNX Runtime of this machine.
package enum ONNXRuntimeInstallation {
    /// Whether its library is found; `Scripts/onnxruntime` fetches one.
    package static let isPresent: Bool = (try? ONNXRuntime.load()) != nil
}
