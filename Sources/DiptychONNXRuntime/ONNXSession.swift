internal import CONNXRuntime
internal import DiptychCheckpoints
internal import Foundation

/// Element types by ONNX's numbers.
private enum Element {
    static let float = Int32(DIPTYCH_ONNX_FLOAT)
    static let int32 = Int32(DIPTYCH_ONNX_INT32)
    static let int64 = Int32(DIPTYCH_ONNX_INT64)
    static let half = Int32(DIPTYCH_ONNX_FLOAT16)
}

/// The numbers of a tensor and its extents.
public struct ONNXTensor: Sendable, Equatable {
    /// The numbers, row by row.
    public var values: [Float]
    /// The extents.
    public var shape: [Int]

    /// Joins both.
    public init(values: [Float], shape: [Int]) {
        self.values = values
        self.shape = shape
    }
}

// Sendable: the library's sessions may be used from any thread, and nothing here changes.
/// An ONNX file that ONNX Runtime has opened.
///
/// ```swift
/// let session = try ONNXSession(path: "exported/clip.img.fp32.onnx", threads: 2)
/// let features = try session.run(pixels, shape: [6, 3, 224, 224])
/// ```
public final class ONNXSession: @unchecked Sendable {
    /// An input or output.
    public struct Port: Sendable, Equatable {
        /// Its name.
        public let name: String
        /// Its extents; nil where the file leaves one open.
        public let shape: [Int?]
        let type: Int32
    }

    /// The file.
    public let path: String
    /// The inputs, in the file's order.
    public let inputs: [Port]
    /// The outputs, in the file's order.
    public let outputs: [Port]
    private let session: OpaquePointer

    /// Opens a file, with the files of weights beside it that it names.
    ///
    /// - Parameters:
    ///   - threads: that an operation may use, at least 1.
    ///   - cudaDevice: the number of the GPU that computes; nil for the processors.
    /// - Throws: ``ONNXRuntimeError`` where the library is missing or refuses the file.
    public init(path: String, threads: Int, cudaDevice: Int? = nil) throws(ONNXRuntimeError) {
        try ONNXRuntime.load()
        guard FileManager.default.isReadableFile(atPath: path) else {
            throw ONNXRuntimeError("\(path): is missing or cannot be read")
        }
        var reason = diptych_onnx_reason()
        let device = cudaDevice.map { Int32(clamping: $0) } ?? -1
        guard let session = diptych_onnx_open(path, Int32(clamping: max(1, threads)), device, &reason) else {
            let advice = device < 0 ? "" : "; CUDA needs onnxruntime-gpu and NVIDIA's libraries, or omit --engine"
            throw ONNXRuntimeError("\(path): ONNX Runtime refuses it: \(ONNXRuntime.text(of: reason))\(advice)")
        }
        do {
            inputs = try Self.ports(session, 0, path)
            outputs = try Self.ports(session, 1, path)
        } catch {
            diptych_onnx_close(session)
            throw error
        }
        self.path = path
        self.session = session
    }

    deinit { diptych_onnx_close(session) }

    private final class Ports {
        var list: [Port] = []
    }

    private static func ports(
        _ session: OpaquePointer, _ outputs: Int32, _ path: String
    ) throws(ONNXRuntimeError) -> [Port] {
        let found = Ports()
        var reason = diptych_onnx_reason()
        let status = diptych_onnx_ports(
            session, outputs, Unmanaged.passUnretained(found).toOpaque(),
            { context, name, type, extents, rank, _ in
                guard let name else { return }
                let shape = (0..<rank).map { extents[$0] < 0 ? nil : Int(extents[$0]) }
                Unmanaged<Ports>.fromOpaque(context).takeUnretainedValue().list
                    .append(Port(name: String(cString: name), shape: shape, type: type))
            }, &reason)
        guard status == 0 else { throw ONNXRuntimeError("\(path): \(ONNXRuntime.text(of: reason))") }
        return found.list
    }

