import DiptychTorch
import Foundation

/// The torch engine of this machine.
package enum TorchInstallation {
    /// Where `make torch` puts the library, or where the environment says.
    package static let path: String = {
        let environment = ProcessInfo.processInfo.environment
        if let path = environment["DIPTYCH_TORCH"], !path.isEmpty { return path }
        let cache = environment["XDG_CACHE_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
        return "\(cache ?? NSHomeDirectory() + "/.cache")/diptych/torch/\(TorchPlugin.fileName)"
    }()

    /// Whether it is there: one that another version of the package left behind is not, unless the environment names it.
    package static let isPresent: Bool = {
        guard FileManager.default.fileExists(atPath: path) else { return false }
        let isNamed = !(ProcessInfo.processInfo.environment["DIPTYCH_TORCH"] ?? "").isEmpty
        return isNamed || (try? TorchPlugin.load(path)) != nil
    }()
}
