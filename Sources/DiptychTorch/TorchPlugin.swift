internal import CTorch
internal import DiptychEngine
internal import Foundation

// Sendable: constants, and functions of a library that stays loaded, which any thread may call.
/// The shared library that brings libtorch: compiled where it runs, and loaded when an engine needs it.
///
///     let plugin = try TorchPlugin.load("/home/me/.cache/diptych/torch/libdiptych_torch.so")
///     print(plugin.version, plugin.devices)   // 2.13.0 [cpu, cuda:0]
public struct TorchPlugin: @unchecked Sendable {
    /// The library's file name.
    public static let fileName = "libdiptych_torch.so"

    /// The file that it was loaded from.
    public let path: String
    /// torch's version, such as "2.13.0".
    public let version: String
    /// The devices that torch can compute on: this machine's processors first.
    public let devices: [TorchDevice]
    let functions: diptych_torch_functions

    /// Loads the library at `path`, which stays loaded.
    ///
    /// - Throws: ``EngineError`` where it is missing, does not load, or belongs to another version of this package.
    public static func load(_ path: String) throws -> TorchPlugin {
        guard FileManager.default.fileExists(atPath: path) else {
            throw EngineError("the torch engine is not installed (\(path)); `diptych engine build torch` builds it")
        }
        guard let library = dlopen(path, RTLD_NOW | RTLD_LOCAL) else {
            throw EngineError(
                "\(path): cannot be loaded: \(reason()); `diptych engine build torch` builds it for the libtorch here")
        }
        typealias Entry = @convention(c) () -> UnsafePointer<diptych_torch_functions>
        guard let symbol = dlsym(library, "diptych_torch_plugin") else {
            throw EngineError("\(path): is not a torch engine; `diptych engine build torch` builds one")
        }
        let table = unsafeBitCast(symbol, to: Entry.self)()
        // The first member of every version's table: nothing else is read of another's.
        let interface = UnsafeRawPointer(table).load(as: Int32.self)
        guard interface == DIPTYCH_TORCH_INTERFACE else {
            throw EngineError(
                "\(path): was built for another version of Diptych (interface \(interface), this is "
                    + "\(DIPTYCH_TORCH_INTERFACE)); run `diptych engine build torch` again")
        }
        return TorchPlugin(path: path, functions: table.pointee)
    }

    private init(path: String, functions: diptych_torch_functions) {
        self.path = path
        self.functions = functions
        version = String(cString: functions.version)
        devices = [.cpu] + (0..<max(0, Int(functions.cuda_devices()))).map { .cuda($0) }
    }

    /// What the last failed call of this thread says.
    var lastError: EngineError { EngineError("torch: " + String(cString: functions.last_error())) }

    private static func reason() -> String {
        guard let text = dlerror() else { return "unknown reason" }
        return String(cString: text).split(separator: "\n").first.map(String.init) ?? "unknown reason"
    }
}

/// Where torch computes.
public enum TorchDevice: Sendable, Hashable, CustomStringConvertible {
    /// This machine's processors.
    case cpu
    /// A CUDA device by its number.
    case cuda(Int)

    /// "cpu", or "cuda:0".
    public var description: String {
        switch self {
        case .cpu: "cpu"
        case .cuda(let index): "cuda:\(index)"
        }
    }

    /// The plug-in's number for it.
    var number: Int32 {
        switch self {
        case .cpu: -1
        case .cuda(let index): Int32(clamping: index)
        }
    }
}
