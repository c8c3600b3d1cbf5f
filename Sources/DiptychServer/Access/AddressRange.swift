internal import Foundation

/// An address, or all that begin with the same bits.
public struct AddressRange: Sendable, Hashable {
    private let bytes: [UInt8]
    private let bits: Int

    /// Reads `192.0.2.1`, `2001:db8::1`, or the same with a slash and a number of bits behind it: `10.0.0.0/8`; nil for
    /// anything else.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, !text.contains("%"), let address = Self.address(String(parts[0])) else { return nil }
        bytes = address
        guard parts.count == 2 else {
            bits = 8 * address.count
            return
        }
        // An IPv4 address that is written as one of IPv6 has 96 bits before its own.
        let isWritten = parts[0].contains(":") && address.count == 4
        guard parts[1].utf8.allSatisfy({ (48...57).contains($0) }), let count = Int(parts[1]), count <= 128 else {
            return nil
        }
        let own = isWritten ? count - 96 : count
        guard (0...8 * address.count).contains(own) else { return nil }
        bits = own
    }

    /// Whether an address, of 4 or 16 bytes, is one of these.
    func contains(_ address: [UInt8]) -> Bool {
        guard address.count == bytes.count else { return false }
        let whole = bits / 8, rest = bits % 8
        guard address[..<whole] == bytes[..<whole] else { return false }
        return rest == 0 || (address[whole] ^ bytes[whole]) >> (8 - rest) == 0
    }

    /// The bytes of an address without brackets and port; nil for anything else.
    static func address(_ text: String) -> [UInt8]? {
        // What stands behind a percent sign is an interface of this machine.
        let plain = text.prefix { $0 != "%" }
        guard !plain.contains("["), !plain.contains("]") else { return nil }
        return Authority(plain.contains(":") ? "[\(plain)]" : String(plain))?.address
    }
}
