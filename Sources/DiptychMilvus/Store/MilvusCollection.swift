#if Milvus
    package import DiptychSearch
    internal import Foundation

    /// A collection on a server: made or checked, kept loaded, read and written.
    package actor MilvusCollection {
        package nonisolated let client: MilvusClient
        package nonisolated let builder: RequestBuilder
        package nonisolated let address: MilvusAddress
        /// How the collection is indexed; may differ from what the address asks for of a new one.
        private var index: MilvusIndex
        /// How that index measures.
        private var metric = MilvusMetric.innerProduct
        /// The latest time of a write of this process, as the server counts.
        private var written: UInt64 = 0
        /// When this process last deleted: the server tells no time of that.
        private var deleted: ContinuousClock.Instant?
        private var loading: Task<Void, any Error>?

        /// The server makes no index of fewer rows.
        static let fewestIndexedRows = 1024
        /// How long a collection may take to become searchable: a server that starts reads what was not flushed.
        private static let loadingTime = Duration.seconds(90)
        /// How long reads wait for a deletion to be seen.
        private static let deletionTime = Duration.seconds(5)

        /// - Parameter name: a collection beside the address' one; nil for that itself.
        package init(client: MilvusClient, layout: Layout, name: String? = nil, index: MilvusIndex? = nil) {
            self.client = client
            var address = client.address
            address.index = index ?? address.index
            self.address = address
            self.index = address.index
            builder = RequestBuilder(
                database: address.database, collection: name ?? address.collection, layout: layout,
                location: address.description)
        }

        // MARK: - Making and checking

        /// The description that was kept with the collection; nil when there is no such collection.
        package static func description(_ client: MilvusClient, name: String? = nil) async throws -> CollectionFacts? {
            let names = RequestBuilder(
                database: client.address.database, collection: name ?? client.address.collection,
                layout: Layout(fields: []), location: client.address.description)
            do {
                return CollectionFacts(try await client.call(Methods.describe, names.named))
            } catch let error as MilvusError where error.kind == .missing {
                return nil
            }
        }

        /// Makes the collection, and the database if need be; somebody else may be doing the same.
        package func create(description: String) async throws {
            let database = address.database
            if database != "default" {
                let names = try await client.call(Methods.databases, .init()).dbNames
                if !names.contains(database) {
                    var request = Milvus_Proto_Milvus_DatabaseRequest()
                    request.dbName = database
                    do { _ = try await client.call(Methods.createDatabase, request) } catch let error as MilvusError
                        where error.reason.contains("already exist")
                    {}
                }
            }
            _ = try await client.call(
                Methods.create,
                builder.create(
                    description: description, shards: address.shards, consistency: address.consistency))
            try await ready()
        }

        /// Makes the index if there is none, and has the collection in memory when it returns.
        package func ready() async throws {
            if let loading { return try await loading.value }
            let task = Task { try await self.makeReady() }
            loading = task
            defer { loading = nil }
            try await task.value
        }

        private func makeReady() async throws {
            let (clock, end) = (ContinuousClock(), ContinuousClock.now + Self.loadingTime)
            do {
                try adopt(try await client.call(Methods.describeIndex, builder.describeIndex))
            } catch let error as MilvusError where error.kind == .noIndex {
                _ = try await client.call(
                    Methods.createIndex, builder.createIndex(address.index, metric: address.metric))
                (index, metric) = (address.index, address.metric)
            }
            var asked = false
            while true {
                let state = try await client.call(Methods.loadState, builder.loadState).state
                if state == WireValues.loaded { break }
                // Right after a start it may fail more than once.
                if state == WireValues.notLoaded, !asked {
                    _ = try await client.call(Methods.load, builder.load)
                    asked = true
                }
                guard clock.now < end else {
                    throw MilvusError(
                        .notLoaded, at: address.description,
                        "the server has not loaded the collection within \(Self.loadingTime.inSeconds); check its memory"
                    )
                }
                try await Task.sleep(for: .milliseconds(200))
            }
        }

        private func adopt(_ reply: Milvus_Proto_Milvus_IndexReply) throws {
            guard let entry = reply.indexDescriptions.first(where: { $0.fieldName == builder.layout.vector }) else {
                return
            }
            let parameters = Dictionary(
                entry.params.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
            guard let metric = parameters["metric_type"].flatMap(MilvusMetric.init) else {
                throw MilvusError(
                    .otherSchema, at: address.description,
                    "its index measures by \(parameters["metric_type"] ?? "nothing"), not by IP, COSINE or L2: it is no Diptych "
                        + "store's")
            }
            self.metric = metric
            // An index of another kind, made by somebody else, is searched with what every index takes.
            index = address.index.described(by: parameters) ?? .flat
        }

        /// Removes the collection with all that it holds.
        package func drop() async throws { _ = try await client.call(Methods.drop, builder.named) }

        /// Takes the collection out of the server's memory.
        package func release() async throws { _ = try await client.call(Methods.release, builder.named) }

        /// How far the server has built the index.
        ///
        /// It tells of rows that it has written to its storage only; the others are compared one by one until then.
        package func progress() async throws -> IndexProgress {
            let total = try await count(MilvusCondition.everything)
            let reply = try await client.call(Methods.describeIndex, builder.describeIndex)
            guard let entry = reply.indexDescriptions.first(where: { $0.fieldName == builder.layout.vector }) else {
                return IndexProgress(kind: "none", indexed: 0, total: total, state: .building)
            }
            let parameters = Dictionary(
                entry.params.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
            // Deleted and replaced rows stay in its storage for a while, and count there.
            let (built, flushed) = (Int(clamping: entry.indexedRows), Int(clamping: entry.totalRows))
            let indexed = max(0, min(built, total))
            let state: IndexProgress.State =
                entry.state == WireValues.indexFailed
                ? .failed
                : built < flushed || entry.pendingIndexRows > 0 || total - indexed >= Self.fewestIndexedRows
                    ? .building : .finished
            return IndexProgress(
                kind: parameters["index_type"] ?? "unknown", metric: parameters["metric_type"] ?? "unknown",
                indexed: indexed, total: total, state: state,
                reason: entry.indexStateFailReason.isEmpty ? nil : MilvusError.oneLine(entry.indexStateFailReason))
        }

        // MARK: - Writing

        /// Writes rows, or replaces those with the same keys; when this returns, they are safe.
        package func upsert(_ columns: [String: ColumnValues], rows: Int) async throws {
            let reply = try await client.call(Methods.upsert, builder.upsert(columns, rows: rows))
            guard reply.upsertCnt == rows else {
                throw MilvusError(
                    .badReply, at: address.description, "\(rows) items were sent, and \(reply.upsertCnt) acknowledged")
            }
            written = max(written, reply.timestamp)
        }

        /// Deletes rows by key, however many.
        package func delete(_ keys: [Int64]) async throws {
            for start in stride(from: 0, to: keys.count, by: WireLimits.deletedKeys) {
                let part = Array(keys[start..<min(keys.count, start + WireLimits.deletedKeys)])
                _ = try await client.call(Methods.delete, builder.delete(part))
                deleted = .now
            }
        }

        /// Has the server write its segments to storage and index them, after a bulk import; at most once in ten seconds.
        package func flush() async throws {
            var request = Milvus_Proto_Milvus_FlushRequest()
            request.dbName = address.database
            request.collectionNames = [builder.collection]
            let reply = try await client.call(Methods.flush, request)
            var question = Milvus_Proto_Milvus_FlushStateRequest()
            question.dbName = address.database
            question.collectionName = builder.collection
            question.segmentIds = reply.collSegIds[builder.collection]?.data ?? []
            question.flushTs = reply.collFlushTs[builder.collection] ?? 0
            let (clock, end) = (ContinuousClock(), ContinuousClock.now + Self.loadingTime)
            while clock.now < end, try await !client.call(Methods.flushState, question).flushed {
                try await Task.sleep(for: .milliseconds(200))
            }
        }

        // MARK: - Reading

        /// How fresh reads must be, by the address' option and by what this process wrote.
        private var freshness: Freshness {
            switch address.consistency {
            case .strong: return .strong
            case .bounded: return .bounded
            case .eventually: return .whatever
            case .session:
                if let deleted, deleted.duration(to: .now) < Self.deletionTime { return .strong }
                return written == 0 ? .whatever : .after(written)
            }
        }

        /// The rows that pass `filter`, at most `limit`.
        package func query(_ filter: String, fields: [String], limit: Int, isStrong: Bool = false) async throws
            -> ReplyTable
        {
            let freshness = isStrong ? .strong : freshness
            let request = try builder.query(filter, fields: fields, limit: limit, freshness: freshness)
            let reply = try await reading { try await self.client.call(Methods.query, request) }
            return ReplyTable(reply, key: builder.layout.key, location: address.description)
        }

        /// The number of rows that pass `filter`, counting all that was written before.
        package func count(_ filter: String) async throws -> Int {
            let request = builder.count(filter, freshness: .strong)
            let reply = try await reading { try await self.client.call(Methods.query, request) }
            return try ReplyTable.count(reply, location: address.description)
        }

        /// For each query the nearest rows, best first.
        ///
        /// - Parameter everywhere: whether the whole index is scanned; for filters that few items pass.
        package func search(
            _ queries: [[Float]], limit: Int, filter: String, fields: [String], everywhere: Bool
        ) async throws -> (table: ReplyTable, scores: [Float], counts: [Int]) {
            let request = try builder.search(
                queries, limit: limit, filter: filter,
                parameters: index.searchParameters(limit: limit, everywhere: everywhere), fields: fields,
                freshness: freshness, metric: metric)
            let rows = try await reading { try await self.client.call(Methods.search, request) }.results
            let counts = rows.topks.map { Int(clamping: $0) }
            let total = rows.scores.count
            // Each is bounded before they are added.
            guard counts.count == queries.count || total == 0, counts.allSatisfy({ (0...limit).contains($0) }),
                counts.reduce(0, +) == total, rows.ids.ints.data.count == total
            else {
                throw MilvusError(
                    .badReply, at: address.description, "the server's answer makes no sense: its numbers differ")
            }
            var key = Milvus_Proto_Milvus_Column()
            key.fieldName = builder.layout.key
            key.scalars.longs.data = rows.ids.ints.data
            let table = ReplyTable([key] + rows.fieldsData, rows: total, location: address.description)
            return (table, rows.scores.map(metric.innerProduct), total == 0 ? queries.map { _ in 0 } : counts)
        }

        /// Whether the index leaves some rows out of a search, so that one with a filter may find too few.
        package var isApproximate: Bool { index != .flat }

        /// Reads, after loading the collection where somebody released it or the server has just started.
        private func reading<Answer: Sendable>(_ body: @Sendable () async throws -> Answer) async throws -> Answer {
            let (clock, end) = (ContinuousClock(), ContinuousClock.now + Self.loadingTime)
            while true {
                do { return try await body() } catch let error as MilvusError
                    where (error.kind == .notLoaded || error.kind == .noIndex) && clock.now < end
                {
                    try await ready()
                    try await Task.sleep(for: .milliseconds(100))
                }
            }
        }
    }

    extension MilvusCollection {
        /// Goes through the rows that pass `filter` by their keys, a page at a time, until `body` gives false.
        package nonisolated func walk(
            _ filter: String, fields: [String], page: Int, isStrong: Bool = false, after key: Int64 = 0,
            _ body: (ReplyTable, [Int64]) async throws -> Bool
        ) async throws {
            var last = key
            while true {
                try Task.checkCancellation()
                let table = try await query(
                    "(\(filter)) and \(builder.layout.key) > \(last)", fields: fields, limit: page, isStrong: isStrong)
                let keys = try table.longs(builder.layout.key)
                guard let end = keys.max() else { return }
                last = end
                guard try await body(table, keys) else { return }
            }
        }
    }

    /// What a server says about a collection.
    package struct CollectionFacts: Sendable {
        /// What was kept with it when it was made.
        package let description: String
        /// The fields with their types, and the vector's width.
        let fields: [String: Int32]
        let dimension: Int?
        let key: String?
        let isDynamic: Bool
        package let shards: Int

        init(_ reply: Milvus_Proto_Milvus_CollectionReply) {
            description = reply.schema.description_p
            let listed = reply.schema.fields.filter { !$0.isDynamic }
            fields = Dictionary(listed.map { ($0.name, $0.dataType) }, uniquingKeysWith: { first, _ in first })
            key = listed.first(where: \.isPrimaryKey)?.name
            dimension = listed.first { $0.dataType == WireValues.floatVector }?.typeParams.first { $0.key == "dim" }
                .flatMap { Int($0.value) }
            isDynamic = reply.schema.enableDynamicField
            shards = Int(reply.shardsNum)
        }

        /// Whether the collection has just these fields.
        package func fits(_ layout: Layout) -> Bool {
            var wanted: [String: Int32] = [:]
            for field in layout.fields {
                switch field.kind {
                case .bool: wanted[field.name] = WireValues.bool
                case .int64: wanted[field.name] = WireValues.int64
                case .double: wanted[field.name] = WireValues.double
                case .text: wanted[field.name] = WireValues.varChar
                case .vector: wanted[field.name] = WireValues.floatVector
                case .dynamic: guard isDynamic else { return false }
                }
            }
            return wanted == fields && key == layout.key && dimension == layout.dimension
        }
    }
#endif
