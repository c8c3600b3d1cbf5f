/// Which addresses may be fetched from. A server that fetches what strangers name must not become their way into the
/// network that it stands in.
public enum AddressPolicy: String, Sendable, Hashable, Codable {
    /// Addresses of the public internet only.
    case publicOnly
    /// Public addresses and this machine itself.
    case publicAndLoopback
    /// Every address, private networks and cloud metadata services included.
    case everywhere

    /// An address in network byte order: 4 bytes of IPv4 or 16 of IPv6; any other number of bytes is no public address.
    package func allows(_ address: [UInt8]) -> Bool {
        switch self {
        case .everywhere: true
        case .publicAndLoopback: Self.isPublic(address) || Self.isLoopback(address)
        case .publicOnly: Self.isPublic(address)
        }
    }

    private static func isLoopback(_ address: [UInt8]) -> Bool {
        address.count == 4 ? address[0] == 127 : address == Array(repeating: 0, count: 15) + [1]
    }

    /// Whether the address is globally reachable by IANA's registries of special-purpose addresses.
    private static func isPublic(_ address: [UInt8]) -> Bool {
        let blocks = address.count == 4 ? specialIPv4 : specialIPv6
        guard address.count == 4 || (address.count == 16 && matches(address, [0x20], bits: 3)) else { return false }
        return !blocks.contains { matches(address, $0.prefix, bits: $0.bits) }
    }

    private static let specialIPv4: [(prefix: [UInt8], bits: Int)] = [
        ([0], 8),  // this network
        ([10], 8), ([172, 16], 12), ([192, 168], 16),  // private networks
        ([100, 64], 10),  // shared by carriers
        ([127], 8),  // loopback
        ([169, 254], 16),  // link-local, where clouds answer with credentials
        ([192, 0, 0], 24), ([192, 0, 2], 24), ([192, 88, 99], 24), ([198, 18], 15), ([198, 51, 100], 24),
        ([203, 0, 113], 24),  // protocols, examples, benchmarks
        ([224], 4), ([240], 4),  // multicast, reserved, broadcast
    ]

    /// Within 2000::/3. All else is not public: loopback, mapped and translated IPv4, local and multicast.
    private static let specialIPv6: [(prefix: [UInt8], bits: Int)] = [
        ([0x20, 0x01, 0x00], 23),  // protocols, Teredo
        ([0x20, 0x01, 0x0D, 0xB8], 32), ([0x3F, 0xFF, 0x00], 20),  // examples
        ([0x20, 0x02], 16),  // 6to4, which leads to any IPv4
    ]

    private static func matches(_ address: [UInt8], _ prefix: [UInt8], bits: Int) -> Bool {
        (0..<bits).allSatisfy { bit in
            let wanted = bit / 8 < prefix.count ? prefix[bit / 8] : 0
            return (address[bit / 8] ^ wanted) & (0x80 >> (bit % 8)) == 0
        }
    }
}
