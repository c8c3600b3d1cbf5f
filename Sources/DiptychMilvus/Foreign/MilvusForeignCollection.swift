#if Milvus
    internal import Diptych
    public import DiptychSearch
    internal import Foundation

    /// A collection that another program made, for reading: its vectors are copied into a store. Nothing is written to it.
    ///
    ///     let source = try await MilvusForeignCollection.open(MilvusAddress("milvus://host/db/images?vector=embeding&path=path"))
    ///     try await source.forEachPage { page in try await copy.add(page) }
    public struct MilvusForeignCollection: Sendable {
        /// The collection's address, without secrets.
        public let name: String
        /// The numbers of a vector.
        public let dimension: Int
        /// Fields that are not read, with their types: attributes have none like them.
        public let leftOut: [String]

        private let client: MilvusClient
        private let builder: RequestBuilder
        private let key: ForeignField
        private let id: ForeignField
        private let vector: ForeignField
        private let path: ForeignField?
        private let attributes: [ForeignField]
        private let isDynamic: Bool

        /// Opens a collection; it is loaded into the server's memory where it is not.
        ///
        /// - Throws: `StoreError` where there is no such collection, or a field is missing or of another type, with those that there
        ///   are.
        public static func open(_ address: MilvusAddress, credentials: MilvusCredentials? = nil) async throws -> Self {
            try await MilvusStore.storing(address.description) {
                let client = try MilvusClient(address, credentials: credentials)
                try await client.connect(within: address.patience)
                let names = RequestBuilder(
                    database: address.database, collection: address.collection, layout: Layout(fields: []),
                    location: address.description)
                let schema = try await client.call(Methods.describe, names.named).schema
                let found = try Self(client, schema, address.foreignFields ?? MilvusForeignFields())
                try await found.load()
                return found
            }
        }

        private init(
            _ client: MilvusClient, _ schema: Milvus_Proto_Milvus_CollectionSchema, _ named: MilvusForeignFields
        ) throws {
            let location = client.address.description
            let fields = schema.fields.filter { !$0.isDynamic }.map(ForeignField.init)
            let list = "its fields are \(fields.map(\.text).joined(separator: ", "))"
            func wrong(_ reason: String) -> StoreError {
                StoreError(.invalidRequest, path: location, MilvusError.oneLine("\(reason); \(list)", most: 1000))
            }
            func field(_ name: String, _ option: String) throws -> ForeignField {
                guard let field = fields.first(where: { $0.name == name }) else {
                    throw wrong("there is no field '\(name)' for \(option)=")
                }
                return field
            }
            guard let key = fields.first(where: \.isKey), key.isName else {
                throw wrong("it has no key that can be read")
            }
            self.key = key
            id = try named.id.map { try field($0, "id") } ?? key
            guard id.isName else {
                throw wrong("id= must be an Int64 or a VarChar, and '\(id.name)' is a \(id.typeName)")
            }
            let vectors = fields.filter { $0.type == WireValues.floatVector }
            if let name = named.vector {
                vector = try field(name, "vector")
            } else if vectors.count == 1 {
                vector = vectors[0]
            } else {
                throw wrong("vector= must name one of its \(vectors.count) vectors of 32-bit floats")
            }
            guard vector.type == WireValues.floatVector, let dimension = vector.dimension,
                (1...32_768).contains(dimension)
            else {
                throw wrong("vector= must be a FloatVector, and '\(vector.name)' is a \(vector.typeName)")
            }
            let paths = fields.first { $0.name == "path" && $0.type == WireValues.varChar }
            path = try named.path.map { try field($0, "path") } ?? paths
            if let path, path.type != WireValues.varChar {
                throw wrong("path= must be a VarChar, and '\(path.name)' is a \(path.typeName)")
            }
            self.dimension = dimension
            self.client = client
            name = location
            let (vectorName, pathName) = (vector.name, path?.name)
            let others = fields.filter { $0.name != vectorName && $0.name != pathName }
            attributes = others.filter(\.isScalar)
            leftOut = others.filter { !$0.isScalar }.map(\.text)
            isDynamic = schema.enableDynamicField
            builder = RequestBuilder(
                database: client.address.database, collection: client.address.collection,
                layout: Layout(fields: [Layout.Field(vector.name, .vector(dimension))]), location: location)
        }

        /// Has the collection in the server's memory; an index is never made here.
        private func load() async throws {
            let (clock, end) = (ContinuousClock(), ContinuousClock.now + .seconds(90))
            var asked = false
            while true {
                let state = try await client.call(Methods.loadState, builder.loadState).state
                if state == WireValues.loaded { return }
                if state == WireValues.notLoaded, !asked {
                    do { _ = try await client.call(Methods.load, builder.load) } catch let error as MilvusError
                        where error.kind == .noIndex
                    {
                        throw StoreError(
                            .invalidRequest, path: name,
                            "the server cannot load the collection, as its vectors have no index: make one first")
                    }
                    asked = true
                }
                guard clock.now < end else {
                    throw MilvusError(
                        .notLoaded, at: name, "the server has not loaded the collection within 90 s; check its memory")
                }
                try await Task.sleep(for: .milliseconds(200))
            }
        }

        /// The number of its rows.
        public func count() async throws -> Int {
            try await MilvusStore.storing(name) {
                let reply = try await client.call(Methods.query, builder.count("", freshness: .strong))
                return try ReplyTable.count(reply, location: name)
            }
        }

        /// The rows read at once, so that the longest stay below the limit of an answer.
        private var pageLimit: Int {
            let texts = (attributes + (path.map { [$0] } ?? [])).reduce(0) { sum, field in
                sum + (field.type == WireValues.varChar || field.type == 23 ? min(65_536, field.length ?? 65_536) : 16)
            }
            return max(1, min(1000, (32 << 20) / (4 * dimension + texts + (isDynamic ? 65_536 : 0) + 64)))
        }

        /// Gives all rows by their keys, a page at a time; one that cannot be used is a failure with its reason.
        public func forEachPage(_ body: ([Result<GivenEmbedding, IndexInputError>]) async throws -> Void) async throws {
            let isText = key.type == WireValues.varChar
            var condition = isText ? "\(key.name) >= \"\"" : "\(key.name) >= -9223372036854775807"
            var names = attributes.map(\.name) + [vector.name] + (path.map { [$0.name] } ?? [])
            if isDynamic { names.append(Layout.dynamicName) }
            if !names.contains(key.name) { names.append(key.name) }
            while true {
                try Task.checkCancellation()
                let page = try await MilvusStore.storing(name) {
                    let request = try builder.query(condition, fields: names, limit: pageLimit, freshness: .strong)
                    return ForeignPage(try await client.call(Methods.query, request).fieldsData, key: key)
                }
                guard page.count > 0 else { return }
                try await body(try MilvusStore.storing(name) { try items(page) })
                if isText {
                    let last = page.textKeys.max { $0.utf8.lexicographicallyPrecedes($1.utf8) } ?? ""
                    guard let literal = MilvusCondition.literal(last) else {
                        throw StoreError(
                            .invalidRequest, path: name, "the key \(last.debugDescription) holds a control character")
                    }
                    condition = "\(key.name) > \(literal)"
                } else {
                    condition = "\(key.name) > \(page.keys.max() ?? .max)"
                }
            }
        }

        private func items(_ page: ForeignPage) throws -> [Result<GivenEmbedding, IndexInputError>] {
            let vectors = try page.table(name).vectors(vector.name, dimension: dimension)
            let paths = try path.map { try page.table(name).texts($0.name) }
            let objects = isDynamic ? try page.table(name).objects() : []
            let ids = try page.values(id, location: name)
            let values = try attributes.map { (name: $0.name, values: try page.values($0, location: name)) }
            return (0..<page.count).map { row in
                let shown = ids[row].map { value in
                    switch value {
                    case .integer(let number): String(number)
                    case .text(let text): text
                    default: ""
                    }
                }
                let place = paths?[row] ?? "\(client.address.collection)/\(shown ?? "")"
                var known: [String: AttributeValue] = [:]
                if isDynamic, let object = try? JSONDecoder().decode([String: AttributeValue].self, from: objects[row])
                {
                    known = object.mapValues { $0 }
                }
                for column in values { known[column.name] = column.values[row] }
                func failure(_ reason: String) -> Result<GivenEmbedding, IndexInputError> {
                    .failure(
                        IndexInputError(path: place.isEmpty ? "\(id.name) \(shown ?? "")" : place, reason: reason))
                }
                if place.isEmpty || place.utf8.contains(0) { return failure("it has no usable path") }
                do throws(AttributeError) { _ = try AttributeText.encode(known) } catch {
                    return failure(error.description)
                }
                let values = Array(vectors[row * dimension..<(row + 1) * dimension])
                return .success(GivenEmbedding(path: place, embedding: Embedding(values: values), attributes: known))
            }
        }
    }

    /// The columns of some rows.
    private struct ForeignPage {
        let columns: [Milvus_Proto_Milvus_Column]
        let keys: [Int64]
        let textKeys: [String]
        var count: Int { max(keys.count, textKeys.count) }

        init(_ columns: [Milvus_Proto_Milvus_Column], key: ForeignField) {
            self.columns = columns
            let column = columns.first { $0.fieldName == key.name }
            keys = column?.scalars.longs.data ?? []
            textKeys = column?.scalars.texts.data ?? []
        }

        func table(_ location: String) -> ReplyTable { ReplyTable(columns, rows: count, location: location) }

        /// A column as attributes; nil where a row has none that can be kept.
        func values(_ field: ForeignField, location: String) throws -> [AttributeValue?] {
            let scalars = columns.first { $0.fieldName == field.name }?.scalars
            let values: [AttributeValue?] =
                switch scalars?.kind {
                case .bools(let data): data.data.map { .bool($0) }
                case .ints(let data): data.data.map { .integer(Int64($0)) }
                case .longs(let data): data.data.map { .integer($0) }
                // In the shortest form: 0.1 stays 0.1.
                case .floats(let data): data.data.map { $0.isFinite ? Double("\($0)").map(AttributeValue.number) : nil }
                case .doubles(let data): data.data.map { $0.isFinite ? .number($0) : nil }
                case .texts(let data): data.data.map { .text($0) }
                case .json(let data): data.data.map { try? JSONDecoder().decode(AttributeValue.self, from: $0) }
                case nil: []
                }
            guard values.count == count else {
                throw MilvusError(
                    .badReply, at: location,
                    "the server's answer makes no sense: '\(field.name)' has \(values.count) values for \(count) rows")
            }
            return values
        }
    }
#endif
