#if Milvus
    /// Milvus' enumerations, by their values on the wire.
    enum WireValues {
        static let bool: Int32 = 1
        static let int64: Int32 = 5
        static let double: Int32 = 11
        static let varChar: Int32 = 21
        static let json: Int32 = 23
        static let floatVector: Int32 = 101
        /// What a search's filter is written in. A server that is told 0 dies.
        static let expression: Int32 = 1

        static let notLoaded: Int32 = 1
        static let loading: Int32 = 2
        static let loaded: Int32 = 3

        static let indexFailed: Int32 = 4

        static let strong: Int32 = 0
        static let session: Int32 = 1
        static let bounded: Int32 = 2
        static let eventually: Int32 = 3
    }

    /// What a server takes.
    enum WireLimits {
        /// Bytes in a request; the server's limit is 64 MiB.
        static let request = 48 << 20
        /// The most items in an answer, and the furthest offset plus limit.
        static let items = 16384
        /// The most keys in a deletion.
        static let deletedKeys = 10_000
        /// The most vectors read at once: 1,300 of 768 numbers are 4 MiB.
        static let readVectors = 1000
        /// What an unlimited VARCHAR may hold, in bytes of UTF-8.
        static let text = 65535
    }
#endif
