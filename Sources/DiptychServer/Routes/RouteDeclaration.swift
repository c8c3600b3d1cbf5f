/// Who may use a route. Each route says it; there is no default.
package enum RouteAccess: Sendable, Hashable {
    /// Everybody, without a key.
    case everybody
    /// Who has a key for this.
    case key(Scope)

    /// Who may look.
    package static let read = RouteAccess.key(.read)
    /// Who may change something.
    package static let write = RouteAccess.key(.write)

    /// What a key must be for; nil where none is needed.
    var scope: Scope? {
        switch self {
        case .everybody: nil
        case .key(let scope): scope
        }
    }
}

/// What a route takes, and who may use it, without what it does.
package struct RouteDeclaration: Sendable, Hashable {
    /// The method's name, such as `GET`.
    package let method: String
    /// The path: parts between slashes, `{name}` for any part, and at the end `{name...}` for any number of parts.
    package let path: String
    package let access: RouteAccess
    /// The names of its query parameters.
    package let query: [String]
    /// The names of its body's fields; nil where it takes no body.
    package let fields: [String]?

    /// Declares a route.
    package init(method: String, path: String, access: RouteAccess, query: [String] = [], fields: [String]? = nil) {
        (self.method, self.path, self.access, self.query, self.fields) = (method, path, access, query, fields)
    }

    /// The path with its placeholders alike: what the router tells paths apart by.
    var shape: String {
        path.split(separator: "/", omittingEmptySubsequences: false)
            .map { $0.hasPrefix("{") ? ($0.hasSuffix("...}") ? "{...}" : "{}") : String($0) }
            .joined(separator: "/")
    }

    /// Looks for mistakes in the routes of all groups.
    ///
    /// - Throws: ``ServerError`` naming the group and the route: one that is declared twice, a path that is none, a body where
    ///   the method has none, a group without routes.
    package static func check(_ groups: [(name: String, routes: [RouteDeclaration])]) throws(ServerError) {
        var known: [String: String] = [:], names: [String: Substring] = [:]
        for (group, routes) in groups {
            guard !routes.isEmpty else { throw ServerError("\(group) declares no routes") }
            for route in routes {
                let title = "\(route.method) \(route.path)"
                if let reason = route.mistake { throw ServerError("\(group), \(title): \(reason)") }
                if let other = known.updateValue(group, forKey: "\(route.method) \(route.shape)") {
                    throw ServerError("\(group), \(title): is declared twice, also by \(other)")
                }
                // The router takes placeholders of two names in one place for two paths, of which it finds one.
                for (place, name) in route.placeholders {
                    if let other = names.updateValue(name, forKey: place), other != name {
                        throw ServerError("\(group), \(title): calls \(name) what another route calls \(other)")
                    }
                }
            }
        }
    }

    /// The placeholders, each with the shape of the path up to it.
    private var placeholders: [(place: String, name: Substring)] {
        let shapes = shape.split(separator: "/", omittingEmptySubsequences: false)
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        return parts.indices.filter { parts[$0].hasPrefix("{") }
            .map { (shapes[...$0].joined(separator: "/"), parts[$0]) }
    }

    private var mistake: String? {
        guard ["GET", "POST", "PUT", "PATCH", "DELETE"].contains(method) else {
            return "the method must be GET, which brings HEAD, or POST, PUT, PATCH or DELETE"
        }
        if method == "GET", fields != nil { return "a GET takes no body" }
        for names in [query, fields ?? []] where Set(names).count != names.count {
            return "a name is declared twice among \(names.joined(separator: ", "))"
        }
        if path == "/" { return nil }
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count >= 2, parts[0].isEmpty else { return "the path must begin with a slash" }
        var names: Set<Substring> = []
        for (place, part) in parts.enumerated().dropFirst() {
            guard part.hasPrefix("{") else {
                guard !part.isEmpty, part.utf8.allSatisfy({ $0.isUnreserved }) else {
                    return "the part '\(part)' must be letters, digits, '-', '.', '_' and '~', or {name}"
                }
                continue
            }
            let isRest = part.hasSuffix("...}"), name = part.dropFirst().dropLast(isRest ? 4 : 1)
            guard part.hasSuffix("}"), !name.isEmpty, name.utf8.allSatisfy(\.isUnreserved), !name.contains(".") else {
                return "the part '\(part)' must be {name}"
            }
            guard !isRest || place == parts.count - 1 else { return "'\(part)' must be the path's last part" }
            guard names.insert(name).inserted else { return "the part '\(part)' is there twice" }
        }
        return nil
    }
}

extension UInt8 {
    /// Whether URLs write the character as it is (RFC 3986, section 2.3).
    fileprivate var isUnreserved: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"):
            true
        default: false
        }
    }
}
