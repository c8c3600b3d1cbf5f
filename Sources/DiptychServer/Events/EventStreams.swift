internal import HTTPTypes
internal import Hummingbird
internal import NIOCore
internal import Synchronization

/// How streams of events are kept up.
package struct EventLimits: Sendable {
    /// The most listeners at a time.
    package var listeners: Int
    /// After so long without an event a comment is sent, so that nobody between here and there takes the connection for dead.
    package var heartbeat: Duration
    /// A listener that takes in nothing for so long is dropped.
    package var slowest: Duration

    package init(listeners: Int, heartbeat: Duration, slowest: Duration) {
        (self.listeners, self.heartbeat, self.slowest) = (listeners, heartbeat, slowest)
    }
}

/// Answers that go on: server-sent events (`text/event-stream`, as the HTML standard has them), with a place for each
/// listener.
///
/// A stream ends when its client leaves, when its key is not valid any more, when the feed ends, and at once when the server is
/// to stop. It has no deadline.
package final class EventStreams: Sendable {
    /// One listener's place, which is free again when this is gone.
    package final class Place: Sendable {
        private let streams: EventStreams

        fileprivate init(_ streams: EventStreams) { self.streams = streams }

        deinit { streams.state.withLock { $0.taken -= 1 } }
    }

    private struct State {
        var taken = 0
        var isClosed = false
        var bells: [Int: @Sendable () -> Void] = [:]
        var last = 0
    }

    private let state = Mutex(State())
    private let limits: EventLimits

    /// The media type of a stream.
    static let type = "text/event-stream"

    /// How long a client waits before it comes back.
    private static let retry = Duration.seconds(2)

    package init(_ limits: EventLimits) { self.limits = limits }

    /// How many listen.
    package var count: Int { state.withLock { $0.taken } }
    /// How many may.
    package var limit: Int { limits.listeners }

    /// Takes a place.
    ///
    /// - Throws: ``Problem``, 503, where all are taken or the server is to stop.
    package func place() throws -> Place {
        let isTaken = try state.withLock { state in
            guard !state.isClosed else {
                throw Problem.busy("the server is going down; try again later", retryAfter: 5)
            }
            guard state.taken < limits.listeners else { return false }
            state.taken += 1
            return true
        }
        guard isTaken else {
            throw Problem.busy("all \(limits.listeners) event streams are in use; try again later", retryAfter: 10)
        }
        return Place(self)
    }

    /// Ends all streams, and those that would begin.
    package func close() {
        let bells = state.withLock { state in
            state.isClosed = true
            return Array(state.bells.values)
        }
        for bell in bells { bell() }
    }

    private func onClose(_ bell: @escaping @Sendable () -> Void) -> Int {
        state.withLock { state in
            state.last += 1
            state.bells[state.last] = bell
            return state.last
        }
    }

    /// Sends what a feed says, until it ends, the server stops, or `isWanted` is no longer true.
    ///
    /// - Parameters:
    ///   - number: the last event that the client has.
    ///   - watch: is given a bell for when the client leaves.
    ///   - isWanted: whether the client is there, and may listen; asked when a bell rings, and with each heartbeat.
    ///   - drop: makes `write` fail.
    ///   - write: sends a text, and returns when there is room for more.
    package func follow(
        _ feed: EventFeed, after number: Int, watch: (@escaping @Sendable () -> Void) -> Void,
        isWanted: @Sendable () -> Bool, drop: @escaping @Sendable () -> Void, write: (String) async throws -> Void
    ) async throws {
        // However often it rings meanwhile, it is heard once.
        let (bells, told) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let bell: @Sendable () -> Void = { told.yield() }
        let (heartbeat, slowest) = (limits.heartbeat, limits.slowest)
        let beat = Task { while (try? await Task.sleep(for: heartbeat)) != nil { bell() } }
        let closing = onClose(bell), listener = feed.listen(bell)
        defer {
            beat.cancel()
            feed.leave(listener)
            state.withLock { $0.bells[closing] = nil }
        }
        watch(bell)
        func send(_ text: String) async throws {
            let alarm = Task {
                try await Task.sleep(for: slowest)
                drop()
            }
            defer { alarm.cancel() }
            try await write(text)
        }
        try await send("retry: \(Self.retry.components.seconds * 1000)\n\n")
        bell()
        var last = number, written = ContinuousClock.now
        for await _ in bells {
            if state.withLock({ $0.isClosed }) || !isWanted() { return }
            let (events, areAll) = feed.events(after: last, for: listener)
            for event in events {
                try await send(Self.text(of: event, identifier: feed.identifier(of: event)))
                (last, written) = (event.number, .now)
            }
            if areAll { return }
            if .now - written >= heartbeat / 2 {
                try await send(":\n\n")
                written = .now
            }
        }
    }

    /// An event as the standard writes it: a line of text at a time.
    package static func text(of event: EventFeed.Event, identifier: String) -> String {
        var text = "id: \(identifier)\n"
        if let name = event.name { text += "event: \(name)\n" }
        let data = event.data.replacing("\r\n", with: "\n").replacing("\r", with: "\n")
        for line in data.split(separator: "\n", omittingEmptySubsequences: false) { text += "data: \(line)\n" }
        return text + "\n"
    }
}

extension EventStreams {
    /// The answer that sends what a feed says.
    ///
    /// - Throws: ``Problem``, 503, where all places are taken.
    func response(
        _ feed: EventFeed, to request: Request, _ context: ServerContext, isAllowed: @escaping @Sendable () -> Bool
    ) throws -> Response {
        let place = try place(), channel = context.channel
        let number = feed.number(of: request.headers[.lastEventID])
        let body = ResponseBody { writer in
            // The answer to a HEAD is never written, and gives the place back when it goes.
            defer { withExtendedLifetime(place) {} }
            var token: Int?
            defer { if let token { ConnectionWatch.forget(token, of: channel) } }
            try await self.follow(
                feed, after: number,
                watch: { bell in token = ConnectionWatch.onEnd(of: channel, bell) },
                isWanted: { !ConnectionWatch.hasEnded(channel) && isAllowed() },
                drop: { channel.close(promise: nil) }
            ) { try await writer.write(ByteBuffer(string: $0)) }
            try await writer.finish(nil)
        }
        // The second keeps nginx from collecting what is to be seen now.
        return Response(
            status: .ok,
            headers: [.contentType: Self.type, .cacheControl: "no-store", .accelBuffering: "no"], body: body)
    }
}

extension Route {
    /// A route that answers with a stream of events: those of the feed that `feed` gives, such as that of the job which the path
    /// names.
    static func events(
        _ path: String, _ access: RouteAccess, _ services: Services,
        of feed: @escaping @Sendable (ServerContext) async throws -> EventFeed
    ) -> Route {
        .get(path, access) { request, context in
            try services.events.response(try await feed(context), to: request, context) {
                guard let scope = access.scope else { return true }
                // A key that is taken back takes its streams along.
                return (try? AccessMiddleware.identity(of: request, services.keys))?.scopes.contains(scope) ?? false
            }
        }
    }
}

extension HTTPField.Name {
    // Tokens by RFC 9110, so that neither can be nil.
    static let lastEventID = HTTPField.Name("Last-Event-ID")!
    static let accelBuffering = HTTPField.Name("X-Accel-Buffering")!
}
