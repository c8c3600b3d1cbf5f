internal import Foundation

/// A safetensors file taken apart, so that tests can put it together wrongly.
public struct TensorFile {
    /// One tensor.
    public struct Tensor {
        /// The element type's name in the file.
        public var type: String
        /// The extents.
        public var shape: [Int]
        /// The elements.
        public var bytes: [UInt8]

        /// A tensor.
        public init(type: String, shape: [Int], bytes: [UInt8]) {
            self.type = type
            self.shape = shape
            self.bytes = bytes
        }
    }

    /// The tensors by name.
    public var tensors: [String: Tensor] = [:]

    /// A file of these tensors.
    public init(_ tensors: [String: Tensor] = [:]) { self.tensors = tensors }

    /// Takes apart a well-formed file.
    public init(contentsOf path: String) throws {
        struct Malformed: Error {}
        let data = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        let length = data[..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
        let header = try JSONSerialization.jsonObject(with: Data(data[8..<8 + length])) as? [String: [String: Any]]
        for (name, entry) in header ?? [:] where name != "__metadata__" {
            guard let type = entry["dtype"] as? String, let shape = entry["shape"] as? [Int],
                let range = entry["data_offsets"] as? [Int]
            else { throw Malformed() }
            tensors[name] = Tensor(
                type: type, shape: shape, bytes: Array(data[8 + length + range[0]..<8 + length + range[1]]))
        }
    }

    /// The file's bytes.
    public func bytes() throws -> [UInt8] {
        var header: [String: Any] = [:]
        var body: [UInt8] = []
        for (name, tensor) in tensors.sorted(by: { $0.key < $1.key }) {
            header[name] = [
                "dtype": tensor.type, "shape": tensor.shape,
                "data_offsets": [body.count, body.count + tensor.bytes.count],
            ]
            body += tensor.bytes
        }
        let json = [UInt8](try JSONSerialization.data(withJSONObject: header))
        return withUnsafeBytes(of: UInt64(json.count).littleEndian) { Array($0) } + json + body
    }
}
