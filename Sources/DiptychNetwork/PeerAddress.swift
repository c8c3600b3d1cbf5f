#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// The address that a socket is about to be connected to.
package struct PeerAddress: Sendable, CustomStringConvertible {
    /// In network byte order: 4 bytes of IPv4 or 16 of IPv6; none for any other family.
    package let bytes: [UInt8]

    init(_ address: UnsafePointer<sockaddr>) {
        let raw = UnsafeRawPointer(address)
        bytes =
            switch Int32(address.pointee.sa_family) {
            case AF_INET: withUnsafeBytes(of: raw.loadUnaligned(as: sockaddr_in.self).sin_addr) { Array($0) }
            case AF_INET6: withUnsafeBytes(of: raw.loadUnaligned(as: sockaddr_in6.self).sin6_addr) { Array($0) }
            default: []
            }
    }

    /// The address as text, for messages.
    package var description: String {
        switch bytes.count {
        case 4: bytes.map(String.init).joined(separator: ".")
        case 16:
            stride(from: 0, to: 16, by: 2)
                .map { String(Int(bytes[$0]) << 8 | Int(bytes[$0 + 1]), radix: 16) }.joined(separator: ":")
        default: "an address that is neither IPv4 nor IPv6"
        }
    }
}