    /// What the file says of itself under `key`; nil where it says nothing.
    public func fact(_ key: String) -> String? {
        guard let text = diptych_onnx_fact(session, key) else { return nil }
        defer { free(text) }
        return String(cString: text)
    }

    /// The first output for floats as the first input.
    ///
    /// - Throws: ``ONNXRuntimeError`` where the shape does not fit, or the model computes in no floats.
    public func run(_ values: [Float], shape: [Int]) throws(ONNXRuntimeError) -> ONNXTensor {
        let port = try firstInput(values.count, shape)
        switch port.type {
        case Element.float: return try run(values, Element.float, shape)
        case Element.half: return try run(values.map(\.halfBits), Element.half, shape)
        default: throw ONNXRuntimeError("\(path): its input \(port.name) takes no floats")
        }
    }

    /// The first output for whole numbers as the first input.
    ///
    /// - Throws: ``ONNXRuntimeError`` where the shape does not fit, or the model reads none.
    public func run(_ values: [Int32], shape: [Int]) throws(ONNXRuntimeError) -> ONNXTensor {
        let port = try firstInput(values.count, shape)
        switch port.type {
        case Element.int64: return try run(values.map { Int64($0) }, Element.int64, shape)
        case Element.int32: return try run(values, Element.int32, shape)
        default: throw ONNXRuntimeError("\(path): its input \(port.name) takes no whole numbers")
        }
    }

    private func firstInput(_ count: Int, _ shape: [Int]) throws(ONNXRuntimeError) -> Port {
        guard let port = inputs.first, inputs.count == 1, !outputs.isEmpty else {
            throw ONNXRuntimeError(
                "\(path): has \(inputs.count) inputs and \(outputs.count) outputs; one of each is read")
        }
        var product = 1
        for extent in shape {
            let (next, isTooMuch) = product.multipliedReportingOverflow(by: extent)
            guard extent > 0, !isTooMuch else {
                throw ONNXRuntimeError("\(path): a tensor of shape \(shape) cannot be")
            }
            product = next
        }
        guard product == count, shape.count <= Int(DIPTYCH_ONNX_RANK) else {
            throw ONNXRuntimeError("\(path): \(count) numbers do not fill a tensor of shape \(shape)")
        }
        return port
    }

    private final class Result {
        var tensor: ONNXTensor?
    }

    private func run<Number>(
        _ values: [Number], _ type: Int32, _ shape: [Int]
    ) throws(ONNXRuntimeError) -> ONNXTensor {
        let result = Result()
        var reason = diptych_onnx_reason()
        let extents = shape.map { Int64($0) }
        let (input, output) = (inputs[0].name, outputs[0].name)
        let status = values.withUnsafeBytes { bytes -> Int32 in
            guard let start = bytes.baseAddress else { return 1 }
            return diptych_onnx_run(
                session, input, type, start, bytes.count, extents, extents.count, output,
                Unmanaged.passUnretained(result).toOpaque(), Self.take, &reason)
        }
        guard status == 0 else { throw ONNXRuntimeError("\(path): \(ONNXRuntime.text(of: reason))") }
        guard let tensor = result.tensor else { throw ONNXRuntimeError("\(path): its output \(output) is no floats") }
        return tensor
    }

    /// Copies an output to the ``Result`` that `context` is.
    private static let take: diptych_onnx_take = { context, _, type, extents, rank, bytes in
        guard let bytes else { return }
        let shape = (0..<rank).map { Int(extents[$0]) }
        let count = shape.reduce(1, *)
        var values: [Float]?
        if type == Element.float {
            values = Array(UnsafeBufferPointer(start: bytes.assumingMemoryBound(to: Float.self), count: count))
        } else if type == Element.half {
            values = UnsafeBufferPointer(start: bytes.assumingMemoryBound(to: UInt16.self), count: count)
                .map { Float(halfBits: $0) }
        }
        Unmanaged<Result>.fromOpaque(context).takeUnretainedValue().tensor =
            values.map { ONNXTensor(values: $0, shape: shape) }
    }
}
