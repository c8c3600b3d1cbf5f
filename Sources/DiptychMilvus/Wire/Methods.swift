#if Milvus
    internal import SwiftProtobuf

    typealias StatusMessage = Milvus_Proto_Milvus_Status

    /// An answer, which says whether what was asked was done: that gRPC succeeded does not mean that Milvus did.
    protocol Reply: SwiftProtobuf.Message {
        /// How it went.
        var outcome: StatusMessage { get }
    }

    extension Milvus_Proto_Milvus_Status: Reply { var outcome: StatusMessage { self } }
    extension Milvus_Proto_Milvus_VersionReply: Reply { var outcome: StatusMessage { status } }
    extension Milvus_Proto_Milvus_DatabaseNames: Reply { var outcome: StatusMessage { status } }
    extension Milvus_Proto_Milvus_CollectionReply: Reply { var outcome: StatusMessage { status } }
    extension Milvus_Proto_Milvus_CollectionNames: Reply { var outcome: StatusMessage { status } }
    extension Milvus_Proto_Milvus_IndexReply: Reply { var outcome: StatusMessage { status } }
    extension Milvus_Proto_Milvus_LoadStateReply: Reply { var outcome: StatusMessage { status } }
    extension Milvus_Proto_Milvus_MutationReply: Reply { var outcome: StatusMessage { status } }
    extension Milvus_Proto_Milvus_FlushReply: Reply { var outcome: StatusMessage { status } }
    extension Milvus_Proto_Milvus_FlushStateReply: Reply { var outcome: StatusMessage { status } }
    extension Milvus_Proto_Milvus_SearchReply: Reply { var outcome: StatusMessage { status } }
    extension Milvus_Proto_Milvus_QueryReply: Reply { var outcome: StatusMessage { status } }

    /// A method of Milvus' service. All that are used here may be repeated: those that write upsert and delete by key.
    struct Method<Request: SwiftProtobuf.Message, Answer: Reply>: Sendable {
        /// Its name on the wire.
        let name: String
        /// What it does, for errors.
        let purpose: String
        /// How long it may take with all its repetitions.
        let limit: Duration

        init(_ name: String, _ purpose: String, within limit: Duration) {
            (self.name, self.purpose, self.limit) = (name, purpose, limit)
        }
    }

    /// The service's name on the wire.
    let serviceName = "milvus.proto.milvus.MilvusService"

    /// The methods, by what they do.
    enum Methods {
        static let version = Method<Milvus_Proto_Milvus_Empty, Milvus_Proto_Milvus_VersionReply>(
            "GetVersion", "asking for the version", within: .seconds(5))
        static let databases = Method<Milvus_Proto_Milvus_Empty, Milvus_Proto_Milvus_DatabaseNames>(
            "ListDatabases", "listing the databases", within: .seconds(10))
        static let createDatabase = Method<Milvus_Proto_Milvus_DatabaseRequest, StatusMessage>(
            "CreateDatabase", "making the database", within: .seconds(20))
        static let describe = Method<Milvus_Proto_Milvus_CollectionRequest, Milvus_Proto_Milvus_CollectionReply>(
            "DescribeCollection", "looking at the collection", within: .seconds(10))
        static let create = Method<Milvus_Proto_Milvus_CreateCollectionRequest, StatusMessage>(
            "CreateCollection", "making the collection", within: .seconds(30))
        static let drop = Method<Milvus_Proto_Milvus_CollectionRequest, StatusMessage>(
            "DropCollection", "dropping the collection", within: .seconds(30))
        static let release = Method<Milvus_Proto_Milvus_CollectionRequest, StatusMessage>(
            "ReleaseCollection", "releasing the collection", within: .seconds(30))
        static let collections = Method<
            Milvus_Proto_Milvus_ShowCollectionsRequest, Milvus_Proto_Milvus_CollectionNames
        >("ShowCollections", "listing the collections", within: .seconds(10))
        static let createIndex = Method<Milvus_Proto_Milvus_CreateIndexRequest, StatusMessage>(
            "CreateIndex", "making the index", within: .seconds(30))
        static let describeIndex = Method<Milvus_Proto_Milvus_DescribeIndexRequest, Milvus_Proto_Milvus_IndexReply>(
            "DescribeIndex", "looking at the index", within: .seconds(10))
        static let load = Method<Milvus_Proto_Milvus_LoadRequest, StatusMessage>(
            "LoadCollection", "loading the collection", within: .seconds(60))
        static let loadState = Method<Milvus_Proto_Milvus_LoadStateRequest, Milvus_Proto_Milvus_LoadStateReply>(
            "GetLoadState", "asking whether the collection is loaded", within: .seconds(10))
        static let upsert = Method<Milvus_Proto_Milvus_RowsRequest, Milvus_Proto_Milvus_MutationReply>(
            "Upsert", "writing items", within: .seconds(60))
        static let delete = Method<Milvus_Proto_Milvus_DeleteRequest, Milvus_Proto_Milvus_MutationReply>(
            "Delete", "deleting items", within: .seconds(60))
        static let flush = Method<Milvus_Proto_Milvus_FlushRequest, Milvus_Proto_Milvus_FlushReply>(
            "Flush", "flushing", within: .seconds(60))
        static let flushState = Method<Milvus_Proto_Milvus_FlushStateRequest, Milvus_Proto_Milvus_FlushStateReply>(
            "GetFlushState", "waiting for the flush", within: .seconds(10))
        static let search = Method<Milvus_Proto_Milvus_SearchRequest, Milvus_Proto_Milvus_SearchReply>(
            "Search", "the search", within: .seconds(20))
        static let query = Method<Milvus_Proto_Milvus_QueryRequest, Milvus_Proto_Milvus_QueryReply>(
            "Query", "reading items", within: .seconds(20))
    }
#endif
