#if Milvus
    internal import SwiftProtobuf

    extension RequestBuilder {
        /// A new collection of the layout.
        ///
        /// - Parameter description: what is kept with the collection.
        package func create(description: String, shards: Int, consistency: MilvusConsistency) throws
            -> Milvus_Proto_Milvus_CreateCollectionRequest
        {
            var schema = Milvus_Proto_Milvus_CollectionSchema()
            // Must be the collection's.
            schema.name = collection
            schema.description_p = description
            for field in layout.fields {
                var entry = Milvus_Proto_Milvus_FieldSchema()
                entry.name = field.name
                entry.isPrimaryKey = field.isKey
                switch field.kind {
                case .bool: entry.dataType = WireValues.bool
                case .int64: entry.dataType = WireValues.int64
                case .double: entry.dataType = WireValues.double
                case .text(let longest):
                    entry.dataType = WireValues.varChar
                    entry.typeParams = [pair("max_length", "\(longest)")]
                case .vector(let dimension):
                    entry.dataType = WireValues.floatVector
                    entry.typeParams = [pair("dim", "\(dimension)")]
                case .dynamic:
                    schema.enableDynamicField = true
                    continue
                }
                schema.fields.append(entry)
            }
            var request = Milvus_Proto_Milvus_CreateCollectionRequest()
            request.dbName = database
            request.collectionName = collection
            request.schema = try schema.serializedBytes()
            request.shardsNum = Int32(shards)
            request.consistencyLevel =
                switch consistency {
                case .strong: WireValues.strong
                case .session: WireValues.session
                case .bounded: WireValues.bounded
                case .eventually: WireValues.eventually
                }
            return request
        }

        /// An index over the vectors, whose length is 1, so that every metric ranks by the cosine.
        package func createIndex(_ index: MilvusIndex, metric: MilvusMetric = .innerProduct)
            -> Milvus_Proto_Milvus_CreateIndexRequest
        {
            var request = Milvus_Proto_Milvus_CreateIndexRequest()
            request.dbName = database
            request.collectionName = collection
            request.fieldName = layout.vector
            request.extraParams = [
                pair("index_type", index.name), pair("metric_type", metric.rawValue),
                pair("params", index.buildParameters),
            ]
            return request
        }

        /// A question about the index over the vectors.
        package var describeIndex: Milvus_Proto_Milvus_DescribeIndexRequest {
            var request = Milvus_Proto_Milvus_DescribeIndexRequest()
            request.dbName = database
            request.collectionName = collection
            request.fieldName = layout.vector
            return request
        }

        /// What asks about the collection as a whole.
        package var named: Milvus_Proto_Milvus_CollectionRequest {
            var request = Milvus_Proto_Milvus_CollectionRequest()
            request.dbName = database
            request.collectionName = collection
            return request
        }

        package var load: Milvus_Proto_Milvus_LoadRequest {
            var request = Milvus_Proto_Milvus_LoadRequest()
            request.dbName = database
            request.collectionName = collection
            return request
        }

        package var loadState: Milvus_Proto_Milvus_LoadStateRequest {
            var request = Milvus_Proto_Milvus_LoadStateRequest()
            request.dbName = database
            request.collectionName = collection
            return request
        }
    }
#endif
