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
    /// Where the library may be, besides where the linker looks.
    public struct Places: Sendable {
        /// The library, or the folder that holds it; nothing else is tried then.
        public var named: String?
        /// Folders that may hold it, the likeliest first.
        public var folders: [String]

        /// Makes places.
        public init(named: String? = nil, folders: [String] = []) { (self.named, self.folders) = (named, folders) }
    }

    private static let state = Mutex((isLoaded: false, places: { @Sendable in Places() }))

    /// Says where the library may be. A program says so before the first file is opened; `places` is called at most once, then.
    public static func look(in places: @escaping @Sendable () -> Places) { state.withLock { $0.places = places } }

    /// Loads the library: the one that ``Places`` names; else what the linker finds; else what is in the folders.
    ///
    /// - Returns: its version.
    /// - Throws: ``ONNXRuntimeError`` that says what to install.
    @discardableResult public static func load() throws(ONNXRuntimeError) -> String {
        try state.withLock { state throws(ONNXRuntimeError) in
            if !state.isLoaded { try search(state.places()) }
            state.isLoaded = true
        }
        return diptych_onnx_version().map { String(cString: $0) } ?? ""
    }

    private static func search(_ places: Places) throws(ONNXRuntimeError) {
        var reason = diptych_onnx_reason()
        if let named = places.named {
            for path in libraries(in: named) + [named] where diptych_onnx_load(path, &reason) == 0 { return }
            throw ONNXRuntimeError(
                "$DIPTYCH_ONNXRUNTIME (\(named)) cannot be loaded: \(text(of: reason)); it names libonnxruntime.so of "
                    + "ONNX Runtime 1.11 or newer, or its folder")
        }
        for name in ["libonnxruntime.so.1", "libonnxruntime.so", "libonnxruntime.dylib"]
        where diptych_onnx_load(name, &reason) == 0 {
            return
        }
        for path in places.folders.flatMap(libraries) where diptych_onnx_load(path, &reason) == 0 { return }
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

    static func text(of reason: diptych_onnx_reason) -> String {
        withUnsafeBytes(of: reason) { bytes in String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
