internal import Foundation
internal import Synchronization

/// To which names the server answers, and which pages are its own.
///
/// Where nobody needs a key, a page of another site must not reach the server through its visitor's browser: neither by a name
/// of the site's that suddenly leads here (DNS rebinding), for which the header Host is looked at, nor by sending requests
/// across, for which browsers say in Origin where a page comes from (Fetch standard, section 3.2).
final class HostRules: Sendable {
    private let names: Set<String>
    private let allowed: Set<String>
    private let origins: Set<String>
    private let answersAll: Bool
    private let isEverywhere: Bool
    private let own = Mutex<(addresses: Set<[UInt8]>, read: ContinuousClock.Instant?)>(([], nil))

    init(_ options: ServerOptions) {
        let host = options.host.lowercased()
        isEverywhere = ["0.0.0.0", "::", "0:0:0:0:0:0:0:0"].contains(host)
        allowed = Set(options.allowedHosts.compactMap { Authority($0)?.host })
        names = allowed.union(isEverywhere ? [] : [host])
        origins = options.origins
        // Whoever has a key may come by any name: a page of another site has none.
        answersAll = options.keys != nil
    }

    /// Whether the server answers by this name.
    func answers(to authority: Authority) -> Bool {
        if answersAll || authority.isLoopback || names.contains(authority.host) { return true }
        guard isEverywhere, let address = authority.address else { return false }
        return own.withLock { own in
            if own.addresses.contains(address) { return true }
            // Addresses come and go; nobody makes the server look all the time.
            if let read = own.read, .now - read < .seconds(1) { return false }
            own = (OwnAddresses.all(), .now)
            return own.addresses.contains(address)
        }
    }

    /// Whether a page of `origin` is one of this server's, which was asked by the name `host`.
    func isOwn(_ origin: String, host: Authority?, isEncrypted: Bool) -> Bool {
        let scheme = isEncrypted ? "https" : "http"
        guard let host, let origin = Origin(origin), origin.authority.host == host.host else { return false }
        if origin.scheme == scheme, origin.port == host.port ?? Origin.port(of: scheme) { return true }
        // Before a name that was given, there may stand a proxy that speaks TLS.
        return allowed.contains(host.host) && origin.authority.port == host.port
    }

    /// Whether pages of `origin` were allowed to use the API.
    func allows(_ origin: String) -> Bool { origins.contains(origin) || origins.contains("*") }

    /// Whether pages of any other origin were.
    var allowsOthers: Bool { !origins.isEmpty }
    /// Whether pages of all origins were.
    var allowsAll: Bool { origins.contains("*") }
}
