import ArgumentParser
import DiptychEngine
import DiptychTorch
import Foundation

/// The engine that runs a model: `cpu`, `torch`, `cuda` or `cuda:1`.
enum EngineChoice: ExpressibleByArgument, Equatable, CustomStringConvertible {
    case cpu
    case torch(TorchDevice)

    init?(argument: String) {
        switch argument {
        case "cpu": self = .cpu
        case "torch": self = .torch(.cpu)
        case "cuda": self = .torch(.cuda(0))
        default:
            guard argument.hasPrefix("cuda:"), let index = Int(argument.dropFirst(5)), (0..<128).contains(index),
                argument.dropFirst(5).allSatisfy(\.isNumber)
            else { return nil }
            self = .torch(.cuda(index))
        }
    }

    var description: String {
        switch self {
        case .cpu: "cpu"
        case .torch(.cpu): "torch"
        case .torch(let device): device.description
        }
    }

    /// Whether it computes on this machine's processors.
    var isOnProcessors: Bool { self == .cpu || self == .torch(.cpu) }

    /// Makes the engine.
    ///
    /// - Throws: `EngineError` where the torch engine is not installed, or has no such device.
    func factory() throws -> any EngineFactory {
        switch self {
        case .cpu: CPUFactory()
        case .torch(let device): try TorchFactory(plugin: .load(Self.pluginPath), device: device)
        }
    }

    /// The GPU that ONNX Runtime runs the file at `path` on; nil for the processors.
    ///
    /// - Throws: ``Failure`` for the torch engine, which runs no such files.
    func cudaDeviceForONNX(_ path: String) throws -> Int? {
        switch self {
        case .cpu: nil
        case .torch(.cuda(let index)): index
        case .torch(.cpu): throw Failure("\(path): ONNX Runtime runs it, not torch; give --engine cpu or cuda")
        }
    }

    /// The torch engine's library: `$DIPTYCH_TORCH`, else where `engine build torch` puts it.
    static var pluginPath: String {
        if let path = ProcessInfo.processInfo.environment["DIPTYCH_TORCH"], !path.isEmpty { return path }
        return HubSettings.cacheFolder.appendingPathComponent("torch/\(TorchPlugin.fileName)").path
    }
}
