#if Milvus
    internal import Foundation
    internal import GRPCNIOTransportHTTP2Posix

    /// Where a store on a Milvus server is, and how it is made there.
    ///
    /// `milvus://[user:password@]host[:19530]/database/collection[?option=value&…]`, or `milvuss://` for TLS. With one name only,
    /// it is the collection's, in the database `default`.
    ///
    /// | option | meaning |
    /// | --- | --- |
    /// | `ca=FILE` | with TLS: the certificates (PEM) that the server's must come from, instead of the system's |
    /// | `token=T` | a token instead of user and password |
    /// | `index=ivf_flat\|hnsw\|flat` | how a new collection is indexed; `ivf_flat` |
    /// | `nlist=N`, `nprobe=N` | IVF_FLAT: its lists (1,024), and how many a search scans (16) |
    /// | `m=N`, `ef_construction=N`, `ef=N` | HNSW: links a node (16), candidates while building (200) and searching (64) |
    /// | `metric=ip\|cosine\|l2` | how the index of a new collection measures; `ip`, the inner product |
    /// | `shards=N` | a new collection's shards: 1 to 16 (1) |
    /// | `consistency=strong\|session\|bounded\|eventually` | how fresh what is read must be (`session`) |
    /// | `id=F`, `vector=F`, `path=F` | the fields of a collection that another program made, for ``MilvusForeignCollection`` |
    /// | `timeout=SECONDS` | how long the server may take to answer at first (5) |
    public struct MilvusAddress: Sendable, Equatable, CustomStringConvertible {
        /// The server's name or IP address.
        public var host: String
        /// The server's port.
        public var port = 19530
        /// Whether the connection is encrypted.
        public var usesTLS = false
        /// The database.
        public var database = "default"
        /// The collection.
        public var collection: String
        /// User and password, or token, where the address holds them.
        public var credentials: MilvusCredentials?
        /// A file of certificates (PEM) that the server's must come from; nil for the system's.
        public var certificates: String?
        /// How a new collection is indexed, and any is searched.
        public var index = MilvusIndex.standard
        /// How the index of a new collection measures.
        public var metric = MilvusMetric.innerProduct
        /// The shards of a new collection.
        public var shards = 1
        /// How fresh what is read must be.
        public var consistency = MilvusConsistency.session
        /// The fields of a collection that another program made; nil for a store's.
        public var foreignFields: MilvusForeignFields?
        /// How long the server may take to answer at first.
        public var patience = Duration.seconds(5)

        /// A collection on a server, everything else as usual.
        public init(host: String, port: Int = 19530, database: String = "default", collection: String) {
            (self.host, self.port, self.database, self.collection) = (host, port, database, collection)
        }

        /// Whether `text` is meant to be such an address.
        public static func isAddress(_ text: String) -> Bool {
            text.hasPrefix("milvus://") || text.hasPrefix("milvuss://")
        }

        /// The address in short, without password, token and options.
        public var description: String {
            let name = host.contains(":") ? "[\(host)]" : host
            return "\(usesTLS ? "milvuss" : "milvus")://\(name):\(port)/\(database)/\(collection)"
        }

        /// What the transport connects to. An IP address is no name for TLS to ask for.
        var target: any ResolvableTarget {
            var (four, six) = (in_addr(), in6_addr())
            if inet_pton(AF_INET, host, &four) == 1 { return .ipv4(address: host, port: port) }
            if inet_pton(AF_INET6, host, &six) == 1 { return .ipv6(address: host, port: port) }
            return .dns(host: host, port: port)
        }

        /// How the transport is secured.
        func security() throws -> HTTP2ClientTransport.Posix.TransportSecurity {
            guard usesTLS else { return .plaintext }
            guard let certificates else { return .tls }
            guard FileManager.default.isReadableFile(atPath: certificates) else {
                throw MilvusError(
                    .badAddress, at: description, "the certificates of ca= cannot be read: \(certificates)")
            }
            return .tls { $0.trustRoots = .certificates([.file(path: certificates, format: .pem)]) }
        }
    }
#endif
