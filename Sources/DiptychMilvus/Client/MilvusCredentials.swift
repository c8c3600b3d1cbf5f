#if Milvus
    /// Who asks: a user with a password, or a token. Never printed.
    public struct MilvusCredentials: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible,
        CustomReflectable
    {
        /// What goes to the server.
        let secret: String

        /// A user with a password.
        public init(user: String, password: String) { secret = "\(user):\(password)" }

        /// A token, as managed services give it; `user:password` is one too.
        public init(token: String) { secret = token }

        /// Says nothing about them.
        public var description: String { "(hidden)" }
        /// Says nothing about them.
        public var debugDescription: String { description }
        /// Says nothing about them.
        public var customMirror: Mirror { Mirror(self, children: []) }
    }
#endif
