internal import NIOCore
internal import NIOHTTPTypes
internal import Synchronization

/// The open connections of a server: how many each address has, and all of them, to end what does not end by itself.
final class Connections: Sendable {
    private struct State {
        var open: [ObjectIdentifier: any Channel] = [:]
        var counts: [String: Int] = [:]
        var isClosing = false
    }

    private let state = Mutex(State())
    private let mostPerAddress: Int
    private let uncounted: [AddressRange]

    /// At most `mostPerAddress` connections of an address; of this machine's own and of those that are `uncounted`, any
    /// number.
    init(mostPerAddress: Int, uncounted: [AddressRange]) {
        self.mostPerAddress = mostPerAddress
        self.uncounted = uncounted
    }

    /// Notes a connection until it ends.
    ///
    /// - Returns: whether it may stay.
    func add(_ channel: any Channel) -> Bool {
        let address = channel.remoteAddress?.ipAddress
        let key = address.flatMap { isCounted($0) ? $0 : nil }
        let isAccepted = state.withLock { state in
            guard !state.isClosing else { return false }
            if let key {
                guard state.counts[key, default: 0] < mostPerAddress else { return false }
                state.counts[key, default: 0] += 1
            }
            state.open[ObjectIdentifier(channel)] = channel
            return true
        }
        guard isAccepted else { return false }
        channel.closeFuture.whenComplete { [weak self] _ in
            self?.state.withLock { state in
                state.open[ObjectIdentifier(channel)] = nil
                guard let key, let count = state.counts[key] else { return }
                state.counts[key] = count > 1 ? count - 1 : nil
            }
        }
        return true
    }

    private func isCounted(_ address: String) -> Bool {
        guard let authority = Authority(address.contains(":") ? "[\(address)]" : address), let bytes = authority.address
        else { return false }
        return !authority.isLoopback && !uncounted.contains { $0.contains(bytes) }
    }

    /// Ends all connections, and those that come.
    func closeAll() {
        let open = state.withLock { state in
            state.isClosing = true
            return Array(state.open.values)
        }
        for channel in open { channel.close(promise: nil) }
    }
}

/// Notices when a client goes away while its request is being answered.
final class ConnectionWatch: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart

    private struct Watched {
        /// Those who want to know.
        var bodies: [Int: @Sendable () -> Void] = [:]
        var hasEnded = false
    }

    private static let watchers = Mutex<[ObjectIdentifier: Watched]>([:])
    private static let tokens = Atomic(0)

    /// Calls `body` when the connection of `channel` ends; once.
    ///
    /// - Returns: what ``forget(_:of:)`` takes.
    static func onEnd(of channel: any Channel, _ body: @escaping @Sendable () -> Void) -> Int {
        let token = tokens.wrappingAdd(1, ordering: .relaxed).newValue
        let isKnown = watchers.withLock { watchers in
            let identifier = ObjectIdentifier(channel)
            guard watchers[identifier] != nil else { return false }
            watchers[identifier]?.bodies[token] = body
            return true
        }
        // It has ended already, or was never watched.
        if !isKnown, !channel.isActive { body() }
        return token
    }

    /// Whether the client of `channel` sends no more. What it asked before may still be answered; what has no end may not.
    static func hasEnded(_ channel: any Channel) -> Bool {
        watchers.withLock { $0[ObjectIdentifier(channel)]?.hasEnded } ?? !channel.isActive
    }

    /// Nobody wants to know any more.
    static func forget(_ token: Int, of channel: any Channel) {
        watchers.withLock { _ = $0[ObjectIdentifier(channel)]?.bodies.removeValue(forKey: token) }
    }

    private static func ended(_ channel: any Channel) {
        let bodies = watchers.withLock { watchers in
            defer { watchers[ObjectIdentifier(channel)] = Watched(hasEnded: true) }
            return watchers[ObjectIdentifier(channel)]?.bodies ?? [:]
        }
        for body in bodies.values { body() }
    }

    private let connections: Connections

    init(_ connections: Connections) { self.connections = connections }

    func handlerAdded(context: ChannelHandlerContext) {
        if !connections.add(context.channel) { context.close(promise: nil) }
        let identifier = ObjectIdentifier(context.channel)
        Self.watchers.withLock { $0[identifier] = Watched() }
        // The object may be gone when its place in memory belongs to another connection.
        context.channel.closeFuture.whenComplete { _ in
            _ = Self.watchers.withLock { $0.removeValue(forKey: identifier) }
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // A client that sends no more is gone, as proxies see it too.
        if case ChannelEvent.inputClosed? = event as? ChannelEvent { Self.ended(context.channel) }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        Self.ended(context.channel)
        context.fireChannelInactive()
    }
}
