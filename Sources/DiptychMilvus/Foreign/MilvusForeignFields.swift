#if Milvus
    /// Which fields of a collection that another program made are its id, its vector and its path.
    public struct MilvusForeignFields: Sendable, Equatable {
        /// The id, an Int64 or VarChar; nil for the primary key.
        public var id: String?
        /// The vector of 32-bit floats; nil for the only one.
        public var vector: String?
        /// The path, a VarChar; nil for `path` where there is one, else the id stands for it.
        public var path: String?

        /// Names fields.
        public init(id: String? = nil, vector: String? = nil, path: String? = nil) {
            (self.id, self.vector, self.path) = (id, vector, path)
        }
    }

    /// A field as the server describes it.
    struct ForeignField: Sendable, Equatable {
        let name: String
        let type: Int32
        let isKey: Bool
        /// The numbers of a vector.
        let dimension: Int?
        /// The bytes of a text.
        let length: Int?

        init(_ field: Milvus_Proto_Milvus_FieldSchema) {
            func number(_ key: String) -> Int? {
                field.typeParams.first { $0.key == key }.flatMap { Int($0.value) }
            }
            (name, type, isKey) = (field.name, field.dataType, field.isPrimaryKey)
            (dimension, length) = (number("dim"), number("max_length"))
        }

        /// Milvus' name of its type.
        var typeName: String {
            let names: [Int32: String] = [
                1: "Bool", 2: "Int8", 3: "Int16", 4: "Int32", 5: "Int64", 10: "Float", 11: "Double", 20: "String",
                21: "VarChar", 22: "Array", 23: "JSON", 100: "BinaryVector", 101: "FloatVector", 102: "Float16Vector",
                103: "BFloat16Vector", 104: "SparseFloatVector",
            ]
            let name = names[type] ?? "type \(type)"
            return dimension.map { "\(name) of \($0)" } ?? name
        }

        /// For people.
        var text: String { "\(name) (\(typeName)\(isKey ? ", key" : ""))" }
        /// Whether it can name an item.
        var isName: Bool { type == WireValues.int64 || type == WireValues.varChar }
        /// Whether it can be read as an attribute.
        var isScalar: Bool { (1...5).contains(type) || [10, 11, 21, 23].contains(type) }
    }
#endif
