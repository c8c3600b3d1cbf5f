internal import HTTPTypes
internal import Hummingbird
internal import NIOCore

/// Ends the work on a request when its time is over or its client has gone.
struct DeadlineMiddleware: RouterMiddleware {
    typealias Context = ServerContext

    private enum Reason: Sendable { case clientGone, deadline }

    func handle(
        _ request: Request, context: ServerContext,
        next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        let alarm = Promise<Reason>()
        let token = ConnectionWatch.onEnd(of: context.channel) { alarm.resolve(.success(.clientGone)) }
        let deadline = context.limits.deadline
        let timer = context.channel.eventLoop.scheduleTask(in: .nanoseconds(deadline.inNanoseconds)) {
            alarm.resolve(.success(.deadline))
        }
        defer {
            ConnectionWatch.forget(token, of: context.channel)
            timer.cancel()
        }
        return try await withoutActuallyEscaping(next) { next in
            try await withThrowingTaskGroup(of: Response?.self) { group in
                // Hummingbird calls `next` from any task; it only lacks the word.
                let call = Sending(value: next)
                group.addTask { try await call.value(request, context) }
                group.addTask {
                    switch try? await alarm.value {
                    case .clientGone: throw CancellationError()
                    case .deadline:
                        throw Problem(
                            status: .gatewayTimeout,
                            detail:
                                "the answer took longer than the \((deadline.inSeconds * 1000).rounded() / 1000) seconds that a request has"
                        )
                    case nil: return nil
                    }
                }
                defer { group.cancelAll() }
                while let result = try await group.next() {
                    if let response = result { return response }
                }
                throw CancellationError()
            }
        }
    }
}

/// A value that crosses into a child task, which ends before its owner goes on.
private struct Sending<T>: @unchecked Sendable { let value: T }
