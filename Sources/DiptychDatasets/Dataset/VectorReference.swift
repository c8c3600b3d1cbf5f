internal import DiptychCheckpoints

/// Floats that lie in a file: a row of a NumPy matrix, for example. Nothing is read before it is wanted.
public struct VectorReference: Sendable, Hashable, CustomStringConvertible {
    /// How the floats are stored: the lowest byte first.
    public enum Kind: String, Sendable, CaseIterable {
        /// 16 bits.
        case float16 = "f2"
        /// 32 bits.
        case float32 = "f4"
        /// 64 bits, which are rounded to 32.
        case float64 = "f8"

        /// The bytes of one.
        public var size: Int {
            switch self {
            case .float16: 2
            case .float32: 4
            case .float64: 8
            }
        }

        func floats(_ bytes: [UInt8]) -> [Float] {
            bytes.withUnsafeBytes { raw in
                (0..<raw.count / size).map { index in
                    switch self {
                    case .float16:
                        Float(
                            halfBits: UInt16(
                                littleEndian: raw.loadUnaligned(fromByteOffset: index * 2, as: UInt16.self)))
                    case .float32:
                        Float(
                            bitPattern: UInt32(
                                littleEndian: raw.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self)))
                    case .float64:
                        Float(
                            Double(
                                bitPattern: UInt64(
                                    littleEndian: raw.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self))))
                    }
                }
            }
        }
    }

    /// Where they lie.
    public let part: FilePart
    /// How they are stored.
    public let kind: Kind

    /// Names some floats.
    public init(part: FilePart, kind: Kind) { (self.part, self.kind) = (part, kind) }

    /// The file, the place in it and the kind, as in `features.npz#256+2048:f4`.
    public var description: String { "\(part.path)#\(part.offset)+\(part.count):\(kind.rawValue)" }

    /// Reads them.
    ///
    /// - Throws: ``DatasetError`` when the file is gone or has become shorter.
    public func read() throws(DatasetError) -> [Float] { kind.floats(try part.read()) }
}
