/// The parts of `http` and `https` URLs that decisions depend on.
struct WebAddress: Equatable {
    let scheme: String
    /// The host, and the port unless it is the scheme's own, in lower case.
    let authority: String
    /// Everything from the first slash after the host on.
    let path: String

    /// Reads a URL; nil when it is not `http` or `https`, names no host, or has a user name in it.
    init?(_ url: String) {
        guard let separator = url.firstRange(of: "://"), url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            return nil
        }
        scheme = url[..<separator.lowerBound].lowercased()
        guard scheme == "http" || scheme == "https" else { return nil }
        let rest = url[separator.upperBound...]
        let end = rest.firstIndex { "/?#\\".contains($0) } ?? rest.endIndex
        var authority = rest[..<end].lowercased()
        guard let first = authority.first, first != ":", !authority.contains("@") else { return nil }
        let port = scheme == "http" ? ":80" : ":443"
        if authority.hasSuffix(port) { authority.removeLast(port.count) }
        self.authority = authority
        path = String(rest[end...])
    }

    /// Scheme and host: what a token belongs to.
    var origin: String { "\(scheme)://\(authority)" }

    /// Text as one component of a path.
    static func encoded(_ component: String) -> String {
        component.utf8.map { byte -> String in
            let isPlain =
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || "-._~".utf8.contains(byte)
            let digits = String(byte, radix: 16, uppercase: true)
            return isPlain ? String(UnicodeScalar(byte)) : "%" + (digits.count < 2 ? "0" : "") + digits
        }.joined()
    }
}
