internal import Foundation

/// A host with a port, as the header Host and the end of an origin write them.
struct Authority: Equatable {
    /// A name in small letters, or an address without brackets.
    let host: String
    /// nil where none is written.
    let port: Int?
    /// The address where the host is one: 4 or 16 bytes.
    let address: [UInt8]?

    /// Reads `name`, `name:port`, `192.0.2.1:port` or `[2001:db8::1]:port`; nil for anything else.
    init?(_ text: String) {
        var name = Substring(text), digits: Substring?
        if name.hasPrefix("[") {
            guard let end = name.firstIndex(of: "]") else { return nil }
            let rest = name[name.index(after: end)...]
            guard rest.isEmpty || rest.hasPrefix(":") else { return nil }
            digits = rest.isEmpty ? nil : rest.dropFirst()
            name = name[name.index(after: name.startIndex)..<end]
            guard let bytes = Self.bytes(String(name), AF_INET6) else { return nil }
            address = Self.plain(bytes)
        } else {
            if let colon = name.firstIndex(of: ":") {
                digits = name[name.index(after: colon)...]
                name = name[..<colon]
            }
            // The root of all names may be written, and means the same.
            if name.hasSuffix(".") { name = name.dropLast() }
            guard (1...255).contains(name.utf8.count), name.utf8.allSatisfy(Self.isNamePart) else { return nil }
            address = Self.bytes(String(name), AF_INET)
        }
        host = name.lowercased()
        guard let digits, !digits.isEmpty else {
            port = nil
            return
        }
        guard digits.utf8.count <= 5, digits.utf8.allSatisfy({ (48...57).contains($0) }), let number = Int(digits),
            number <= 65_535
        else { return nil }
        port = number
    }

    /// Whether it is this machine whatever a name server says.
    var isLoopback: Bool {
        guard let address else { return host == "localhost" }
        return address.count == 4 ? address[0] == 127 : address == [UInt8](repeating: 0, count: 15) + [1]
    }

    private static func isNamePart(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    private static func bytes(_ text: String, _ family: Int32) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: family == AF_INET ? 4 : 16)
        return inet_pton(family, text, &bytes) == 1 ? bytes : nil
    }

    /// An IPv4 address that is written as one of IPv6 is the former.
    static func plain(_ bytes: [UInt8]) -> [UInt8] {
        bytes.count == 16 && bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] == 0xFF && bytes[11] == 0xFF
            ? Array(bytes[12...]) : bytes
    }
}

/// Where a page comes from, as browsers say in the header Origin.
struct Origin: Equatable {
    let scheme: String
    let authority: Authority

    /// Reads `https://example.org:8443`; nil for anything else, such as `null`.
    init?(_ text: String) {
        guard let end = text.range(of: "://"), let authority = Authority(String(text[end.upperBound...])) else {
            return nil
        }
        scheme = text[..<end.lowerBound].lowercased()
        guard ["http", "https"].contains(scheme) else { return nil }
        self.authority = authority
    }

    /// The port, which the scheme says where none is written.
    var port: Int { authority.port ?? Self.port(of: scheme) }

    static func port(of scheme: String) -> Int { scheme == "https" ? 443 : 80 }
}

/// The addresses of this machine's network interfaces.
enum OwnAddresses {
    static func all() -> Set<[UInt8]> {
        var first: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&first) == 0 else { return [] }
        defer { freeifaddrs(first) }
        var found: Set<[UInt8]> = []
        var next = first
        while let entry = next?.pointee {
            next = entry.ifa_next
            guard let address = entry.ifa_addr else { continue }
            switch Int32(address.pointee.sa_family) {
            case AF_INET:
                address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { address in
                    _ = found.insert(withUnsafeBytes(of: address.pointee.sin_addr) { Array($0) })
                }
            case AF_INET6:
                address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { address in
                    _ = found.insert(Authority.plain(withUnsafeBytes(of: address.pointee.sin6_addr) { Array($0) }))
                }
            default: continue
            }
        }
        return found
    }
}
