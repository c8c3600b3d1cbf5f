#if Milvus
    internal import GRPCCore

    /// Why Milvus did not do what it was asked, with where and what to do, in one line.
    public struct MilvusError: Error, Equatable, CustomStringConvertible {
        /// The kind of failure; more kinds may be added.
        public struct Kind: RawRepresentable, Sendable, Hashable {
            /// The stable name of the kind.
            public let rawValue: String
            /// Makes a kind from its stable name.
            public init(rawValue: String) { self.rawValue = rawValue }
            /// The address is none.
            public static let badAddress = Kind(rawValue: "bad address")
            /// Nothing answers, or the connection fails.
            public static let unreachable = Kind(rawValue: "unreachable")
            /// The answer did not come in time; whether the server did what was asked is not known.
            public static let timeout = Kind(rawValue: "timeout")
            /// User, password or token are missing, wrong, or not allowed to do this.
            public static let refused = Kind(rawValue: "refused")
            /// The database or the collection does not exist.
            public static let missing = Kind(rawValue: "missing")
            /// The collection is of another shape, or of no Diptych store.
            public static let otherSchema = Kind(rawValue: "other schema")
            /// The collection is not in the server's memory.
            public static let notLoaded = Kind(rawValue: "not loaded")
            /// The collection's vectors have no index yet.
            public static let noIndex = Kind(rawValue: "no index")
            /// What was asked for does not make sense, or is too large.
            public static let invalidRequest = Kind(rawValue: "invalid request")
            /// The server takes no more for the moment: its rate, memory or disk limit.
            public static let overloaded = Kind(rawValue: "overloaded")
            /// The server is starting, recovering or moving data.
            public static let notReady = Kind(rawValue: "not ready")
            /// The server failed.
            public static let server = Kind(rawValue: "server")
            /// The server's answer makes no sense.
            public static let badReply = Kind(rawValue: "bad reply")
        }

        /// The kind of failure.
        public let kind: Kind
        /// The store's address, without password and token.
        public let location: String
        /// Milvus' own error code; nil where the failure is not Milvus'.
        public let code: Int?
        /// What was wrong and what to do.
        public let reason: String

        init(_ kind: Kind, at location: String, code: Int? = nil, _ reason: String) {
            self.kind = kind
            self.location = location
            self.code = code
            self.reason = reason
        }

        /// The address and the reason in one line.
        public var description: String { "\(location): \(reason)" }

        /// Whether the same request may succeed a moment later.
        var isTransient: Bool { [.unreachable, .notReady, .overloaded].contains(kind) }
    }

    extension MilvusError {
        /// What the status of an answer says; nil for success.
        ///
        /// Codes: `merr` of Milvus 2.3 and later; the older enumeration where only that is filled.
        init?(_ status: StatusMessage, doing what: String, at location: String) {
            guard status.errorCode != 0 || status.code != 0 else { return nil }
            let code = status.code != 0 ? Int(status.code) : Int(status.errorCode)
            let said = Self.oneLine(status.reason.isEmpty ? "error \(code)" : status.reason)
            let (kind, advice) = Self.meaning(of: status, said: said)
            self.init(kind, at: location, code: code, "\(what) failed: \(said) (Milvus error \(code))\(advice)")
        }

        private static func meaning(of status: StatusMessage, said: String) -> (Kind, String) {
            switch (status.code, status.errorCode) {
            case (100, _), (0, 4): return (.missing, "; check the address, or index into it to make it")
            case (101, _): return (.notLoaded, "")
            case (700, _), (0, 25): return (.noIndex, "")
            case (1100, _), (0, 5), (0, 7), (0, 10), (0, 23): return (.invalidRequest, "")
            case (8, _), (0, 49): return (.overloaded, "; the server limits its rate: try again later")
            case (9, _), (_, 48), (_, 53...55):
                return (.overloaded, "; the server's memory, disk or quota is used up: free some and run again")
            case (1, _), (2, _), (4, _), (103, _), (106, _), (503, _), (901...906, _), (0, 56):
                return (.notReady, "; the server is starting or moving data: try again")
            default:
                // What Milvus says without a code while its parts find each other after a start.
                let starting = [
                    "unrecoverable error", "client connection is closing", "node not found", "session not found",
                    "not ready", "channel not available", "no available",
                ]
                if status.retriable || starting.contains(where: { said.contains($0) }) {
                    return (.notReady, "; the server is starting or moving data: try again")
                }
                return (.server, "")
            }
        }

        /// What a failed call says. `method` is Milvus' name for it.
        init(_ error: RPCError, doing what: String, within limit: Duration, at location: String) {
            let said = Self.oneLine(([error.message] + Self.causes(error)).joined(separator: ": "))
            switch error.code {
            case .unavailable:
                self.init(
                    .unreachable, at: location,
                    "cannot be reached (\(said)); check that Milvus runs there, the port, and TLS (milvuss:// or milvus://)"
                )
            case .deadlineExceeded:
                self.init(
                    .timeout, at: location,
                    "no answer to \(what) within \(limit.inSeconds); check that Milvus runs there and is not overloaded, "
                        + "and run again")
            case .unauthenticated, .permissionDenied:
                self.init(
                    .refused, at: location,
                    "user, password or token not accepted (\(said)); set DIPTYCH_MILVUS_USER and DIPTYCH_MILVUS_PASSWORD, or "
                        + "DIPTYCH_MILVUS_TOKEN")
            case .resourceExhausted, .invalidArgument, .outOfRange:
                self.init(.invalidRequest, at: location, "\(what) was refused: \(said)")
            case .unimplemented:
                self.init(
                    .server, at: location,
                    "\(what) is not known to this server (\(said)): Milvus 2.3 or newer is needed")
            default:
                self.init(.server, at: location, "\(what) failed: \(said) (gRPC \(error.code))")
            }
        }

        /// The texts of what lies below `error`, outermost first.
        private static func causes(_ error: RPCError) -> [String] {
            var (texts, next): ([String], (any Error)?) = ([], error.cause)
            while let cause = next, texts.count < 4 {
                if let cause = cause as? RPCError {
                    texts.append(cause.message)
                    next = cause.cause
                } else {
                    texts.append("\(cause)")
                    next = nil
                }
            }
            return texts
        }

        /// A server's text as one line of bounded length.
        static func oneLine(_ text: String, most: Int = 300) -> String {
            let line = text.split(whereSeparator: { $0.isNewline || $0 == "\t" }).joined(separator: " ")
            return line.count > most ? line.prefix(most) + "…" : line
        }
    }

    extension Duration {
        /// In seconds, for people.
        var inSeconds: String {
            let seconds = Double(components.seconds) + Double(components.attoseconds) / 1e18
            return seconds >= 2 ? "\(Int(seconds.rounded())) s" : "\((seconds * 10).rounded() / 10) s"
        }
    }
#endif
