internal import Crypto
public import Foundation

/// The SHA-256 of an image's bytes.
public struct ContentHash: Sendable, Hashable {
    /// 32 bytes.
    public let bytes: Data

    /// The hash of an image's bytes.
    public init(of image: some DataProtocol) { bytes = Data(SHA256.hash(data: image)) }

    /// A hash that was computed before; nil where it is not 32 bytes.
    public init?(bytes: Data) {
        guard bytes.count == 32 else { return nil }
        self.bytes = Data(bytes)
    }
}
