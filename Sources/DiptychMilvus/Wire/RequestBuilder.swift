#if Milvus
    internal import Foundation
    internal import SwiftProtobuf

    /// Makes requests about a collection, and lets none through that a server would take wrongly.
    ///
    /// Milvus 2.3 trusts its clients: a vector column of the wrong width is acknowledged and stored as garbage or kills the server for
    /// good, as do keys of the wrong type; a search of the wrong kind of filter kills it, too. All requests are made here.
    package struct RequestBuilder: Sendable {
        package let database: String
        package let collection: String
        package let layout: Layout
        /// The store's address, for errors.
        package let location: String

        package init(database: String, collection: String, layout: Layout, location: String) {
            (self.database, self.collection, self.layout, self.location) = (database, collection, layout, location)
        }

        /// Rows to be written or replaced, by the names of the layout's fields.
        ///
        /// - Throws: ``MilvusError`` of kind `invalidRequest` when a column is missing, unknown, of another kind or length, a vector is
        ///   not finite, a text too long, or a key stands twice or is none.
        package func upsert(_ columns: [String: ColumnValues], rows: Int) throws -> Milvus_Proto_Milvus_RowsRequest {
            guard (1...WireLimits.items).contains(rows) else { throw invalid("\(rows) rows at once") }
            guard columns.count == layout.fields.count else { throw invalid("a column is missing or unknown") }
            var request = Milvus_Proto_Milvus_RowsRequest()
            request.dbName = database
            request.collectionName = collection
            request.numRows = UInt32(rows)
            for field in layout.fields {
                guard let values = columns[field.name] else { throw invalid("the column '\(field.name)' is missing") }
                request.fieldsData.append(try column(field, values, rows: rows))
            }
            let size = columns.values.reduce(0) { $0 + $1.bytes }
            guard size <= WireLimits.request else { throw invalid("\(size) bytes at once") }
            return request
        }

        private func column(_ field: Layout.Field, _ values: ColumnValues, rows: Int) throws
            -> Milvus_Proto_Milvus_Column
        {
            var column = Milvus_Proto_Milvus_Column()
            column.fieldName = field.name
            var count = 0
            switch (field.kind, values) {
            case (.bool, .bools(let data)):
                column.type = WireValues.bool
                column.scalars.bools.data = data
                count = data.count
            case (.int64, .longs(let data)):
                column.type = WireValues.int64
                if field.isKey { try check(keys: data) }
                column.scalars.longs.data = data
                count = data.count
            case (.double, .doubles(let data)):
                guard data.allSatisfy(\.isFinite) else { throw invalid("a number of '\(field.name)' is not finite") }
                column.type = WireValues.double
                column.scalars.doubles.data = data
                count = data.count
            case (.text(let longest), .texts(let data)):
                // The server counts bytes.
                guard data.allSatisfy({ $0.utf8.count <= longest }) else {
                    throw invalid("a text of '\(field.name)' is longer than \(longest) bytes")
                }
                column.type = WireValues.varChar
                column.scalars.texts.data = data
                count = data.count
            case (.vector(let dimension), .vectors(let data)):
                guard dimension > 0, data.count == rows * dimension else {
                    throw invalid("\(data.count) numbers for \(rows) vectors of \(dimension)")
                }
                guard data.allSatisfy(\.isFinite) else { throw invalid("a vector is not finite") }
                column.type = WireValues.floatVector
                column.vectors.dim = Int64(dimension)
                column.vectors.floats.data = data
                count = rows
            case (.dynamic, .objects(let data)):
                column.type = WireValues.json
                column.isDynamic = true
                column.scalars.json.data = data.map { Data($0.utf8) }
                count = data.count
            default: throw invalid("the column '\(field.name)' is of another type")
            }
            guard count == rows else { throw invalid("\(count) values of '\(field.name)' for \(rows) rows") }
            return column
        }

        /// Int64's ends are taken and never found again; equal keys in one request are both stored.
        private func check(keys: [Int64]) throws {
            guard keys.allSatisfy({ $0 != .min && $0 != .max && $0 != 0 }) else {
                throw invalid("a key is out of range")
            }
            guard Set(keys).count == keys.count else { throw invalid("a key stands twice") }
        }

        /// The deletion of rows by key.
        package func delete(_ keys: [Int64]) throws -> Milvus_Proto_Milvus_DeleteRequest {
            // Some servers delete everything when nothing is named.
            guard (1...WireLimits.deletedKeys).contains(keys.count) else { throw invalid("\(keys.count) keys at once") }
            try check(keys: Array(Set(keys)))
            var request = Milvus_Proto_Milvus_DeleteRequest()
            request.dbName = database
            request.collectionName = collection
            request.expr = expression(keys)
            return request
        }

        /// The condition that a row's key is one of `keys`.
        package func expression(_ keys: [Int64]) -> String {
            "\(layout.key) in [\(keys.map(String.init).joined(separator: ","))]"
        }

        /// A search for the `limit` nearest to each of `queries`.
        ///
        /// - Parameters:
        ///   - filter: a condition in Milvus' language; empty for none.
        ///   - parameters: the index' parameters, as a JSON object.
        ///   - fields: the fields to give.
        package func search(
            _ queries: [[Float]], limit: Int, filter: String, parameters: String, fields: [String],
            freshness: Freshness,
            metric: MilvusMetric = .innerProduct
        ) throws -> Milvus_Proto_Milvus_SearchRequest {
            let dimension = layout.dimension
            guard (1...WireLimits.items).contains(queries.count) else {
                throw invalid("\(queries.count) queries at once")
            }
            guard (1...WireLimits.items).contains(limit) else {
                throw invalid("\(limit) results were asked for; Milvus gives at most \(WireLimits.items)")
            }
            var placeholder = Milvus_Proto_Milvus_Placeholder()
            placeholder.tag = "$0"
            placeholder.type = WireValues.floatVector
            for query in queries {
                guard query.count == dimension else {
                    throw invalid("a query of \(query.count) numbers for vectors of \(dimension)")
                }
                guard query.allSatisfy(\.isFinite) else { throw invalid("the query is not finite") }
                var bytes = Data(capacity: 4 * dimension)
                for value in query {
                    withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
                }
                placeholder.values.append(bytes)
            }
            var group = Milvus_Proto_Milvus_PlaceholderGroup()
            group.placeholders = [placeholder]
            var request = Milvus_Proto_Milvus_SearchRequest()
            request.dbName = database
            request.collectionName = collection
            request.dsl = filter
            request.dslType = WireValues.expression
            request.placeholderGroup = try group.serializedBytes()
            request.outputFields = fields
            request.searchParams = [
                pair("anns_field", layout.vector), pair("topk", "\(limit)"), pair("params", parameters),
                pair("metric_type", metric.rawValue), pair("round_decimal", "-1"), pair("ignore_growing", "False"),
            ]
            request.nq = Int64(queries.count)
            request.consistencyLevel = freshness.level
            request.guaranteeTimestamp = freshness.timestamp
            return request
        }

        /// A reading of at most `limit` rows that pass a filter.
        package func query(_ filter: String, fields: [String], limit: Int, freshness: Freshness) throws
            -> Milvus_Proto_Milvus_QueryRequest
        {
            guard !filter.isEmpty, (1...WireLimits.items).contains(limit) else {
                throw invalid("a reading without limits")
            }
            var request = rawQuery(filter, fields: fields, freshness: freshness)
            request.queryParams = [pair("limit", "\(limit)")]
            return request
        }

        /// The number of rows that pass a filter.
        package func count(_ filter: String, freshness: Freshness) -> Milvus_Proto_Milvus_QueryRequest {
            rawQuery(filter, fields: ["count(*)"], freshness: freshness)
        }

        private func rawQuery(_ filter: String, fields: [String], freshness: Freshness)
            -> Milvus_Proto_Milvus_QueryRequest
        {
            var request = Milvus_Proto_Milvus_QueryRequest()
            request.dbName = database
            request.collectionName = collection
            request.expr = filter
            request.outputFields = fields
            request.consistencyLevel = freshness.level
            request.guaranteeTimestamp = freshness.timestamp
            return request
        }

        package func invalid(_ reason: String) -> MilvusError {
            MilvusError(.invalidRequest, at: location, "not sent to Milvus: \(reason)")
        }
    }

    package func pair(_ key: String, _ value: String) -> Milvus_Proto_Milvus_KeyValue {
        var pair = Milvus_Proto_Milvus_KeyValue()
        (pair.key, pair.value) = (key, value)
        return pair
    }

    /// How fresh the rows of an answer must be.
    ///
    /// A timestamp of 0 leaves it to the level, 1 asks for nothing, and any other waits for what was written until then.
    package struct Freshness: Sendable, Equatable {
        package let level: Int32
        package let timestamp: UInt64

        package static let strong = Freshness(level: WireValues.strong, timestamp: 0)
        package static let bounded = Freshness(level: WireValues.bounded, timestamp: 0)
        package static let whatever = Freshness(level: WireValues.eventually, timestamp: 1)
        /// With all that was written until `timestamp`, of a mutation's answer.
        package static func after(_ timestamp: UInt64) -> Freshness {
            Freshness(level: WireValues.session, timestamp: timestamp)
        }
    }
#endif
