#if Milvus
    internal import Foundation
    internal import GRPCCore
    internal import GRPCNIOTransportHTTP2Posix
    internal import GRPCProtobuf
    internal import SwiftProtobuf

    /// A connection to a Milvus server: calls with a deadline, repeated with back-off while the server is away.
    ///
    /// The connection is made at the first call, made anew when it breaks, and closed when the client is let go.
    public final class MilvusClient: Sendable {
        /// The server, database and collection that calls are about.
        public let address: MilvusAddress
        private let client: GRPCClient<HTTP2ClientTransport.Posix>
        private let metadata: Metadata
        private let connections: Task<Void, Never>

        /// The largest answer taken; the server's own limit.
        private static let largestAnswer = 64 << 20

        /// Makes a client; nothing is sent yet.
        ///
        /// - Parameters:
        ///   - address: where the server is.
        ///   - credentials: who asks; nil for those in the address, if any.
        /// - Throws: ``MilvusError`` when the certificate file cannot be used.
        public init(_ address: MilvusAddress, credentials: MilvusCredentials? = nil) throws {
            self.address = address
            var metadata: Metadata = [:]
            if let credentials = credentials ?? address.credentials {
                // Without the word Basic or Bearer, which Milvus does not take.
                metadata.addString(Data(credentials.secret.utf8).base64EncodedString(), forKey: "authorization")
            }
            if !address.database.isEmpty { metadata.addString(address.database, forKey: "dbname") }
            self.metadata = metadata
            do {
                var config = HTTP2ClientTransport.Posix.Config.defaults
                // A server that comes back is noticed soon; by default it takes up to two minutes.
                config.backoff = .init(initial: .milliseconds(100), max: .seconds(2), multiplier: 1.6, jitter: 0.2)
                client = GRPCClient(
                    transport: try HTTP2ClientTransport.Posix(
                        target: address.target, transportSecurity: try address.security(), config: config))
            } catch let error as MilvusError {
                throw error
            } catch {
                throw MilvusError(
                    .badAddress, at: address.description, "cannot be used: \(MilvusError.oneLine("\(error)"))")
            }
            // Ends when the client is shut down.
            connections = Task { [client] in try? await client.runConnections() }
        }

        deinit { client.beginGracefulShutdown() }

        /// Waits until the server answers.
        ///
        /// - Parameter patience: how long it may take, for instance to start.
        /// - Returns: the server's version.
        /// - Throws: ``MilvusError``: `unreachable`, `refused`.
        @discardableResult public func connect(within patience: Duration = .seconds(5)) async throws -> String {
            do {
                return try await call(Methods.version, .init(), within: patience).version
            } catch let error as MilvusError where error.kind == .timeout {
                // The deadline hides what is wrong with the connection; a call that does not wait for one says it.
                if case .failure(let cause) = await attempt(
                    Methods.version, .init(), within: .seconds(1), waiting: false), cause.code != .deadlineExceeded
                {
                    throw MilvusError(cause, doing: Methods.version.purpose, within: patience, at: address.description)
                }
                throw MilvusError(
                    .unreachable, at: address.description,
                    "nothing answered within \(patience.inSeconds); check that Milvus runs there, the port, and TLS "
                        + "(milvuss:// or milvus://)")
            }
        }

        /// Calls `method` until it succeeds, fails for good, or its time is up.
        ///
        /// Any call may be cut off by the connection: swift-nio-http2 closes one on which a Go server has sent more than 200
        /// measuring PINGs within 30 seconds, which a steady rate of calls brings about.
        func call<Request, Answer>(
            _ method: Method<Request, Answer>, _ request: Request, within limit: Duration? = nil
        ) async throws -> Answer {
            let (clock, limit) = (ContinuousClock(), limit ?? method.limit)
            let end = clock.now + limit
            var pause = Duration.milliseconds(20)
            while true {
                try Task.checkCancellation()
                let failure: MilvusError
                switch await attempt(method, request, within: max(.milliseconds(1), end - clock.now), waiting: true) {
                case .success(let answer):
                    guard let error = MilvusError(answer.outcome, doing: method.purpose, at: address.description) else {
                        return answer
                    }
                    failure = error
                case .failure(let error):
                    // The task's cancellation is the caller's, not the server's.
                    try Task.checkCancellation()
                    failure = MilvusError(error, doing: method.purpose, within: limit, at: address.description)
                }
                guard failure.isTransient, clock.now + pause < end else { throw failure }
                try await Task.sleep(for: pause * Double.random(in: 0.8...1.2))
                pause = min(pause * 2, .seconds(1))
            }
        }

        private func attempt<Request, Answer>(
            _ method: Method<Request, Answer>, _ request: Request, within limit: Duration, waiting: Bool
        ) async -> Result<Answer, RPCError> {
            var options = CallOptions.defaults
            options.timeout = limit
            options.waitForReady = waiting
            // The transport takes the limit on what it receives from this one; the one on responses has no effect.
            options.maxRequestMessageBytes = Self.largestAnswer
            options.maxResponseMessageBytes = Self.largestAnswer
            do {
                return .success(
                    try await client.unary(
                        request: ClientRequest(message: request, metadata: metadata),
                        descriptor: MethodDescriptor(fullyQualifiedService: serviceName, method: method.name),
                        serializer: ProtobufSerializer<Request>(), deserializer: ProtobufDeserializer<Answer>(),
                        options: options
                    ) { try $0.message })
            } catch let error as RPCError {
                return .failure(error)
            } catch {
                return .failure(RPCError(code: .unknown, message: "\(error)"))
            }
        }
    }
#endif
