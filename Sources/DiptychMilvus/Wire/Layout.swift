#if Milvus
    /// A collection's fields.
    package struct Layout: Sendable, Equatable {
        /// What a field holds.
        package enum Kind: Sendable, Equatable {
            case bool, int64, double
            /// At most so many bytes of UTF-8.
            case text(Int)
            /// So many numbers.
            case vector(Int)
            /// Any number of attributes as a JSON object, in the collection's dynamic field.
            case dynamic
        }

        /// One field.
        package struct Field: Sendable, Equatable {
            let name: String
            let kind: Kind
            var isKey = false
            var isPartitionKey = false

            package init(_ name: String, _ kind: Kind, isKey: Bool = false, isPartitionKey: Bool = false) {
                (self.name, self.kind, self.isKey, self.isPartitionKey) = (name, kind, isKey, isPartitionKey)
            }
        }

        /// The name of a collection's dynamic field.
        package static let dynamicName = "$meta"

        package let fields: [Field]

        package init(fields: [Field]) { self.fields = fields }

        /// The width of a vector.
        package var dimension: Int {
            for case .vector(let dimension) in fields.map(\.kind) { return dimension }
            return 0
        }

        package var key: String { fields.first(where: \.isKey)?.name ?? "" }

        package var vector: String {
            fields.first { if case .vector = $0.kind { true } else { false } }?.name ?? ""
        }
    }

    /// A column of a request: one value, or `dimension` of them, a row.
    package enum ColumnValues: Sendable, Equatable {
        case bools([Bool])
        case longs([Int64])
        case doubles([Double])
        case texts([String])
        case vectors([Float])
        /// Objects in JSON.
        case objects([String])

        /// About the bytes that it takes on the wire, at most.
        var bytes: Int {
            switch self {
            case .bools(let data): data.count
            case .longs(let data): 10 * data.count
            case .doubles(let data): 8 * data.count
            case .texts(let data), .objects(let data): data.reduce(0) { $0 + $1.utf8.count + 5 }
            case .vectors(let data): 4 * data.count
            }
        }
    }
#endif
