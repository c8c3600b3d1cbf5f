public import DiptychEngine

/// Makes engines over libtorch on one device.
///
///     options.engine = try TorchFactory(plugin: .load(path), device: .cuda(0))
public struct TorchFactory: EngineFactory {
    private let plugin: TorchPlugin
    private let device: TorchDevice

    /// A factory for `device`.
    ///
    /// - Throws: ``EngineError`` when torch cannot use the device; it names those that it can.
    public init(plugin: TorchPlugin, device: TorchDevice = .cpu) throws {
        try plugin.require(device)
        self.plugin = plugin
        self.device = device
    }

    /// "torch 2.13.0 on cpu".
    public var name: String { "torch \(plugin.version) on \(device)" }

    /// Makes an engine; int8 becomes fp32.
    public func makeEngine(_ settings: EngineSettings) throws -> (engine: TorchEngine, settings: EngineSettings) {
        let engine = try TorchEngine(plugin, device: device, precision: settings.precision, threads: settings.threads)
        return (engine, EngineSettings(precision: engine.precision, threads: engine.threads))
    }

    /// There is no int8.
    public func reasonAgainst(_ precision: Precision) -> String { "the torch engine has no \(precision.rawValue)" }
}

extension TorchPlugin {
    /// - Throws: ``EngineError`` when torch cannot use `device`; it names those that it can.
    func require(_ device: TorchDevice) throws {
        guard !devices.contains(device) else { return }
        let known = devices.map(\.description).joined(separator: ", ")
        throw EngineError("torch \(version) (\(path)) cannot use \(device); its devices here: \(known)")
    }
}
