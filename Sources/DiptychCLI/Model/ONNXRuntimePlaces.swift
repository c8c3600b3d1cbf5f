import DiptychONNXRuntime
import Foundation

extension ONNXRuntime.Places {
    /// `$DIPTYCH_ONNXRUNTIME`; else what `Scripts/onnxruntime` fetched, and installed Python packages.
    static var usual: Self {
        let environment = ProcessInfo.processInfo.environment
        let cache = environment["XDG_CACHE_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
        var packages = ["\(cache ?? NSHomeDirectory() + "/.cache")/diptych/onnxruntime"]
        let roots = [environment["VIRTUAL_ENV"], NSHomeDirectory() + "/.local", "/usr/local", "/usr"].compactMap { $0 }
        for root in roots where root.hasPrefix("/") {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: root + "/lib")) ?? []
            for name in names.filter({ $0.hasPrefix("python3") }).sorted(by: >) {
                packages += ["site-packages", "dist-packages"].map { "\(root)/lib/\(name)/\($0)" }
            }
        }
        let named = environment["DIPTYCH_ONNXRUNTIME"].flatMap { $0.isEmpty ? nil : $0 }
        return Self(named: named, folders: packages.map { $0 + "/onnxruntime/capi" })
    }
}
