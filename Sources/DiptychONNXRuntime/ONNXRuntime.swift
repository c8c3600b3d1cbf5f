internal import CONNXRuntime
internal import Foundation
internal import Synchronization

/// Why ONNX Runtime, or a file in it, does not work, in one line.
public struct ONNXRuntimeError: Error, Equatable, CustomStringConvertible {
    /// What was wrong, and what to do.
    public let description: String

    /// - Parameter description: what was wrong, and what to do.
    public init(_ description: String) { self.description = description }
}

/// ONNX Runtime's C library, which is looked for and loaded once, when the first file is opened, and stays loaded.
///
///     print(try ONNXRuntime.load())   // 1.31.1
public enum ONNXRuntime {
    private static let loaded = Mutex(false)

    /// Loads the library: `$DIPTYCH_ONNXRUNTIME`, a file or a folder that holds it; else what the linker finds; else what
    /// `Scripts/onnxruntime` fetched; else that of an installed Python package.
    ///
    /// - Returns: its version.
    /// - Throws: ``ONNXRuntimeError`` that says what to install.
    @discardableResult public static func load() throws(ONNXRuntimeError) -> String {
        try loaded.withLock { isLoaded throws(ONNXRuntimeError) in
            if !isLoaded { try search() }
            isLoaded = true
        }
        return diptych_onnx_version().map { String(cString: $0) } ?? ""
    }

    private static func search() throws(ONNXRuntimeError) {
        let environment = ProcessInfo.processInfo.environment
        var reason = diptych_onnx_reason()
        if let named = environment["DIPTYCH_ONNXRUNTIME"], !named.isEmpty {
            for path in libraries(in: named) + [named] where diptych_onnx_load(path, &reason) == 0 { return }
            throw ONNXRuntimeError(
                "$DIPTYCH_ONNXRUNTIME (\(named)) cannot be loaded: \(text(of: reason)); it names libonnxruntime.so of "
                    + "ONNX Runtime 1.11 or newer, or its folder")
        }
        for name in ["libonnxruntime.so.1", "libonnxruntime.so", "libonnxruntime.dylib"]
        where diptych_onnx_load(name, &reason) == 0 {
            return
        }
        for path in folders(environment).flatMap(libraries) where diptych_onnx_load(path, &reason) == 0 { return }
        throw ONNXRuntimeError(
            "ONNX files need ONNX Runtime, which is not installed: pip install onnxruntime, or set DIPTYCH_ONNXRUNTIME to its "
                + "libonnxruntime.so")
    }

    /// Files called as the library is, the newest name first.
    private static func libraries(in folder: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { $0.hasPrefix("libonnxruntime.") && !$0.hasSuffix(".a") }.sorted(by: >)
            .map { folder + "/" + $0 }
    }

    /// Where Python packages lie, and what `Scripts/onnxruntime` makes.
    private static func folders(_ environment: [String: String]) -> [String] {
        let cache = environment["XDG_CACHE_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
        var packages = ["\(cache ?? NSHomeDirectory() + "/.cache")/diptych/onnxruntime"]
        let roots = [environment["VIRTUAL_ENV"], NSHomeDirectory() + "/.local", "/usr/local", "/usr"].compactMap { $0 }
        for root in roots where root.hasPrefix("/") {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: root + "/lib")) ?? []
            for name in names.filter({ $0.hasPrefix("python3") }).sorted(by: >) {
                packages += ["site-packages", "dist-packages"].map { "\(root)/lib/\(name)/\($0)" }
            }
        }
        return packages.map { $0 + "/onnxruntime/capi" }
    }

    static func text(of reason: diptych_onnx_reason) -> String {
        withUnsafeBytes(of: reason) { bytes in String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
