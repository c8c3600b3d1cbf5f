internal import HTTPTypes
internal import Hummingbird

/// Finds out who asks, by what name and over what, where a proxy that was named as trusted passes requests on.
///
/// Of addresses that proxies list, the right-most one that is not a trusted proxy's counts: what stands before it, its client
/// may have made up. From anyone else, the headers mean nothing.
struct ForwardedMiddleware: RouterMiddleware {
    typealias Context = ServerContext

    let trusted: [AddressRange]
    /// Whether this server itself answers over TLS.
    let isEncrypted: Bool

    func handle(
        _ request: Request, context: ServerContext,
        next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        context.isEncrypted = isEncrypted
        let peer = context.channel.remoteAddress?.ipAddress
        context.caller = peer ?? "local"
        if let peer, let address = AddressRange.address(peer), isTrusted(address) {
            let said = Forwarded(request.headers, isTrusted: isTrusted)
            context.isForwardedTwice = said.disagrees
            if let address = said.address { context.caller = address }
            if let scheme = said.scheme { context.isEncrypted = scheme == "https" }
            context.forwardedHost = said.host
        }
        return try await next(request, context)
    }

    private func isTrusted(_ address: [UInt8]) -> Bool { trusted.contains { $0.contains(address) } }
}

/// The client, scheme and host that a trusted proxy reports for a request.
struct Forwarded: Equatable {
    /// The client's address, as text; nil where nothing is said.
    var address: String?
    /// `http` or `https`.
    var scheme: String?
    /// The name that the client asked for.
    var host: Authority?
    /// Whether the headers name two clients: one of them was not written by the proxy.
    var disagrees = false

    /// Reads `Forwarded` (RFC 7239), or `X-Forwarded-For`, `-Proto` and `-Host`.
    init(_ headers: HTTPFields, isTrusted: ([UInt8]) -> Bool) {
        let standard = Self.elements(headers[values: .forwarded])
        let addresses = Self.list(headers[values: .forwardedFor])
        if !addresses.isEmpty { address = Self.client(addresses.map { Self.node($0) }, isTrusted)?.address }
        scheme = Self.list(headers[values: .forwardedProto]).last.flatMap(Self.scheme)
        host = Self.list(headers[values: .forwardedHost]).last.flatMap { Authority($0) }
        guard let (place, client) = Self.client(standard.map { $0["for"].flatMap(Self.node) }, isTrusted) else {
            return
        }
        guard address == nil || address == client else {
            (address, disagrees) = (nil, true)
            return
        }
        address = client
        scheme = standard[place]["proto"].flatMap(Self.scheme) ?? scheme
        host = standard[place]["host"].flatMap { Authority($0) } ?? host
    }

    /// The right-most address that is not trusted, or the left-most where all are. Behind something that is not an address,
    /// nothing is known: the one to its right passed it on.
    private static func client(
        _ nodes: [String?], _ isTrusted: ([UInt8]) -> Bool
    ) -> (place: Int, address: String)? {
        var found: (Int, String)?
        for (place, node) in nodes.enumerated().reversed() {
            guard let node, let bytes = AddressRange.address(node) else { break }
            found = (place, node)
            if !isTrusted(bytes) { break }
        }
        return found
    }

    /// An address without its port, brackets and interface.
    private static func node(_ text: String) -> String? {
        let text = String(text.prefix { $0 != "%" })
        if AddressRange.address(text) != nil { return text }
        guard let authority = Authority(text), authority.address != nil else { return nil }
        return authority.host
    }

    private static func scheme(_ text: String) -> String? {
        let scheme = text.lowercased()
        return ["http", "https"].contains(scheme) ? scheme : nil
    }

    private static func list(_ values: [String]) -> [String] {
        values.joined(separator: ",").split(separator: ",").map { $0.filter { !" \t\"".contains($0) } }
    }

    /// The elements of RFC 7239 by their parameters' names; none has a comma or a semicolon in quotes that could be an
    /// address, a name or a scheme.
    private static func elements(_ values: [String]) -> [[String: String]] {
        values.joined(separator: ",").split(separator: ",").map { element in
            var members: [String: String] = [:]
            for pair in element.split(separator: ";") {
                let parts = pair.split(separator: "=", maxSplits: 1).map { $0.filter { !" \t\"".contains($0) } }
                if parts.count == 2 { members[parts[0].lowercased()] = parts[1] }
            }
            return members
        }
    }
}

extension HTTPField.Name {
    static let forwarded = HTTPField.Name("Forwarded")!
    static let forwardedFor = HTTPField.Name("X-Forwarded-For")!
    static let forwardedProto = HTTPField.Name("X-Forwarded-Proto")!
    static let forwardedHost = HTTPField.Name("X-Forwarded-Host")!
}
