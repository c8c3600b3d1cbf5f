internal import NIOCore
internal import NIOHTTPTypes
internal import Synchronization

/// Notices when a client goes away while its request is being answered.
final class ConnectionWatch: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart

    /// Those who want to know, by connection.
    private static let watchers = Mutex<[ObjectIdentifier: [Int: @Sendable () -> Void]]>([:])
    private static let tokens = Atomic(0)

    /// Calls `body` when the connection of `channel` ends; once.
    ///
    /// - Returns: what ``forget(_:of:)`` takes.
    static func onEnd(of channel: any Channel, _ body: @escaping @Sendable () -> Void) -> Int {
        let token = tokens.wrappingAdd(1, ordering: .relaxed).newValue
        let isKnown = watchers.withLock { watchers in
            let identifier = ObjectIdentifier(channel)
            guard watchers[identifier] != nil else { return false }
            watchers[identifier]?[token] = body
            return true
        }
        // It has ended already, or was never watched.
        if !isKnown, !channel.isActive { body() }
        return token
    }

    /// Nobody wants to know any more.
    static func forget(_ token: Int, of channel: any Channel) {
        watchers.withLock { _ = $0[ObjectIdentifier(channel)]?.removeValue(forKey: token) }
    }

    private static func ended(_ channel: any Channel) {
        let bodies = watchers.withLock { watchers in
            defer { watchers[ObjectIdentifier(channel)] = [:] }
            return watchers[ObjectIdentifier(channel)] ?? [:]
        }
        for body in bodies.values { body() }
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let identifier = ObjectIdentifier(context.channel)
        Self.watchers.withLock { $0[identifier] = [:] }
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
