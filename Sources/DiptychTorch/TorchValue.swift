internal import CTorch
internal import DiptychEngine

/// A tensor of libtorch's, freed with the last reference.
public final class TorchValue {
    /// Swift may free an object after its last use, which can be the reading of this: only ``TorchPlugin/make(_:body:)`` and those
    /// below it read it, and keep the object until the call is over.
    fileprivate let handle: OpaquePointer
    private let plugin: TorchPlugin

    /// Takes what a function of the plug-in made.
    fileprivate init(_ plugin: TorchPlugin, _ made: OpaquePointer) {
        handle = made
        self.plugin = plugin
    }

    deinit { plugin.functions.release(handle) }
}

/// A tensor, or none where a function takes NULL.
protocol TorchInput {
    /// How the function takes it.
    associatedtype Pointer
    /// Valid while the value lives.
    var pointer: Pointer { get }
}

extension TorchValue: TorchInput {
    var pointer: OpaquePointer { handle }
}

extension TorchValue? {
    fileprivate var handle: OpaquePointer? { map(\.handle) }
}

extension Optional: TorchInput where Wrapped == TorchValue {
    var pointer: OpaquePointer? { handle }
}

extension TorchPlugin {
    /// The tensor that `body` makes of the plug-in's functions and the pointers of `inputs`.
    ///
    /// - Throws: ``EngineError`` with the plug-in's reason where it made nothing.
    func make<each Input: TorchInput>(
        _ inputs: repeat each Input,
        body: (diptych_torch_functions, repeat (each Input).Pointer) -> OpaquePointer?
    ) throws -> TorchValue {
        try withExtendedLifetime((repeat each inputs)) {
            guard let made = body(functions, repeat (each inputs).pointer) else { throw lastError }
            return TorchValue(self, made)
        }
    }

    /// Runs a function that returns 0 where it succeeds.
    ///
    /// - Throws: ``EngineError`` with the plug-in's reason where it does not.
    func run(_ x: TorchValue, body: (diptych_torch_functions, OpaquePointer) -> Int32) throws {
        try withExtendedLifetime(x) {
            guard body(functions, x.handle) == 0 else { throw lastError }
        }
    }

    /// The tensors side by side along their first extent.
    func joined(_ parts: [TorchValue]) throws -> TorchValue {
        if parts.count == 1, let only = parts.first { return only }
        return try withExtendedLifetime(parts) {
            let handles = parts.map(\.handle)
            guard let made = functions.joined(handles, Int32(clamping: handles.count)) else { throw lastError }
            return TorchValue(self, made)
        }
    }

    /// A tensor of `values`, which fill `shape`.
    func tensor(_ values: [Float], shape: [Int], device: TorchDevice, type: Int32) throws -> TorchValue {
        precondition(values.count == shape.reduce(1, *), "values do not fill \(shape)")
        return try make { functions in
            functions.from_floats(
                values, shape.map(Int64.init), Int32(clamping: shape.count), device.number, type)
        }
    }

    /// A tensor of `values`, which fill `shape`.
    func tensor(_ values: [Double], shape: [Int], device: TorchDevice, type: Int32) throws -> TorchValue {
        precondition(values.count == shape.reduce(1, *), "values do not fill \(shape)")
        return try make { functions in
            functions.from_doubles(
                values, shape.map(Int64.init), Int32(clamping: shape.count), device.number, type)
        }
    }

    /// A tensor of row numbers or ids.
    func indices(_ values: [Int], device: TorchDevice) throws -> TorchValue {
        try make { $0.from_indices(values.map(Int64.init), Int64(values.count), device.number) }
    }

    /// The numbers of a tensor of `count`.
    func floats(of x: TorchValue, count: Int) throws -> [Float] {
        var values = [Float](repeating: 0, count: count)
        try run(x) { functions, x in
            values.withUnsafeMutableBufferPointer { buffer in
                guard let base = buffer.baseAddress else { return 0 }
                return functions.copy_floats(x, base, Int64(count))
            }
        }
        return values
    }

    /// The numbers of a tensor of `count`, none of which is rounded.
    func doubles(of x: TorchValue, count: Int) throws -> [Double] {
        var values = [Double](repeating: 0, count: count)
        try run(x) { functions, x in
            values.withUnsafeMutableBufferPointer { buffer in
                guard let base = buffer.baseAddress else { return 0 }
                return functions.copy_doubles(x, base, Int64(count))
            }
        }
        return values
    }

    /// The result of `body`, which is called again for gradients.
    func recomputed(_ x: TorchValue, _ body: @escaping (TorchValue) throws -> TorchValue) throws -> TorchValue {
        let repeated = RepeatedBody(plugin: self, body)
        do {
            return try make(x) { functions, x in
                functions.recomputed(
                    x, { context, x in RepeatedBody.run(context, x) }, Unmanaged.passRetained(repeated).toOpaque(),
                    { Unmanaged<RepeatedBody>.fromOpaque($0).release() })
            }
        } catch {
            throw repeated.failure ?? error
        }
    }

    /// Calls `body` with each leaf's pointer.
    func withPointers<Result>(_ values: [TorchValue], _ body: ([OpaquePointer]) -> Result) -> Result {
        withExtendedLifetime(values) { body(values.map(\.handle)) }
    }
}

/// What the plug-in calls back.
private final class RepeatedBody {
    private let plugin: TorchPlugin
    private let body: (TorchValue) throws -> TorchValue
    /// Why the last call failed.
    private(set) var failure: (any Error)?

    init(plugin: TorchPlugin, _ body: @escaping (TorchValue) throws -> TorchValue) {
        self.plugin = plugin
        self.body = body
    }

    /// Gives `body` a tensor like `x`, and the plug-in a tensor like the result.
    static func run(_ context: UnsafeMutableRawPointer, _ x: OpaquePointer) -> OpaquePointer? {
        let own = Unmanaged<RepeatedBody>.fromOpaque(context).takeUnretainedValue()
        do {
            guard let input = own.plugin.functions.shared(x) else { return nil }
            let result = try own.body(TorchValue(own.plugin, input))
            return withExtendedLifetime(result) { own.plugin.functions.shared(result.handle) }
        } catch {
            own.failure = error
            return nil
        }
    }
}

extension Precision {
    /// The plug-in's number for the type of operands.
    var number: Int32 { Int32(self == .bf16 ? DIPTYCH_TORCH_BF16 : DIPTYCH_TORCH_F32) }
}

extension Activation? {
    /// The plug-in's number for it.
    var number: Int32 {
        switch self {
        case nil: Int32(DIPTYCH_TORCH_IDENTITY)
        case .quickGELU: Int32(DIPTYCH_TORCH_QUICK_GELU)
        case .gelu: Int32(DIPTYCH_TORCH_GELU)
        case .geluTanh: Int32(DIPTYCH_TORCH_GELU_TANH)
        case .relu: Int32(DIPTYCH_TORCH_RELU)
        }
    }
}
